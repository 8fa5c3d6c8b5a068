//! Loss and accuracy while training, drawn on animation frames.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use leptos::prelude::{document, window};
use wasm_bindgen::JsCast;

use crate::ui::browser::{callback, next_frame};
use crate::ui::curves::{Curves, Sample};
use crate::ui::format;
use crate::ui::live::Live;
use crate::ui::state::State;
use crate::ui::text::{t, t_with};
use crate::ui::widgets::chart::{Chart, Palette, draw, step_at};
use crate::ui::widgets::element::{Element, el};
use crate::ui::widgets::panel_header;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantity {
    Loss,
    Accuracy,
}

pub fn curves_panel(state: State) -> Element {
    let entry = |class: &str, key| el("li").child(el("span").class(class)).child(el("span").tr(key));
    let legend = el("ul")
        .class("legend")
        .child(entry("legend-line legend-train", "training_images"))
        .child(entry("legend-line legend-validation", "validation_images"));
    el("section")
        .class("panel curves")
        .attr("aria-labelledby", "curves-title")
        .child(panel_header("curves-title", "curves").child(legend))
        .child(
            el("div")
                .class("charts")
                .child(curve_chart(state, Quantity::Loss))
                .child(curve_chart(state, Quantity::Accuracy)),
        )
}

/// What a chart needs besides the state.
struct View {
    canvas: web_sys::HtmlCanvasElement,
    quantity: Quantity,
    cursor: Live<Option<u32>>,
    /// Counts the changes of the canvas's size on the page.
    size: Live<u32>,
    is_requested: Cell<bool>,
    /// The colours, and whether they are the dark theme's.
    palette: RefCell<Option<(bool, Palette)>>,
}

impl View {
    fn paint(&self, state: State) {
        let is_dark = state.is_dark.get_untracked();
        let mut palette = self.palette.borrow_mut();
        if palette.as_ref().is_none_or(|(known, _)| *known != is_dark) {
            *palette = read_palette().map(|palette| (is_dark, palette));
        }
        if let Some((_, palette)) = &*palette {
            let cursor = self.cursor.get_untracked();
            state.curves.with_untracked(|curves| paint(&self.canvas, palette, curves, self.quantity, cursor));
        }
    }
}

fn curve_chart(state: State, quantity: Quantity) -> Element {
    let element = el("canvas").class("chart-canvas").attr("role", "img");
    let view = Rc::new(View {
        canvas: element.canvas(),
        quantity,
        cursor: Live::new(None),
        size: Live::new(0),
        is_requested: Cell::new(false),
        palette: RefCell::new(None),
    });
    let resized = view.clone();
    let on_resize = callback(Box::new(move |_| resized.size.update(|count| *count = count.wrapping_add(1))));
    // Every browser that has WebAssembly SIMD has it.
    if let Ok(observer) = web_sys::ResizeObserver::new(&on_resize) {
        observer.observe(&view.canvas);
    }
    let drawn = view.clone();
    let draw_soon = move || {
        state.curves.track();
        drawn.cursor.track();
        drawn.size.track();
        state.is_dark.track();
        if drawn.is_requested.replace(true) {
            return;
        }
        let view = drawn.clone();
        next_frame(move || {
            view.is_requested.set(false);
            view.paint(state);
        });
    };
    let hovered = view.clone();
    let hover = move |event: web_sys::Event| {
        let x = event.unchecked_ref::<web_sys::PointerEvent>().offset_x() as f64;
        let steps = state.curves.with_untracked(Curves::steps);
        let step = step_at(x, hovered.canvas.client_width() as f64, steps);
        hovered.cursor.set((steps > 0).then_some(step));
    };
    let left = view.clone();
    let summary = move || {
        // Follows the epochs only: a summary that changes with every batch could not be read.
        state.epoch.track();
        state.run.track();
        state.curves.with_untracked(|curves| summary(curves, quantity))
    };
    let canvas = element
        .attr_fn("aria-label", summary)
        .effect(draw_soon)
        .on("pointermove", hover)
        .on("pointerleave", move |_| left.cursor.set(None));
    let title = if quantity == Quantity::Loss { "loss" } else { "accuracy" };
    let readout = move || {
        let cursor = view.cursor.get();
        state.curves.with(|curves| readout(curves, quantity, cursor))
    };
    el("figure")
        .class("chart")
        .child(el("figcaption").child(el("span").tr(title)).child(el("span").class("chart-readout").text_fn(readout)))
        .child(canvas)
        .child(
            el("p")
                .class("chart-empty")
                .flag("hidden", move || state.curves.with(|curves| !curves.is_empty()))
                .tr("no_curve_yet"),
        )
}

