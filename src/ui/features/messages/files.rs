//! Saving to a file and opening a file; a file may also be dropped on the page.

use js_sys::Array;
use leptos::ev;
use leptos::html::Input;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;

use crate::api::files;
use crate::ui::autosave;
use crate::ui::browser::{get, save_bytes};
use crate::ui::components::icon::Icon;
use crate::ui::components::icon_button::IconButton;
use crate::ui::format;
use crate::ui::state::{NoticeKind, State, use_state};
use crate::ui::text::{t, t_once};

const ENDING: &str = ".safetensors";

#[component]
pub fn SaveFile() -> impl IntoView {
    let state = use_state();
    view! { <IconButton text="save_file" icon="save" on_click=move || save(state) /> }
}

fn save(state: State) {
    let saved = files::save(&state.client());
    spawn_local(async move {
        match saved.await {
            Ok(saved) => {
                save_bytes(&format!("chalkgrad-step-{}{ENDING}", saved.step), &saved.file);
                state.confirm(t_once("saved", &[("step", &format::count(saved.step as usize))]));
            }
            Err(report) => state.notify(NoticeKind::Error, report),
        }
    });
}

#[component]
pub fn OpenFile() -> impl IntoView {
    let state = use_state();
    let field = NodeRef::<Input>::new();
    let choose = move |_| {
        if let Some(field) = field.get_untracked() {
            field.click();
        }
    };
    let open_chosen = move |_| {
        let Some(field) = field.get_untracked() else { return };
        open_first(state, &field);
        // Clearing the field lets the same file be chosen again.
        field.set_value("");
    };
    let over = window_event_listener(ev::dragover, |event| {
        if has_files(&event) {
            // Without this nothing can be dropped. The file's name is not known before the drop.
            event.prevent_default();
        }
    });
    let dropped = window_event_listener(ev::drop, move |event| {
        if is_ours(&event) {
            event.prevent_default();
            open_first(state, &get(&event, "dataTransfer"));
        }
    });
    on_cleanup(move || {
        over.remove();
        dropped.remove();
    });
    view! {
        <button
            type="button"
            class="icon-button"
            aria-label=move || t("open_file")
            title=move || t("open_file")
            on:click=choose
        >
            <Icon name="open" />
        </button>
        <input type="file" accept=ENDING hidden node_ref=field on:change=open_chosen />
    }
}

/// Opens the first of the `files` of a field or of a drop.
fn open_first(state: State, holder: &JsValue) {
    let file = get(&get(holder, "files"), "0");
    if file.is_object() {
        autosave::open(state, &file);
    }
}

fn has_files(event: &web_sys::DragEvent) -> bool {
    let types = get(&get(event, "dataTransfer"), "types");
    types.is_object()
        && Array::from(types.unchecked_ref()).iter().any(|kind| kind.as_string().as_deref() == Some("Files"))
}

/// Returns true for a dropped file that this page has saved. Other files are left to the browser.
fn is_ours(event: &web_sys::DragEvent) -> bool {
    let name = get(&get(&get(&get(event, "dataTransfer"), "files"), "0"), "name").as_string();
    name.is_some_and(|name| name.ends_with(ENDING))
}
