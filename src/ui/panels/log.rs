//! The log of events with their times, the latest at the end.

use crate::ui::browser::next_frame;
use crate::ui::state::State;
use crate::ui::widgets::element::{Element, button, el};
use crate::ui::widgets::place;

pub fn log_panel(state: State) -> Element {
    let ids = move || state.dock.log.with(|log| log.iter().map(|entry| entry.id).collect());
    let line = move |id: u32| {
        let entry = state.dock.log.with_untracked(|log| log.iter().find(|entry| entry.id == id).cloned());
        let Some(entry) = entry else { return place() };
        let (time, class) = (entry.time.clone(), format!("log-line log-{}", entry.kind));
        el("li").class(&class).child(el("time").text(&time)).child(el("span").text_fn(move || entry.text()))
    };
    let lines = el("div")
        .class("scroll-y log-lines")
        .attr("tabindex", "0")
        .attr("role", "log")
        .attr("aria-live", "off")
        .label("tab_log")
        .child(el("ol").class("log").keyed(ids, line));
    let scroller = lines.node();
    el("section")
        .attr("aria-labelledby", "log-title")
        .child(el("h3").id("log-title").class("visually-hidden").tr("tab_log"))
        .child(
            el("p").class("help").child(el("strong").tr("backend")).text(" · ").text_fn(move || state.backend_text()),
        )
        .child(el("div").when(
            move || state.backend.with(|backend| backend.as_ref().is_some_and(|info| info.backend == "webgpu")),
            move || button("button quiet", move || state.log_profile()).tr("profile_kernels"),
        ))
        .child(lines.effect(move || {
            state.dock.log.track();
            // A reader who has scrolled up keeps the place.
            if at_end(&scroller) {
                let scroller = scroller.clone();
                next_frame(move || scroller.set_scroll_top(scroller.scroll_height()));
            }
        }))
}

/// Returns true if the last line of the log is in view.
fn at_end(scroller: &web_sys::Element) -> bool {
    const TOLERANCE_PX: i32 = 4;
    scroller.scroll_top() + scroller.client_height() >= scroller.scroll_height() - TOLERANCE_PX
}
