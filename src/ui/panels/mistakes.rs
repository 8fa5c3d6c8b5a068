//! The test images that the network classifies wrongly, the most confident mistakes first.

use crate::ui::format;
use crate::ui::state::State;
use crate::ui::text::t_with;
use crate::ui::widgets::element::{Element, el};
use crate::ui::widgets::gallery::{MAX_SHOWN, Shown, evaluation_note, gallery};
use crate::ui::widgets::place;
use leptos::prelude::*;

pub fn mistakes_panel(state: State) -> Element {
    let key = move || {
        if state.result.with(Option::is_some) { state.result_number.get_value().to_string() } else { String::new() }
    };
    let content = move |_: &str| {
        let result = state.result.get_untracked()?;
        let rank = |image: &Shown| if image.confidence.is_finite() { image.confidence } else { -1.0 };
        let mut wrong: Vec<Shown> = Shown::all(&result).filter(|image| !image.is_right()).collect();
        wrong.sort_by(|one, other| rank(other).total_cmp(&rank(one)));
        let count = format::count(wrong.len());
        wrong.truncate(MAX_SHOWN);
        let shown = format::count(wrong.len());
        let summary = move || t_with("mistakes_summary", &[("count", &count), ("shown", &shown)]);
        Some(place().child(el("p").class("help").text_fn(summary)).child(gallery(state, wrong)))
    };
    el("section")
        .attr("aria-labelledby", "mistakes-title")
        .child(el("h3").id("mistakes-title").class("visually-hidden").tr("tab_mistakes"))
        .child(evaluation_note(state))
        .child(place().switch(key, content))
}
