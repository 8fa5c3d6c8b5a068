//! Loss and accuracy while training, drawn on animation frames.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use leptos::prelude::{document, window};
use wasm_bindgen::JsCast;

use crate::ui::browser::{callback, context_2d, event_text, next_frame, save_text, save_url};
use crate::ui::charted_history::ChartedHistory;
use crate::ui::format;
use crate::ui::live::Live;
use crate::ui::loss_series::Sample;
use crate::ui::runs::Runs;
use crate::ui::state::State;
use crate::ui::text::{t, t_with};
use crate::ui::widgets::chart::{Chart, Palette, draw, step_at};
use crate::ui::widgets::element::{Element, button, el};
use crate::ui::widgets::place;
use chalkgrad_engine::protocol::EpochReport;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantity {
    Loss,
    Accuracy,
}

pub fn curves_panel(state: State) -> Element {
    let entry = |class: &str, key| el("li").child(el("span").class(class)).child(el("span").tr(key));
    let compared = move || state.dock.runs.with(|runs| runs.compared().next().is_some());
    let legend = el("ul")
        .class("legend")
        .child(entry("legend-line legend-train", "training_images"))
        .child(entry("legend-line legend-validation", "validation_images"))
        .child(entry("legend-line legend-earlier", "earlier_runs").flag("hidden", move || !compared()));
    let (loss, accuracy) = (curve_chart(state, Quantity::Loss), curve_chart(state, Quantity::Accuracy));
    let canvases = [loss.1, accuracy.1];
    el("section")
        .class("curves")
        .attr("aria-labelledby", "curves-title")
        .child(
            el("header")
                .class("dock-header")
                .child(el("h3").id("curves-title").class("visually-hidden").tr("curves"))
                .child(smoothing(state))
                .child(legend)
                .child(exports(state, canvases)),
        )
        .child(el("div").class("charts").child(loss.0).child(accuracy.0))
        .child(data_table(state))
}

/// Makes the slider for smoothing: the number of past steps that count, roughly.
fn smoothing(state: State) -> Element {
    const LEVELS: [f32; 6] = [0.0, 0.8, 0.9, 0.98, 0.99, 0.996];
    let level = move || {
        let smoothing = state.charted.with(ChartedHistory::smoothing);
        LEVELS.iter().position(|level| *level >= smoothing).unwrap_or(LEVELS.len() - 1)
    };
    let text = move || {
        if level() == 0 {
            return t("smoothing_none");
        }
        let steps = (1.0 / (1.0 - LEVELS[level()])).round() as usize;
        t_with("smoothing_steps", &[("steps", &format::count(steps))])
    };
    let choose = move |event: web_sys::Event| {
        let chosen = format::parse(&event_text(&event)).unwrap_or_default() as usize;
        state.charted.update(|charted| charted.set_smoothing(LEVELS[chosen.min(LEVELS.len() - 1)]));
    };
    el("label")
        .class("smoothing")
        .child(el("span").tr("smoothing"))
        .child(
            el("input")
                .attr("type", "range")
                .attr("min", "0")
                .attr("max", &(LEVELS.len() - 1).to_string())
                .property("value", move || level().to_string().into())
                .attr_fn("aria-valuetext", text)
                .on("input", choose),
        )
        .child(el("span").class("help").attr("aria-hidden", "true").text_fn(text))
}

fn exports(state: State, canvases: [web_sys::HtmlCanvasElement; 2]) -> Element {
    let has_none = move || state.charted.with(ChartedHistory::is_empty);
    let save_csv = move || save_text("chalkgrad-curves.csv", &state.charted.with_untracked(ChartedHistory::csv));
    el("div")
        .class("panel-actions")
        .child(button("button quiet", save_csv).title("export_csv").flag("disabled", has_none).text("CSV"))
        .child(
            button("button quiet", move || save_image(&canvases))
                .title("export_png")
                .flag("disabled", has_none)
                .text("PNG"),
        )
}

