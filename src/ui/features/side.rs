//! The part beside the network: the selected layer and the training settings share it by tabs.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::network::inspector::Inspector;
use super::training::TrainingPanel;
use crate::ui::browser::focus_soon;
use crate::ui::state::use_state;
use crate::ui::text::t;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tab {
    Layer,
    Training,
}

impl Tab {
    const ALL: [Self; 2] = [Self::Layer, Self::Training];

    /// Returns the key of its text.
    fn key(self) -> &'static str {
        match self {
            Self::Layer => "layer",
            Self::Training => "training",
        }
    }
}

#[component]
pub fn Side() -> impl IntoView {
    let state = use_state();
    let tab = RwSignal::new(Tab::Training);
    // A layer that is selected comes to the front.
    Effect::new(move |_| {
        if state.network.selected().get().is_some() {
            tab.set(Tab::Layer);
        }
    });
    let on_key = move |event: KeyboardEvent| {
        if matches!(event.key().as_str(), "ArrowLeft" | "ArrowRight" | "Home" | "End") {
            let other = if tab.get_untracked() == Tab::Layer { Tab::Training } else { Tab::Layer };
            event.prevent_default();
            tab.set(other);
            focus_soon(format!("side-{}", other.key()));
        }
    };
    let tab_button = move |this: Tab| {
        let is_open = move || tab.get() == this;
        view! {
            <button
                type="button"
                class="tab"
                role="tab"
                id=format!("side-{}", this.key())
                aria-controls="side-panel"
                aria-selected=move || is_open().to_string()
                tabindex=move || if is_open() { "0" } else { "-1" }
                on:click=move |_| tab.set(this)
            >
                {move || t(this.key())}
            </button>
        }
    };
    view! {
        <div class="side">
            <div class="tabs" role="tablist" aria-label=move || t("side") on:keydown=on_key>
                {Tab::ALL.map(tab_button)}
            </div>
            <div
                class="side-panel"
                id="side-panel"
                role="tabpanel"
                aria-labelledby=move || format!("side-{}", tab.get().key())
            >
                {move || match tab.get() {
                    Tab::Layer => view! { <Inspector /> }.into_any(),
                    Tab::Training => view! { <TrainingPanel /> }.into_any(),
                }}
            </div>
        </div>
    }
}
