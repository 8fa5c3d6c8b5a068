//! The strip of cards, in the order of the layers: keys, the scrolling to the selected card, and the fit to the width.

use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::card::{InputCard, Slot};
use super::card_drag;
use super::gap::Gap;
use super::links::{Links, links};
use super::store::NetworkStore;
use crate::ui::browser::{focus_soon, next_frame};
use crate::ui::features::network::history::History;
use crate::ui::state::{State, use_state};
use crate::ui::text::t_once;

/// Cards of the input and of all layers, with the gaps between them.
#[component]
pub fn Strip() -> impl IntoView {
    let (state, store) = (use_state(), NetworkStore::get());
    let ids = Memo::new(move |_| state.network.history().with(History::ids));
    let columns = Memo::new(move |_| store.columns());
    let end = Signal::derive(move || ids.with(Vec::len));
    let strip = NodeRef::<Div>::new();
    let lanes = Memo::new(move |_| links(state).iter().map(|link| link.lane + 1).max().unwrap_or_default());
    card_drag::follow_escape(state);
    Effect::new(move |_| {
        let selected = state.network.selected().get();
        store.is_fitted.track();
        store.placed.track();
        if let (Some(strip), Some(id)) = (strip.get(), selected) {
            next_frame(move || scroll_to(&strip, &format!("card-{id}")));
        }
    });
    view! {
        <div
            class="strip"
            class:fitted=move || store.is_fitted.get() && !state.screen.is_narrow().get()
            node_ref=strip
            on:scroll=move |_| store.place_tip()
            on:wheel=move |event| on_wheel(state, &event)
        >
            <Links strip />
            <ol
                class="cards"
                class:linked=move || lanes.get() != 0
                style=("--columns", move || columns.get().to_string())
                style=("--lanes", move || lanes.get().to_string())
                on:keydown=move |event| on_key(state, store, &event)
            >
                <li class="slot slot-input">
                    <InputCard />
                </li>
                <For each=move || ids.get() key=|id| *id let:id>
                    <Slot id />
                </For>
                <li class="slot slot-end">
                    <Gap index=end is_end=true />
                </li>
            </ol>
        </div>
    }
}

/// Scrolls the strip by a mouse's wheel. Where the page scrolls as a whole, the wheel is the page's.
fn on_wheel(state: State, event: &web_sys::WheelEvent) {
    let strip = event.current_target().and_then(|strip| strip.dyn_into::<web_sys::Element>().ok());
    let (Some(strip), false) = (strip, state.screen.is_stacked().get_untracked()) else { return };
    let is_plain = event.delta_x() == 0.0 && !event.ctrl_key();
    if is_plain && strip.scroll_width() > strip.client_width() {
        event.prevent_default();
        strip.set_scroll_left(strip.scroll_left() + event.delta_y() as i32);
    }
}

/// Scrolls the strip, and nothing else, until a card is in view.
fn scroll_to(strip: &web_sys::HtmlElement, card: &str) {
    const MARGIN: f64 = 34.0;
    let Some(card) = document().get_element_by_id(card) else { return };
    let (card, view) = (card.get_bounding_client_rect(), strip.get_bounding_client_rect());
    let before = (card.left() - MARGIN - view.left()).min(0.0);
    let behind = (card.right() + MARGIN - view.right()).max(0.0);
    strip.set_scroll_left(strip.scroll_left() + (before + behind) as i32);
}

/// Handles the keys of a focused card: arrows select, Alt+arrows move, Delete deletes.
fn on_key(state: State, store: NetworkStore, event: &web_sys::KeyboardEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let Some(card) = target.filter(|element| element.class_list().contains("card")) else { return };
    if event.ctrl_key() || event.meta_key() {
        return;
    }
    // Keys act on the focused layer, whichever was selected before.
    let select_focused = || {
        let name = card.id();
        let focused =
            state.network.history().with_untracked(History::ids).into_iter().find(|id| format!("card-{id}") == name);
        state.network.select(focused);
    };
    let places = match event.key().as_str() {
        "ArrowRight" | "ArrowDown" => 1,
        "ArrowLeft" | "ArrowUp" => -1,
        "Delete" | "Backspace" => {
            event.prevent_default();
            select_focused();
            state.delete_selected();
            focus_selected(state);
            return;
        }
        "Escape" => {
            if state.network.selected().get_untracked().is_some() {
                event.prevent_default();
            }
            store.hide_tip();
            return state.network.select(None);
        }
        _ => return,
    };
    event.prevent_default();
    if event.alt_key() {
        select_focused();
        if state.move_selected(places) {
            announce_place(state);
        }
    } else {
        select_next(state, places);
    }
    focus_selected(state);
}

fn focus_selected(state: State) {
    if let Some(id) = state.network.selected().get_untracked() {
        focus_soon(format!("card-{id}"));
    }
}

fn select_next(state: State, places: isize) {
    let next = state.network.history().with_untracked(|history| {
        let layers = &history.draft().layers;
        let current = state.network.selected().get_untracked().and_then(|id| history.draft().position(id));
        let index = match current {
            Some(index) => index.saturating_add_signed(places).min(layers.len().saturating_sub(1)),
            None => 0,
        };
        layers.get(index).map(|(id, _)| *id)
    });
    state.network.select(next);
}

/// Tells screen readers the new place of the selected layer.
pub fn announce_place(state: State) {
    let text = state.network.history().with_untracked(|history| {
        let layers = &history.draft().layers;
        let index = state.network.selected().get_untracked().and_then(|id| history.draft().position(id))?;
        let (place, count) = ((index + 1).to_string(), layers.len().to_string());
        let type_name = layers[index].1.type_name.as_str();
        Some(t_once("announce_moved", &[("layer", type_name), ("place", &place), ("count", &count)]))
    });
    state.messages.announce(text.unwrap_or_default());
}
