//! Saving to a file, opening a file, and the offer to continue the last experiment.

use js_sys::{Array, Date, Function};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::Url;

use crate::api::files;
use crate::ui::autosave;
use crate::ui::browser::{after_ms, callback, get};
use crate::ui::format;
use crate::ui::state::{NoticeKind, State};
use crate::ui::text::{locale, t_once, t_with};
use crate::ui::widgets::element::{Element, button, el};
use crate::ui::widgets::{icon_button, place};

/// Makes the buttons Save and Open. A file may also be dropped on the page.
pub fn buttons(state: State) -> [Element; 2] {
    accept_drops(state);
    [
        icon_button("save_file", "save", "", move || save(state)),
        icon_button("open_file", "open", "", move || choose(state)),
    ]
}

fn save(state: State) {
    let saved = files::save(&state.client());
    spawn_local(async move {
        match saved.await {
            Ok(saved) => {
                download(&saved.file, &format!("chalkgrad-step-{}.safetensors", saved.step));
                state.announcement.set(t_once("saved", &[("step", &format::count(saved.step as usize))]));
            }
            Err(report) => state.notify(NoticeKind::Error, report),
        }
    });
}

fn download(file: &JsValue, name: &str) {
    const KEPT_MS: i32 = 60_000;
    let Ok(blob) = web_sys::Blob::new_with_u8_array_sequence(&Array::of1(file)) else { return };
    let Ok(url) = Url::create_object_url_with_blob(&blob) else { return };
    let Ok(link) = document().create_element("a") else { return };
    for (name, value) in [("href", url.as_str()), ("download", name)] {
        // The names are valid.
        let _ = link.set_attribute(name, value);
    }
    link.unchecked_ref::<web_sys::HtmlElement>().click();
    // The browser reads the file asynchronously.
    after_ms(KEPT_MS, move || drop(Url::revoke_object_url(&url)));
}

/// Lets the user choose a file.
fn choose(state: State) {
    let Ok(input) = document().create_element("input") else { return };
    for (name, value) in [("type", "file"), ("accept", ".safetensors")] {
        let _ = input.set_attribute(name, value);
    }
    let chosen = callback(Box::new(move |event| open_first(state, &get(&event, "target"))));
    let _ = input.add_event_listener_with_callback("change", &chosen);
    input.unchecked_ref::<web_sys::HtmlElement>().click();
}

/// Opens the first of the `files` of a field or of a drop. Returns true if there is one.
fn open_first(state: State, holder: &JsValue) {
    let file = get(&get(holder, "files"), "0");
    if file.is_object() {
        autosave::open(state, &file);
    }
}

/// Accepts dropped files of ours; leaves others to the browser.
fn accept_drops(state: State) {
    let has_files = |event: &JsValue| {
        let types = get(&get(event, "dataTransfer"), "types");
        types.is_object() && Array::from(&types).iter().any(|kind| kind.as_string().as_deref() == Some("Files"))
    };
    let is_ours = |event: &JsValue| {
        let name = get(&get(&get(&get(event, "dataTransfer"), "files"), "0"), "name").as_string();
        name.is_some_and(|name| name.ends_with(".safetensors"))
    };
    let over = callback(Box::new(move |event| {
        if has_files(&event) {
            // Without this nothing can be dropped. The file's name is not known before the drop.
            event.unchecked_ref::<web_sys::Event>().prevent_default();
        }
    }));
    let dropped = callback(Box::new(move |event: JsValue| {
        if is_ours(&event) {
            event.unchecked_ref::<web_sys::Event>().prevent_default();
            open_first(state, &get(&event, "dataTransfer"));
        }
    }));
    for (name, handler) in [("dragover", &over), ("drop", &dropped)] as [(&str, &Function); 2] {
        // The event names are valid.
        let _ = window().add_event_listener_with_callback(name, handler);
    }
}

/// Offers what was saved by earlier visits and other tabs.
pub fn offers(state: State) -> Element {
    place().keyed(
        move || state.offers.with(|offers| offers.iter().map(|offer| offer.number).collect()),
        move |number| offer(state, number),
    )
}

fn offer(state: State, number: u32) -> Element {
    let offer = state.offers.with_untracked(|all| all.iter().find(|offer| offer.number == number).cloned());
    let Some(offer) = offer else { return place() };
    let text = move || {
        let time = Date::new(&offer.saved_ms.into()).to_locale_string(locale().tag(), &JsValue::UNDEFINED);
        let (epoch, step) = ((offer.epoch + 1).to_string(), format::count(offer.step as usize));
        t_with("offer", &[("epoch", &epoch), ("step", &step), ("time", &String::from(time))])
    };
    let dismiss = move || state.offers.update(|offers| offers.retain(|offer| offer.number != number));
    el("div")
        .class("notice")
        .child(el("p").text_fn(text))
        .child(button("button", move || autosave::restore(state, number)).tr("offer_take"))
        .child(icon_button("dismiss", "close", "", dismiss))
}