/// Saves both charts side by side as an image, on the page's background colour.
fn save_image(canvases: &[web_sys::HtmlCanvasElement; 2]) {
    let draw = || -> Result<String, wasm_bindgen::JsValue> {
        let both: web_sys::HtmlCanvasElement = document().create_element("canvas")?.unchecked_into();
        both.set_width(canvases.iter().map(|canvas| canvas.width()).sum());
        both.set_height(canvases.iter().map(|canvas| canvas.height()).max().unwrap_or_default());
        let context = context_2d(&both).ok_or(wasm_bindgen::JsValue::NULL)?;
        if let Some(palette) = read_palette() {
            context.set_fill_style_str(&palette.ground);
            context.fill_rect(0.0, 0.0, both.width().into(), both.height().into());
        }
        let mut left = 0.0;
        for canvas in canvases {
            context.draw_image_with_html_canvas_element(canvas, left, 0.0)?;
            left += f64::from(canvas.width());
        }
        both.to_data_url()
    };
    // This fails only for a canvas of size zero.
    if let Ok(url) = draw() {
        save_url("chalkgrad-curves.png", &url);
    }
}

/// Makes a table of the epochs in numbers, for screen readers and for exact values.
fn data_table(state: State) -> Element {
    const COLUMNS: [&str; 6] = ["epoch", "column_step", "loss", "accuracy", "column_val_loss", "column_val_accuracy"];
    let key = move || {
        let (epochs, steps) =
            state.charted.with(|charted| (charted.with_epochs(<[EpochReport]>::len), charted.steps()));
        // Before the first epoch is over, the steps count.
        if epochs > 0 { epochs.to_string() } else { format!("0 {}", steps / 100) }
    };
    let table = move |_: &str| {
        let head = COLUMNS.map(|key| el("th").attr("scope", "col").tr(key));
        let optional = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
        let row = |cells: [String; 6]| el("tr").children(cells.into_iter().map(|cell| el("td").text(&cell)));
        let cells = |epoch: &EpochReport| {
            row([
                (epoch.epoch + 1).to_string(),
                format::count(epoch.step as usize),
                format::loss(epoch.loss),
                format::percent(epoch.accuracy, 2),
                optional(epoch.val_loss.map(format::loss)),
                optional(epoch.val_accuracy.map(|accuracy| format::percent(accuracy, 2))),
            ])
        };
        let rows: Vec<Element> =
            state.charted.with_untracked(|charted| charted.with_epochs(|epochs| epochs.iter().map(cells).collect()));
        let is_empty = rows.is_empty();
        Some(
            place()
                .child(
                    el("table")
                        .class("data-table")
                        .child(el("caption").class("visually-hidden").tr("data_table"))
                        .child(el("thead").child(el("tr").children(head)))
                        .child(el("tbody").children(rows)),
                )
                .children(is_empty.then(|| el("p").class("help").tr("no_epoch_yet"))),
        )
    };
    el("details").class("data").child(el("summary").tr("data_table")).child(
        el("div")
            .class("scroll-x")
            .attr("tabindex", "0")
            .attr("role", "group")
            .label("data_table")
            .child(place().switch(key, table)),
    )
}

/// State of a chart's view.
struct View {
    canvas: web_sys::HtmlCanvasElement,
    quantity: Quantity,
    cursor: Live<Option<u32>>,
    /// Counter of changes of the canvas's size.
    size: Live<u32>,
    is_requested: Cell<bool>,
    /// Colours, and true if they are the dark theme's.
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
            state.charted.with_untracked(|charted| {
                state
                    .dock
                    .runs
                    .with_untracked(|runs| paint(&self.canvas, palette, charted, runs, self.quantity, cursor));
            });
        }
    }
}

fn curve_chart(state: State, quantity: Quantity) -> (Element, web_sys::HtmlCanvasElement) {
    let element = el("canvas").class("chart-canvas").attr("role", "img");
    let surface = element.canvas();
    let view = Rc::new(View {
        canvas: surface.clone(),
        quantity,
        cursor: Live::new(None),
        size: Live::new(0),
        is_requested: Cell::new(false),
        palette: RefCell::new(None),
    });
    let resized = view.clone();
    let on_resize = callback(Box::new(move |_| resized.size.update(|count| *count = count.wrapping_add(1))));
    // Every browser with WebAssembly SIMD has it.
    if let Ok(observer) = web_sys::ResizeObserver::new(&on_resize) {
        observer.observe(&view.canvas);
    }
    let drawn = view.clone();
    let draw_soon = move || {
        state.charted.track();
        state.dock.runs.track();
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
        let steps = state.charted.with_untracked(ChartedHistory::steps).max(10);
        let step = step_at(x, hovered.canvas.client_width() as f64, steps);
        hovered.cursor.set((steps > 0).then_some(step));
    };
    let left = view.clone();
    let summary = move || {
        // Follows only the epochs: a summary that changed with every batch could not be read.
        state.epoch.track();
        state.run.track();
        state.charted.with_untracked(|charted| summary(charted, quantity))
    };
    let canvas = element
        .attr_fn("aria-label", summary)
        .effect(draw_soon)
        .on("pointermove", hover)
        .on("pointerleave", move |_| left.cursor.set(None));
    let title = if quantity == Quantity::Loss { "loss" } else { "accuracy" };
    let readout = move || {
        let cursor = view.cursor.get();
        state.charted.with(|charted| readout(charted, quantity, cursor))
    };
    let figure = el("figure")
        .class("chart")
        .child(el("figcaption").child(el("span").tr(title)).child(el("span").class("chart-readout").text_fn(readout)))
        .child(canvas)
        .child(
            el("p")
                .class("chart-empty")
                .flag("hidden", move || state.charted.with(|charted| !charted.is_empty()))
                .tr("no_curve_yet"),
        );
    (figure, surface)
}

