//! Saving to a file and opening a file. Experiments and pictures may also be dropped on the page.

use leptos::ev;
use leptos::html::Input;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;

use crate::api::files;
use crate::error::PageError;
use crate::ui::browser::{get, save_bytes};
use crate::ui::components::icon::Icon;
use crate::ui::components::icon_button::IconButton;
use crate::ui::features::input::picture;
use crate::ui::features::keep::autosave;
use crate::ui::format;
use crate::ui::state::{State, use_state};
use crate::ui::stores::messages::NoticeKind;
use crate::ui::text::{t, t_once};

const ENDING: &str = ".safetensors";

#[component]
pub fn SaveFile() -> impl IntoView {
    let state = use_state();
    view! { <IconButton text="save_file" word="word_save" icon="save" on_click=move || save(state) /> }
}

fn save(state: State) {
    let saved = files::save(&state.client());
    spawn_local(async move {
        match saved.await {
            Ok(saved) => {
                save_bytes(&format!("chalkgrad-step-{}{ENDING}", saved.step), &saved.file);
                if is_framed() {
                    // A frame may forbid downloads, and tells nobody.
                    let address = window().location().href().unwrap_or_default();
                    state.notify(NoticeKind::Note, PageError::SavedInFrame { address }.into());
                } else {
                    state.confirm(t_once("saved", &[("step", &format::count(saved.step as usize))]));
                }
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
    // Nothing that is dropped leaves the page: by default the browser would open it in the page's place.
    let over = window_event_listener(ev::dragover, |event| {
        if !is_in_field(&event) {
            event.prevent_default();
        }
    });
    let dropped = window_event_listener(ev::drop, move |event| {
        if !is_in_field(&event) {
            event.prevent_default();
            take_dropped(state, &get(&event, "dataTransfer"));
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
            <span class="icon-word">{move || t("word_open")}</span>
        </button>
        <input type="file" accept=ENDING hidden node_ref=field on:change=open_chosen />
    }
}

/// Returns true if the page stands in a frame of another one.
fn is_framed() -> bool {
    !matches!(window().parent(), Ok(Some(parent)) if parent == window())
}

/// Opens the file of a field.
fn open_first(state: State, field: &JsValue) {
    let file = get(&get(field, "files"), "0");
    if file.is_object() {
        autosave::open(state, &file);
    }
}

/// Opens what was dropped, an experiment or a picture, or says why it does not.
fn take_dropped(state: State, transfer: &JsValue) {
    let file = get(&get(transfer, "files"), "0");
    let Ok(file) = file.dyn_into::<web_sys::File>() else {
        return state.notify(NoticeKind::Error, PageError::NoFileDropped.into());
    };
    if file.name().ends_with(ENDING) {
        autosave::open(state, &file);
    } else if file.type_().starts_with("image/") {
        picture::open(state, file);
    } else {
        state.notify(NoticeKind::Error, PageError::NotDroppable { name: file.name() }.into());
    }
}

/// Returns true if the event is over a field, which takes texts.
fn is_in_field(event: &web_sys::DragEvent) -> bool {
    event.target().is_some_and(|target| get(&target, "type") == "text")
}