fn paint(
    canvas: &web_sys::HtmlCanvasElement,
    palette: &Palette,
    curves: &Curves,
    quantity: Quantity,
    cursor: Option<u32>,
) {
    let columns = canvas.client_width().max(1) as usize;
    let (train, band);
    let (y_range, is_percent, validation) = match quantity {
        Quantity::Loss => {
            (train, band) = (curves.smooth(columns), curves.loss_range(columns));
            (0.0..curves.loss_top(), false, &curves.validation_loss)
        }
        Quantity::Accuracy => {
            (train, band) = (thinned(&curves.train_accuracy, columns), Vec::new());
            (curves.accuracy_bottom()..1.0, true, &curves.validation_accuracy)
        }
    };
    let chart = Chart {
        last_step: curves.steps().max(10),
        y_range,
        is_percent,
        band: &band,
        train: &train,
        validation,
        marks: &curves.epoch_ends,
        cursor,
    };
    draw(canvas, palette, &chart, window().device_pixel_ratio());
}

fn thinned(samples: &[Sample], columns: usize) -> Vec<Sample> {
    let stride = samples.len().div_ceil(columns).max(1);
    let last = samples.len().saturating_sub(1);
    let is_kept = |index: &usize| index.is_multiple_of(stride) || *index == last;
    samples.iter().enumerate().filter(|(index, _)| is_kept(index)).map(|(_, sample)| *sample).collect()
}

/// The latest values, or those under the crosshair.
fn readout(curves: &Curves, quantity: Quantity, cursor: Option<u32>) -> String {
    let steps = curves.steps();
    let step = cursor.unwrap_or(steps).min(steps);
    if step == 0 {
        return String::new();
    }
    let value = match quantity {
        Quantity::Loss => curves.loss_at(step).map(|(_, smooth)| format::loss(smooth)),
        Quantity::Accuracy => {
            let index = curves.train_accuracy.partition_point(|sample| sample.step < step);
            let sample = curves.train_accuracy.get(index).or(curves.train_accuracy.last());
            sample.map(|sample| format::percent(sample.value, 1))
        }
    };
    let step = format::count(step as usize);
    t_with("chart_readout", &[("step", &step), ("value", &value.unwrap_or_default())])
}

fn summary(curves: &Curves, quantity: Quantity) -> String {
    if curves.is_empty() {
        return t("no_curve_yet");
    }
    let steps = curves.steps();
    let (name, first, last, validation) = match quantity {
        Quantity::Loss => (
            t("loss"),
            curves.loss_at(1).map(|(_, smooth)| format::loss(smooth)),
            curves.loss_at(steps).map(|(_, smooth)| format::loss(smooth)),
            curves.validation_loss.last().map(|sample| format::loss(sample.value)),
        ),
        Quantity::Accuracy => (
            t("accuracy"),
            curves.train_accuracy.first().map(|sample| format::percent(sample.value, 1)),
            curves.train_accuracy.last().map(|sample| format::percent(sample.value, 1)),
            curves.validation_accuracy.last().map(|sample| format::percent(sample.value, 1)),
        ),
    };
    let steps = format::count(steps as usize);
    let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
    let text = t_with("chart_summary", &[("name", &name), ("steps", &steps), ("first", &first), ("last", &last)]);
    match validation {
        Some(value) => format!("{text} {}", t_with("chart_validation", &[("value", &value)])),
        None => text,
    }
}

fn read_palette() -> Option<Palette> {
    let style = window().get_computed_style(&document().document_element()?).ok().flatten()?;
    let colour = |name: &str| style.get_property_value(name).ok().map(|value| value.trim().to_owned());
    Some(Palette {
        text: colour("--ink-soft")?,
        grid: colour("--line")?,
        train: colour("--series-train")?,
        validation: colour("--series-validation")?,
        ground: colour("--surface")?,
    })
}
