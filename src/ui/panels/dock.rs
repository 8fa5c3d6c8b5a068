//! The dock: tabs, of which only the active one is mounted.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::curves::curves_panel;
use super::histograms::histograms_panel;
use super::mistakes::mistakes_panel;
use super::results::results_panel;
use super::runs::runs_panel;
use crate::ui::browser::focus_soon;
use crate::ui::features::log::Log;
use crate::ui::state::State;
use crate::ui::widgets::element::{Element, button, el};
use crate::ui::widgets::place;

const TABS: [&str; 6] = ["curves", "confusion", "mistakes", "histograms", "runs", "log"];

pub fn dock_panel(state: State) -> Element {
    let tabs = TABS.map(|key| {
        let is_open = move || state.dock.tab.get() == key;
        button("tab", move || state.dock.tab.set(key))
            .id(&format!("tab-{key}"))
            .attr("role", "tab")
            .attr("aria-controls", "dock-panel")
            .bool_attr("aria-selected", is_open)
            .attr_fn("tabindex", move || if is_open() { "0" } else { "-1" }.to_owned())
            .tr(tab_name(key))
    });
    let content = move |key: &str| {
        let tab = TABS.into_iter().find(|tab| *tab == key)?;
        Some(match tab {
            "curves" => curves_panel(state),
            "confusion" => results_panel(state),
            "mistakes" => mistakes_panel(state),
            "histograms" => histograms_panel(state),
            "runs" => runs_panel(state),
            _ => place().view(view! { <Log /> }),
        })
    };
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

/// Moves between the tabs and opens them with arrow keys, Home and End.
fn on_key(state: State, event: &web_sys::KeyboardEvent) {
    let count = TABS.len();
    let open = TABS.iter().position(|key| *key == state.dock.tab.get_untracked()).unwrap_or_default();
    let next = match event.key().as_str() {
        "ArrowRight" | "ArrowDown" => (open + 1) % count,
        "ArrowLeft" | "ArrowUp" => (open + count - 1) % count,
        "Home" => 0,
        "End" => count - 1,
        _ => return,
    };
    event.prevent_default();
    let key = TABS[next];
    state.dock.tab.set(key);
    focus_soon(format!("tab-{key}"));
}
