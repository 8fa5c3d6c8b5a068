//! The page as a whole: its parts, its keys, its language and its theme.

use std::cell::Cell;

use leptos::mount::mount_to_renderer;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::autosave;
use super::browser::{callback, follow_media, follow_visibility, get, remember, remembered};
use super::first_run;
use super::link;
use super::panels::digit::digit_panel;
use super::panels::dock::dock_panel;
use super::panels::inspector::inspector_panel;
use super::panels::network::network_panel;
use super::panels::notices::notices;
use super::panels::top_bar::top_bar;
use super::panels::training::training_panel;
use super::state::State;
use super::text::{Locale, locale, set_locale, t};
use super::widgets::element::{Element, el};
use super::widgets::layer_menu::layer_menu;
use super::widgets::place;
use crate::client::Client;

/// Below this the page is one column.
const NARROW: &str = "(max-width: 719px)";
/// Below this nothing stands beside the dock.
const STACKED: &str = "(max-width: 1099px)";

/// Puts the page into its place in the document, for as long as the document lives.
pub fn mount(client: Client) {
    let Some(place) = document().get_element_by_id("app") else { return };
    mount_to_renderer(&place, move || app(client)).forget();
}

fn app(client: Client) -> Element {
    let state = State::new(client.clone());
    provide_context(state);
    client.subscribe(move |event, _| state.on_event(event)).forever();
    client.subscribe_changes(move |change| state.on_change(change)).forever();
    link::open(state);
    let autosave = autosave::start(state);
    first_run::start(state);
    follow_media(NARROW, move |is_narrow| state.is_narrow.set(is_narrow));
    follow_media(STACKED, move |is_stacked| state.is_stacked.set(is_stacked));
    follow_visibility(move |is_hidden| state.page_hidden(is_hidden));
    let keys = callback(Box::new(move |event| on_key(state, event.unchecked_ref())));
    let _ = window().add_event_listener_with_callback("keydown", &keys);
    state.follow_tensors();
    let page = use_locale(use_theme(state, place())).effect(move || {
        state.input.image.track();
        state.input.samples.track();
        state.weights_version.track();
        state.inspect_soon();
    });
    let page = page.effect(move || autosave.follow_results());
    page.child(el("a").class("skip-link").attr("href", "#network").tr("skip_to_network"))
        .child(top_bar(state))
        .children(notices(state))
        .child(
            el("main")
                .class("layout")
                .child(digit_panel(state))
                .child(network_panel(state))
                .child(el("div").class("side").child(inspector_panel(state)).child(training(state, false)))
                .child(dock_panel())
                .child(training(state, true)),
        )
        .child(layer_menu(state))
}

/// Places the training form beside the dock or, without room there, after it. The order in the document is the visible
/// order.
fn training(state: State, is_stacked: bool) -> Element {
    place().when(move || state.is_stacked.get() == is_stacked, move || training_panel(state))
}

/// Handles Ctrl+Z, Ctrl+Shift+Z and Ctrl+Y, except in fields, where the browser undoes typing itself.
fn on_key(state: State, event: &web_sys::KeyboardEvent) {
    if !(event.ctrl_key() || event.meta_key()) || event.alt_key() {
        return;
    }
    let is_text = event.target().is_some_and(|target| get(&target, "type") == "text");
    if is_text {
        return;
    }
    match (event.key().to_ascii_lowercase().as_str(), event.shift_key()) {
        ("z", false) => state.undo(),
        ("z", true) | ("y", false) => state.redo(),
        _ => return,
    }
    event.prevent_default();
}

fn root() -> Option<web_sys::Element> {
    document().document_element()
}

/// Applies the remembered theme, or else the system's, which it follows until the user chooses one.
fn use_theme(state: State, page: Element) -> Element {
    const KEY: &str = "chalkgrad.theme";
    let chosen = remembered(KEY);
    match &chosen {
        Some(theme) => state.is_dark.set(theme == "dark"),
        None => follow_media("(prefers-color-scheme: dark)", move |is_dark| {
            if remembered(KEY).is_none() {
                state.is_dark.set(is_dark);
            }
        }),
    }
    let before = Cell::new(None);
    page.effect(move || {
        let is_dark = state.is_dark.get();
        let theme = if is_dark { "dark" } else { "light" };
        if let Some(root) = root() {
            // Setting an attribute of a valid name cannot fail.
            let _ = root.set_attribute("data-theme", theme);
        }
        if before.replace(Some(is_dark)).is_some_and(|before| before != is_dark) {
            remember(KEY, theme);
        }
    })
}

/// Applies the remembered language, or else the browser's.
fn use_locale(page: Element) -> Element {
    const KEY: &str = "chalkgrad.language";
    let tag = remembered(KEY).or_else(|| window().navigator().language()).unwrap_or_default();
    set_locale(Locale::from_tag(&tag));
    let before = Cell::new(None);
    page.effect(move || {
        let locale = locale();
        if let Some(root) = root() {
            let _ = root.set_attribute("lang", locale.tag());
        }
        document().set_title(&t("page_title"));
        if before.replace(Some(locale)).is_some_and(|before| before != locale) {
            remember(KEY, locale.tag());
        }
    })
}
