//! The selected layer in detail. On a phone the form opens under the card instead, and this panel is not mounted.

use crate::ui::state::State;
use crate::ui::text::{error_detail, error_title, t};
use crate::ui::widgets::element::{Element, el};
use crate::ui::widgets::fix_buttons::fix_buttons;
use crate::ui::widgets::icon::icon;
use crate::ui::widgets::layer_detail::layer_detail;
use crate::ui::widgets::place;
use leptos::prelude::*;

pub fn inspector_panel(state: State) -> Element {
    place().when(move || !state.is_narrow.get(), move || inspector(state))
}

fn position(state: State) -> Option<usize> {
    let id = state.selected.get()?;
    state.history.with(|history| history.draft().position(id))
}

fn inspector(state: State) -> Element {
    let title = move || {
        let Some(index) = position(state) else { return t("layer") };
        let name = state.checked.with(|checked| checked.layers.get(index).map(|layer| layer.name.clone()));
        name.unwrap_or_else(|| state.history.with(|history| history.draft().layers[index].1.type_name.clone()))
    };
    let fault = move || {
        let index = position(state)?;
        state
            .checked
            .with(|checked| checked.error_at(index).map(|error| (error_title(error.code), error_detail(error))))
    };
    let detail = move || fault().map(|(_, detail)| format!(" {detail}")).unwrap_or_default();
    let fault_box = move || {
        el("p").class("fault-box").child(icon("warning")).child(
            el("span")
                .child(el("strong").text_fn(move || fault().map(|(title, _)| title).unwrap_or_default()))
                .text_fn(detail)
                .child(place().switch(detail, move |_| {
                    state
                        .checked
                        .with_untracked(|checked| checked.error.as_ref().map(|error| fix_buttons(state, error)))
                })),
        )
    };
    el("section")
        .class("panel inspector")
        .attr("aria-labelledby", "inspector-title")
        .child(
            el("header")
                .class("panel-header")
                .child(el("h2").id("inspector-title").class("layer-title").text_fn(title)),
        )
        .child(place().when(move || fault().is_some(), fault_box))
        .child(place().switch(
            move || state.selected.get().map(|id| id.to_string()).unwrap_or_default(),
            move |_| {
                Some(match state.selected.get_untracked() {
                    Some(id) => layer_detail(state, id),
                    None => el("p").class("help empty").tr("select_a_layer"),
                })
            },
        ))
}