fn paint(
    canvas: &web_sys::HtmlCanvasElement,
    palette: &Palette,
    charted: &ChartedHistory,
    runs: &Runs,
    quantity: Quantity,
    cursor: Option<u32>,
) {
    let columns = canvas.client_width().max(1) as usize;
    let (train, band);
    let others: Vec<&[Sample]> = runs
        .compared()
        .map(|run| if quantity == Quantity::Loss { &run.series.loss[..] } else { &run.series.accuracy[..] })
        .collect();
    let furthest = others.iter().filter_map(|line| line.last()).map(|sample| sample.step).max().unwrap_or_default();
    let (y_range, is_percent, validation) = match quantity {
        Quantity::Loss => {
            (train, band) = (charted.smooth_loss(columns), charted.loss_range(columns));
            let top = others.iter().flat_map(|line| line.iter()).map(|sample| sample.value).fold(0.0, f32::max) * 1.08;
            let top = if charted.is_empty() && top > 0.0 { top } else { charted.loss_top().max(top) };
            (0.0..top, false, charted.validation_loss())
        }
        Quantity::Accuracy => {
            (train, band) = (charted.accuracy(columns), Vec::new());
            let bottom = if others.is_empty() { charted.accuracy_bottom() } else { charted.accuracy_bottom().min(0.5) };
            (bottom..1.0, true, charted.validation_accuracy())
        }
    };
    let chart = Chart {
        last_step: charted.steps().max(furthest).max(10),
        y_range,
        is_percent,
        band: &band,
        others: &others,
        train: &train,
        validation: &validation,
        marks: &charted.epoch_ends(),
        cursor,
    };
    draw(canvas, palette, &chart, window().device_pixel_ratio());
}

/// Formats the latest values, or those under the crosshair.
fn readout(charted: &ChartedHistory, quantity: Quantity, cursor: Option<u32>) -> String {
    let steps = charted.steps();
    let step = cursor.unwrap_or(steps).min(steps);
    if step == 0 {
        return String::new();
    }
    let value = match quantity {
        Quantity::Loss => charted.loss_at(step).map(|(_, smooth)| format::loss(smooth)),
        Quantity::Accuracy => charted.accuracy_at(step).map(|accuracy| format::percent(accuracy, 1)),
    };
    let step = format::count(step as usize);
    t_with("chart_readout", &[("step", &step), ("value", &value.unwrap_or_default())])
}

fn summary(charted: &ChartedHistory, quantity: Quantity) -> String {
    if charted.is_empty() {
        return t("no_curve_yet");
    }
    let steps = charted.steps();
    let (name, first, last, validation) = match quantity {
        Quantity::Loss => (
            t("loss"),
            charted.loss_at(1).map(|(_, smooth)| format::loss(smooth)),
            charted.loss_at(steps).map(|(_, smooth)| format::loss(smooth)),
            charted.validation_loss().last().map(|sample| format::loss(sample.value)),
        ),
        Quantity::Accuracy => {
            let ends = charted.accuracy_ends().map(|ends| ends.map(|accuracy| format::percent(accuracy, 1)));
            let (first, last) = ends.map(|[first, last]| (first, last)).unzip();
            let validation = charted.validation_accuracy().last().map(|sample| format::percent(sample.value, 1));
            (t("accuracy"), first, last, validation)
        }
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
