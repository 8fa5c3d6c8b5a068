//! The shape that flows from one card to the next, and its derivation.

use std::rc::Rc;

use leptos::prelude::document;
use wasm_bindgen::JsCast;

use super::element::{Element, el};
use super::place;
use crate::ui::browser::next_frame;
use crate::ui::format;
use crate::ui::state::State;
use crate::ui::text::{t, t_with};
use leptos::prelude::*;

/// Id of the one open tip.
const TIP: &str = "shape-tip";

/// Shows the shape before the layer at `index`. Pointing at it or focusing it shows the rule with its numbers.
pub fn shape_chip(state: State, index: Rc<dyn Fn() -> usize>) -> Element {
    let before = index.clone();
    // Rows and columns above, channels below, so that the chip stays narrow.
    let shape = move || {
        let shape = match before().checked_sub(1) {
            None => Some(state.history.with(|history| history.draft().input_shape.clone())),
            Some(at) => state.checked.with(|checked| checked.layers.get(at).map(|layer| layer.output_shape.clone())),
        };
        match shape.as_deref() {
            None => String::new(),
            Some([rows @ .., channels]) if !rows.is_empty() => format!("{} ×{channels}", format::shape(rows)),
            Some(shape) => format::shape(shape),
        }
    };
    let is_open = Rc::new(RwSignal::new(false));
    let set = |value: bool| {
        let is_open = is_open.clone();
        move |_: web_sys::Event| {
            is_open.set(value);
            if value {
                next_frame(keep_in_window);
            }
        }
    };
    let (shown, dismissed) = (is_open.clone(), is_open.clone());
    let chip = move |shape: &str| {
        let chip = || el("button").attr("type", "button").class("chip").attr("aria-describedby", TIP);
        Some(match shape.split_once(' ') {
            Some((area, channels)) => chip().text(area).child(el("wbr")).child(el("span").text(channels)),
            None if shape.is_empty() => el("span").class("chip chip-unknown").text("?"),
            None => chip().text(shape),
        })
    };
    let tip = move || {
        let lines = rule(state, index());
        el("span")
            .class("tip")
            .id(TIP)
            .attr("role", "tooltip")
            .children(lines.into_iter().map(|line| el("span").text(&line)))
    };
    el("span")
        .class("chip-place")
        .on("pointerenter", set(true))
        .on("pointerleave", set(false))
        .on("focusin", set(true))
        .on("focusout", set(false))
        .on("keydown", move |event| {
            if event.unchecked_ref::<web_sys::KeyboardEvent>().key() == "Escape" {
                dismissed.set(false);
            }
        })
        .child(place().switch(shape, chip))
        .child(place().when(move || shown.get(), tip))
}

/// Moves the tip so that no edge of the window cuts it.
fn keep_in_window() {
    const MARGIN: f64 = 8.0;
    let Some(tip) = document().get_element_by_id(TIP) else { return };
    let (place, width) = (tip.get_bounding_client_rect(), f64::from(root_width()));
    let shift = (MARGIN - place.left()).max(0.0) - (place.right() - width + MARGIN).max(0.0);
    let tip: web_sys::HtmlElement = tip.unchecked_into();
    // Setting a known property cannot fail.
    let _ = tip.style().set_property("translate", &format!("{}px", shift as i32));
}

/// Returns the width of the window without its scroll bar, in pixels.
fn root_width() -> i32 {
    document().document_element().map_or(0, |root| root.client_width())
}

/// Writes one line per axis: `rows: (28 - 3) / 1 + 1 = 26`.
fn rule(state: State, index: usize) -> Vec<String> {
    let Some(at) = index.checked_sub(1) else { return vec![t("input_values")] };
    let axes = ["axis_rows", "axis_columns", "axis_channels"];
    state.checked.with(|checked| {
        let Some(layer) = checked.layers.get(at) else { return Vec::new() };
        let axes = if layer.rule.len() == 3 { &axes[..] } else { &["axis_units"] };
        let line = |(axis, rule): (&&str, &String)| t_with("shape_rule", &[("axis", &t(axis)), ("rule", rule)]);
        [layer.name.clone()].into_iter().chain(axes.iter().zip(&layer.rule).map(line)).collect()
    })
}
