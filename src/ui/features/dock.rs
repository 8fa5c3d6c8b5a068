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
    /// Returns the key of its name for the data set in use.
    title: fn(State) -> &'static str,
    /// Returns true if the tab has something to show for the data set in use.
    is_of_use: fn(State) -> bool,
    view: fn() -> AnyView,
}

impl PartialEq for Tab {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

const ALWAYS: fn(State) -> bool = |_| true;

/// The tabs in their order.
const TABS: &[Tab] = &[
    Tab { key: "curves", title: |_| "curves", is_of_use: ALWAYS, view: || view! { <Curves /> }.into_any() },
    Tab {
        key: "confusion",
        title: |state| if state.classes() > 0 { "tab_confusion" } else { "tab_predictions" },
        is_of_use: ALWAYS,
        view: || view! { <Confusion /> }.into_any(),
    },
    Tab { key: "mistakes", title: |_| "tab_mistakes", is_of_use: ALWAYS, view: || view! { <Mistakes /> }.into_any() },
    Tab {
        key: "histograms",
        title: |_| "tab_histograms",
        is_of_use: ALWAYS,
        view: || view! { <WeightHistograms /> }.into_any(),
    },
    Tab {
        key: "words",
        title: |_| "tab_words",
        is_of_use: |state| state.has_texts(),
        view: || view! { <Words /> }.into_any(),
    },
    Tab { key: "runs", title: |_| "tab_runs", is_of_use: ALWAYS, view: || view! { <RunTable /> }.into_any() },
    Tab { key: "log", title: |_| "tab_log", is_of_use: ALWAYS, view: || view! { <Log /> }.into_any() },
];

#[component]
pub fn Dock() -> impl IntoView {
    let state = use_state();
    let tabs = Memo::new(move |_| tabs(state));
    let open = Memo::new(move |_| open_tab(state));
    let content = move || untrack(open.get().view);
    view! {
        <section class="panel dock" aria-label=move || t("dock")>
            <div class="tabs" role="tablist" aria-label=move || t("dock") on:keydown=move |event| on_key(state, &event)>
                {move || tabs.get().into_iter().map(|tab| view! { <TabButton tab open /> }).collect_view()}
            </div>
            <div
                class="dock-panel"
                id="dock-panel"
                role="tabpanel"
                tabindex="0"
                aria-labelledby=move || format!("tab-{}", open.get().key)
            >
                {content}
            </div>
        </section>
    }
}

/// Returns the tabs that are of use for the data set.
fn tabs(state: State) -> Vec<&'static Tab> {
    TABS.iter().filter(|tab| (tab.is_of_use)(state)).collect()
}

/// Returns the open tab. The first one stands for a tab that is of no use any more.
fn open_tab(state: State) -> &'static Tab {
    let open = state.dock.tab().get();
    tabs(state).into_iter().find(|tab| tab.key == open).unwrap_or(&TABS[0])
}

#[component]
fn TabButton(tab: &'static Tab, open: Memo<&'static Tab>) -> impl IntoView {
    let state = use_state();
    let is_open = move || open.get() == tab;
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
            {move || t((tab.title)(state))}
        </button>
    }
}

/// Moves between the tabs and opens them with arrow keys, Home and End.
fn on_key(state: State, event: &web_sys::KeyboardEvent) {
    let (tabs, open) = untrack(|| (tabs(state), open_tab(state)));
    let count = tabs.len();
    let now = tabs.iter().position(|tab| *tab == open).unwrap_or_default();
    let next = match event.key().as_str() {
        "ArrowRight" | "ArrowDown" => (now + 1) % count,
        "ArrowLeft" | "ArrowUp" => (now + count - 1) % count,
        "Home" => 0,
        "End" => count - 1,
        _ => return,
    };
    event.prevent_default();
    state.dock.open(tabs[next].key);
    focus_soon(format!("tab-{}", tabs[next].key));
}
