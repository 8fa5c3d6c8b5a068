//! The page as a whole: its parts, its keys, its language and its theme.

use leptos::ev;
use leptos::mount::mount_to;
use leptos::prelude::*;
use leptos_use::use_document_visibility;
use wasm_bindgen::JsCast;

use super::browser::{follow_media, forget, get, remember, remembered};
use super::components::splitter::{Edge, SplitSize, Splitter};
use super::features::dock::Dock;
use super::features::follow::FollowPanel;
use super::features::input::InputPanel;
use super::features::inspector::settings::PictureSettings;
use super::features::keep::autosave;
use super::features::messages::Messages;
use super::features::network::Network;
use super::features::network::layer_menu::LayerMenu;
use super::features::phone::{Part, RunBar};
use super::features::run::TopBar;
use super::features::share::link;
use super::features::side::Side;
use super::features::training::TrainingPanel;
use super::features::welcome::first_run;
use super::features::welcome::{Tour, TourView, Welcome};
use super::state::State;
use super::text::{Locale, locale, set_locale, t};
use super::translation;
use crate::client::Client;

/// Below this the page is one column.
const NARROW: &str = "(max-width: 719px)";
/// Below this the page scrolls as a whole, and nothing stands beside the dock.
const STACKED: &str = "(max-width: 899px)";

/// Width of the part beside the network, its limits, all in pixels.
const SIDE_PX: f64 = 420.0;
const SIDE_LIMITS_PX: [f64; 2] = [300.0, 760.0];

/// The most by which the network's pictures are made higher.
const MOST_NETWORK_MORE_PX: f64 = 320.0;

/// Puts the page into its place in the document, for as long as the document lives.
pub fn mount(client: Client) {
    let Some(place) = document().get_element_by_id("app") else { return };
    mount_to(place.unchecked_into(), move || view! { <App client=StoredValue::new_local(client) /> }).forget();
}

#[component]
fn App(client: StoredValue<Client, LocalStorage>) -> impl IntoView {
    let client = client.get_value();
    let state = State::new(client.clone());
    provide_context(state);
    provide_context(PictureSettings::remembered());
    provide_context(Tour::default());
    client.subscribe(move |event, _| state.on_event(event)).forever();
    client.subscribe_changes(move |change| state.on_change(change)).forever();
    link::follow(state);
    let autosave = StoredValue::new_local(autosave::start(state));
    first_run::start(state);
    follow_media(NARROW, move |is_narrow| state.screen.set_narrow(is_narrow));
    follow_media(STACKED, move |is_stacked| state.screen.set_stacked(is_stacked));
    let _ = window_event_listener(ev::online, move |_| state.connection_is_back());
    let visibility = use_document_visibility();
    Effect::new(move |before: Option<bool>| {
        let is_hidden = visibility.get() == web_sys::VisibilityState::Hidden;
        if before.is_some_and(|before| before != is_hidden) {
            state.page_hidden(is_hidden);
        }
        is_hidden
    });
    // The page lives as long as its window, and so do its listeners.
    let tour = Tour::get();
    let _ = window_event_listener(ev::keydown, move |event| {
        on_key(state, &event);
        on_presentation_key(state, tour, &event);
    });
    state.follow_tensors();
    translation::follow();
    use_theme(state);
    use_presentation(state);
    use_locale();
    Effect::new(move |_| {
        state.input.image().track();
        state.input.samples().track();
        state.input.row().track();
        state.input.sentence.sentence().track();
        state.plane.marks().track();
        state.run.weights_version().track();
        state.inspect_soon();
    });
    Effect::new(move |_| autosave.with_value(|autosave| autosave.follow_results()));
    let side = SplitSize::new("chalkgrad.side-width", SIDE_PX, SIDE_LIMITS_PX);
    let network_more = SplitSize::new("chalkgrad.network-more", 0.0, [0.0, MOST_NETWORK_MORE_PX]);
    view! {
        <a class="skip-link" href="#network" on:click=move |_| state.screen.show(Part::Network)>
            {move || t("skip_to_network")}
        </a>
        <TopBar />
        <Messages />
        <Welcome />
        <main class="layout" data-part=move || state.screen.part().get().key() data-selected=move || state.network.selected().get().map(|_| "") style=("--side-width", move || side.css()) style=("--network-more", move || network_more.css())>
            <InputPanel />
            <Network />
            <Show when=move || !state.screen.is_stacked().get()>
                <Splitter size=side edge=Edge::Left label="side_width" />
                <Splitter size=network_more edge=Edge::Bottom label="network_more" />
            </Show>
            <Show when=move || !state.screen.is_stacked().get() fallback=StackedSide>
                <Side />
            </Show>
            <Show when=move || state.follow.is_open().get() fallback=Dock>
                <FollowPanel />
            </Show>
            <Show when=move || state.screen.is_stacked().get()>
                <TrainingPanel />
            </Show>
        </main>
        <Show when=move || state.screen.is_narrow().get()>
            <RunBar />
        </Show>
        <LayerMenu />
        <TourView />
    }
}

