//! The dock: tabs, of which one is open. What the others would show is not there and costs nothing.

use wasm_bindgen::JsCast;

use super::curves::curves_panel;
use super::histograms::histograms_panel;
use super::log::log_panel;
use super::mistakes::mistakes_panel;
use super::results::results_panel;
use super::runs::runs_panel;
use crate::ui::browser::focus_soon;
use crate::ui::state::State;
use crate::ui::widgets::element::{Element, button, el};
use crate::ui::widgets::place;

type Panel = fn(State) -> Element;

/// The key of each tab's name, and what it shows.
const TABS: [(&str, Panel); 6] = [
    ("curves", curves_panel),
    ("confusion", results_panel),
    ("mistakes", mistakes_panel),
    ("histograms", histograms_panel),
    ("runs", runs_panel),
    ("log", log_panel),
];

pub fn dock_panel(state: State) -> Element {
    let tabs = TABS.map(|(key, _)| {
        let is_open = move || state.dock.tab.get() == key;
        button("tab", move || state.dock.tab.set(key))
            .id(&format!("tab-{key}"))
            .attr("role", "tab")
            .attr("aria-controls", "dock-panel")
            .bool_attr("aria-selected", is_open)
            .attr_fn("tabindex", move || if is_open() { "0" } else { "-1" }.to_owned())
            .tr(tab_name(key))
    });
    let content = move |key: &str| TABS.iter().find(|(name, _)| *name == key).map(|(_, panel)| panel(state));
    el("section")
        .class("panel dock")
        .label("dock")
        .child(
            el("div")
                .class("tabs")
                .attr("role", "tablist")
                .label("dock")
                .on("keydown", move |event| on_key(state, event.unchecked_ref()))
                .children(tabs),
        )
        .child(
            el("div")
                .class("dock-panel")
                .id("dock-panel")
                .attr("role", "tabpanel")
                .attr("tabindex", "0")
                .attr_fn("aria-labelledby", move || format!("tab-{}", state.dock.tab.get()))
                .child(place().switch(move || state.dock.tab.get().to_owned(), content)),
        )
}

fn tab_name(key: &str) -> &'static str {
    match key {
        "curves" => "curves",
        "confusion" => "tab_confusion",
        "mistakes" => "tab_mistakes",
        "histograms" => "tab_histograms",
        "runs" => "tab_runs",
        _ => "tab_log",
    }
}

/// Arrow keys, Home and End move between the tabs and open them.
fn on_key(state: State, event: &web_sys::KeyboardEvent) {
    let count = TABS.len();
    let open = TABS.iter().position(|(key, _)| *key == state.dock.tab.get_untracked()).unwrap_or_default();
    let next = match event.key().as_str() {
        "ArrowRight" | "ArrowDown" => (open + 1) % count,
        "ArrowLeft" | "ArrowUp" => (open + count - 1) % count,
        "Home" => 0,
        "End" => count - 1,
        _ => return,
    };
    event.prevent_default();
    let (key, _) = TABS[next];
    state.dock.tab.set(key);
    focus_soon(format!("tab-{key}"));
}
