//! The gap between two cards: the connection, and the button that adds a layer.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::ui::components::icon::Icon;
use crate::ui::state::{State, use_state};
use crate::ui::stores::network::AddMenu;
use crate::ui::text::{t, t_with};
use chalkgrad_engine::model::catalogue::Source;

/// Gap before the layer at an index.
#[component]
pub fn Gap(#[prop(into)] index: Signal<usize>, #[prop(optional)] is_end: bool) -> impl IntoView {
    let state = use_state();
    let open = move |event: web_sys::MouseEvent| {
        let Some(target) = event.current_target() else { return };
        let bounds = target.unchecked_ref::<web_sys::Element>().get_bounding_client_rect();
        let anchor = [bounds.left(), bounds.top(), bounds.bottom()];
        state.network.open_menu(AddMenu { index: index.get_untracked(), anchor });
    };
    let is_apart = Memo::new(move |_| is_apart(state, index.get()));
    let is_open = move || state.network.add_menu().with(|menu| menu.is_some_and(|menu| menu.index == index.get()));
    view! {
        <div
            class="gap"
            class:apart=move || is_apart.get()
            class:drop=move || state.network.drop_gap().get() == Some(index.get())
        >
            <Connection is_end />
            <button
                type="button"
                class="add"
                aria-label=move || t("add_layer")
                aria-haspopup="menu"
                aria-expanded=move || is_open().to_string()
                title=move || t_with("add_layer_here", &[("place", &(index.get() + 1).to_string())])
                on:click=open
            >
                <Icon name="plus" />
            </button>
        </div>
    }
}

/// Returns true if the layer at an index does not take the output of the one before it.
fn is_apart(state: State, index: usize) -> bool {
    let before = index.checked_sub(1).map_or(Source::Input, Source::Layer);
    state
        .network
        .checked()
        .with(|checked| checked.layers.get(index).is_some_and(|layer| !layer.inputs.contains(&before)))
}

/// Line from one card to the next, with an arrowhead; half of it behind the last card.
#[component]
fn Connection(is_end: bool) -> impl IntoView {
    let end = if is_end { "50%" } else { "100%" };
    let head = (!is_end).then(|| {
        view! {
            <svg x="100%" y="50%" overflow="visible">
                <path d="M-6 -4L-1 0L-6 4"></path>
            </svg>
        }
    });
    view! {
        <svg class="connection" aria-hidden="true">
            <line x1="0" y1="50%" x2=end y2="50%"></line>
            {head}
        </svg>
    }
}