/// The selected layer where the training form stands below the dock.
#[component]
fn StackedSide() -> impl IntoView {
    view! {
        <div class="side">
            <super::features::network::inspector::Inspector />
        </div>
    }
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

/// Handles Alt+P, which enters and leaves the presentation mode, and Escape, which leaves it unless it means something else.
fn on_presentation_key(state: State, tour: Tour, event: &web_sys::KeyboardEvent) {
    let is_presenting = state.screen.is_presenting().get_untracked();
    let is_switch = event.code() == "KeyP" && event.alt_key() && !event.ctrl_key() && !event.meta_key();
    let leaves = event.key() == "Escape" && !event.default_prevented() && !tour.is_open();
    if is_switch && !state.screen.is_narrow().get_untracked() {
        event.prevent_default();
        state.screen.present(!is_presenting);
    } else if leaves && is_presenting {
        state.screen.present(false);
    }
}

/// Applies the remembered presentation mode. A phone has none.
fn use_presentation(state: State) {
    const KEY: &str = "chalkgrad.presentation";
    state.screen.present(remembered(KEY).is_some());
    Effect::new(move |_| {
        let is_presenting = state.screen.is_presenting().get();
        if is_presenting {
            remember(KEY, "true")
        } else {
            forget(KEY)
        }
        let Some(root) = root() else { return };
        // Neither can fail for an attribute of a valid name.
        let _ = match is_presenting && !state.screen.is_narrow().get() {
            true => root.set_attribute("data-presenting", ""),
            false => root.remove_attribute("data-presenting"),
        };
    });
}

fn root() -> Option<web_sys::Element> {
    document().document_element()
}

/// Applies the remembered theme, or else the system's, which it follows until the user chooses one.
fn use_theme(state: State) {
    const KEY: &str = "chalkgrad.theme";
    match remembered(KEY) {
        Some(theme) => state.screen.set_dark(theme == "dark"),
        None => follow_media("(prefers-color-scheme: dark)", move |is_dark| {
            if remembered(KEY).is_none() {
                state.screen.set_dark(is_dark);
            }
        }),
    }
    Effect::new(move |before: Option<bool>| {
        let is_dark = state.screen.is_dark().get();
        let theme = if is_dark { "dark" } else { "light" };
        if let Some(root) = root() {
            // Setting an attribute of a valid name cannot fail.
            let _ = root.set_attribute("data-theme", theme);
        }
        if before.is_some_and(|before| before != is_dark) {
            remember(KEY, theme);
        }
        is_dark
    });
}

/// Applies the remembered language, or else the browser's.
fn use_locale() {
    const KEY: &str = "chalkgrad.language";
    let tag = remembered(KEY).or_else(|| window().navigator().language()).unwrap_or_default();
    set_locale(Locale::from_tag(&tag));
    Effect::new(move |before: Option<Locale>| {
        let locale = locale();
        if let Some(root) = root() {
            let _ = root.set_attribute("lang", locale.tag());
        }
        document().set_title(&t("page_title"));
        if before.is_some_and(|before| before != locale) {
            remember(KEY, locale.tag());
        }
        locale
    });
}
