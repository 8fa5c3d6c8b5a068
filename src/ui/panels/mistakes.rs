//! The test images that the network is wrong about, those first of which it is surest.

use crate::ui::format;
use crate::ui::state::State;
use crate::ui::text::t_with;
use crate::ui::widgets::element::{Element, el};
use crate::ui::widgets::gallery::{MAX_SHOWN, Shown, evaluation_note, gallery};
use crate::ui::widgets::place;

pub fn mistakes_panel(state: State) -> Element {
    let key = move || {
        if state.result.with(Option::is_some) { state.result_number.get().to_string() } else { String::new() }
    };
    let content = move |_: &str| {
        let mut wrong = state.result.with_untracked(|result| {
            let all = result.iter().flat_map(Shown::all);
            all.filter(|image| image.truth != image.predicted).collect::<Vec<_>>()
        });
        if state.result.with_untracked(Option::is_none) {
            return None;
        }
        // What is no number comes last.
        wrong.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        let (count, shown) = (format::count(wrong.len()), format::count(wrong.len().min(MAX_SHOWN)));
        let summary = move || t_with("mistakes_summary", &[("count", &count), ("shown", &shown)]);
        Some(place().child(el("p").class("help").text_fn(summary)).child(gallery(state, wrong)))
    };
    el("section")
        .attr("aria-labelledby", "mistakes-title")
        .child(el("h3").id("mistakes-title").class("visually-hidden").tr("tab_mistakes"))
        .child(evaluation_note(state))
        .child(place().switch(key, content))
}
