//! The dock: tabs, of which only the active one is mounted.

use leptos::prelude::*;

use super::curves::Curves;
use super::log::Log;
use super::results::{Confusion, Mistakes};
use super::runs::RunTable;
use super::weight_histograms::WeightHistograms;
use super::words::Words;
use crate::ui::browser::focus_soon;
use crate::ui::state::{State, use_state};
use crate::ui::text::t;

/// A tab of the dock.
struct Tab {
    key: &'static str,
    /// Key of its name.
    title: &'static str,
    view: fn() -> AnyView,
}

/// The tabs in their order.
const TABS: &[Tab] = &[
    Tab { key: "curves", title: "curves", view: || view! { <Curves /> }.into_any() },
    Tab { key: "confusion", title: "tab_confusion", view: || view! { <Confusion /> }.into_any() },
    Tab { key: "mistakes", title: "tab_mistakes", view: || view! { <Mistakes /> }.into_any() },
    Tab { key: "histograms", title: "tab_histograms", view: || view! { <WeightHistograms /> }.into_any() },
    Tab { key: "words", title: "tab_words", view: || view! { <Words /> }.into_any() },
    Tab { key: "runs", title: "tab_runs", view: || view! { <RunTable /> }.into_any() },
    Tab { key: "log", title: "tab_log", view: || view! { <Log /> }.into_any() },
];

#[component]
pub fn Dock() -> impl IntoView {
    let state = use_state();
    let open = state.dock.tab();
    let content = move || TABS.iter().find(|tab| tab.key == open.get()).map(|tab| untrack(tab.view));
    view! {
        <section class="panel dock" aria-label=move || t("dock")>
            <div class="tabs" role="tablist" aria-label=move || t("dock") on:keydown=move |event| on_key(state, &event)>
                {TABS.iter().map(|tab| view! { <TabButton tab /> }).collect_view()}
            </div>
            <div
                class="dock-panel"
                id="dock-panel"
                role="tabpanel"
                tabindex="0"
                aria-labelledby=move || format!("tab-{}", open.get())
            >
                {content}
            </div>
        </section>
    }
}

#[component]
fn TabButton(tab: &'static Tab) -> impl IntoView {
    let state = use_state();
    let is_open = move || state.dock.tab().get() == tab.key;
    view! {
        <button
            type="button"
            class="tab"
            id=format!("tab-{}", tab.key)
            role="tab"
            aria-controls="dock-panel"
            aria-selected=move || if is_open() { "true" } else { "false" }
            tabindex=move || if is_open() { "0" } else { "-1" }
            on:click=move |_| state.dock.open(tab.key)
        >
            {move || t(tab.title)}
        </button>
    }
}

/// Moves between the tabs and opens them with arrow keys, Home and End.
fn on_key(state: State, event: &web_sys::KeyboardEvent) {
    let count = TABS.len();
    let now = TABS.iter().position(|tab| tab.key == state.dock.tab().get_untracked()).unwrap_or_default();
    let next = match event.key().as_str() {
        "ArrowRight" | "ArrowDown" => (now + 1) % count,
        "ArrowLeft" | "ArrowUp" => (now + count - 1) % count,
        "Home" => 0,
        "End" => count - 1,
        _ => return,
    };
    event.prevent_default();
    state.dock.open(TABS[next].key);
    focus_soon(format!("tab-{}", TABS[next].key));
}
