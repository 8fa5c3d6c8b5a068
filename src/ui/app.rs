//! The page as a whole: its parts, its keys, its language and its theme.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::panels::curves::CurvesPanel;
use super::panels::digit::DigitPanel;
use super::panels::inspector::InspectorPanel;
use super::panels::network::NetworkPanel;
use super::panels::notices::Notices;
use super::panels::results::ResultsPanel;
use super::panels::top_bar::TopBar;
use super::panels::training::TrainingPanel;
use super::state::State;
use super::text::{Locale, locale, set_locale, t, tr};
use super::widgets::layer_menu::LayerMenu;
use crate::client::Client;

/// Below this the page is one column.
const NARROW: &str = "(max-width: 719px)";

/// Light or dark, as a signal in the context.
#[derive(Clone, Copy)]
pub struct Theme {
    pub is_dark: RwSignal<bool>,
}

/// Puts the page into its place in the document, for as long as the document lives.
pub fn mount(client: Client) {
    let place = document().get_element_by_id("app").and_then(|place| place.dyn_into::<web_sys::HtmlElement>().ok());
    match place {
        Some(place) => mount_to(place, move || view! { <App client=client/> }).forget(),
        None => mount_to_body(move || view! { <App client=client/> }),
    }
}

#[component]
fn App(client: Client) -> impl IntoView {
    let state = State::new(client.clone());
    provide_context(state);
    let theme = use_theme();
    provide_context(theme);
    use_locale();
    follow_width(state);
    let events = client.subscribe(move |event, arrays| state.on_event(event, arrays));
    let changes = client.subscribe_changes(move |change| state.on_change(change));
    // Kept as long as the page lives.
    StoredValue::new_local((events, changes));
    let keys = window_event_listener(ev::keydown, move |event| on_key(state, &event));
    on_cleanup(move || keys.remove());
    view! {
        <a class="skip-link" href="#network">{tr("skip_to_network")}</a>
        <TopBar/>
        <Notices/>
        <main class="layout">
            <DigitPanel/>
            <NetworkPanel/>
            <div class="side">
                <InspectorPanel/>
                <TrainingPanel/>
            </div>
            <div class="dock">
                <CurvesPanel/>
                <ResultsPanel/>
            </div>
        </main>
        <LayerMenu/>
    }
    .into_any()
}

/// Ctrl+Z, Ctrl+Shift+Z and Ctrl+Y, except where the browser undoes typing itself.
fn on_key(state: State, event: &ev::KeyboardEvent) {
    if !(event.ctrl_key() || event.meta_key()) || event.alt_key() {
        return;
    }
    let is_text = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok())
        .is_some_and(|input| input.type_() == "text");
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

/// What the browser remembers for this page; nothing where it is forbidden to.
fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

fn remembered(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

fn remember(key: &str, value: &str) {
    if let Some(storage) = storage() {
        // A full storage costs a convenience, no more.
        let _ = storage.set_item(key, value);
    }
}

fn root() -> Option<web_sys::HtmlElement> {
    document().document_element().and_then(|root| root.dyn_into().ok())
}

/// The remembered theme, or else the system's, followed as long as the user has chosen none.
fn use_theme() -> Theme {
    const KEY: &str = "chalkgrad.theme";
    let query = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
    let chosen = remembered(KEY);
    let system = query.as_ref().is_some_and(web_sys::MediaQueryList::matches);
    let is_dark = RwSignal::new(chosen.as_deref().map_or(system, |theme| theme == "dark"));
    let has_chosen = StoredValue::new(chosen.is_some());
    if let Some(query) = query {
        let listener = wasm_bindgen::closure::Closure::<dyn Fn(web_sys::MediaQueryListEvent)>::new(
            move |event: web_sys::MediaQueryListEvent| {
                if !has_chosen.get_value() {
                    is_dark.set(event.matches());
                }
            },
        );
        query.set_onchange(Some(listener.as_ref().unchecked_ref()));
        listener.forget(); // It lives as long as the page.
    }
    Effect::new(move |previous: Option<bool>| {
        let dark = is_dark.get();
        if let Some(root) = root() {
            // Setting an attribute of a valid name cannot fail.
            let _ = root.set_attribute("data-theme", if dark { "dark" } else { "light" });
        }
        if previous.is_some_and(|previous| previous != dark) {
            has_chosen.set_value(true);
            remember(KEY, if dark { "dark" } else { "light" });
        }
        dark
    });
    Theme { is_dark }
}

/// The remembered language, or else the browser's.
fn use_locale() {
    const KEY: &str = "chalkgrad.language";
    let tag = remembered(KEY).or_else(|| window().navigator().language()).unwrap_or_default();
    set_locale(Locale::from_tag(&tag));
    Effect::new(move |previous: Option<Locale>| {
        let locale = locale();
        if let Some(root) = root() {
            root.set_lang(locale.tag());
        }
        document().set_title(&t("page_title"));
        if previous.is_some_and(|previous| previous != locale) {
            remember(KEY, locale.tag());
        }
        locale
    });
}

fn follow_width(state: State) {
    let Some(query) = window().match_media(NARROW).ok().flatten() else { return };
    state.is_narrow.set(query.matches());
    let listener = wasm_bindgen::closure::Closure::<dyn Fn(web_sys::MediaQueryListEvent)>::new(
        move |event: web_sys::MediaQueryListEvent| state.is_narrow.set(event.matches()),
    );
    query.set_onchange(Some(listener.as_ref().unchecked_ref()));
    listener.forget(); // It lives as long as the page.
    StoredValue::new_local(query);
}
