//! Histograms of the selected layer's weights and gradients over the course of training.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::Clamped;
use web_sys::{HtmlCanvasElement, ImageData};

use crate::ui::bins::{BINS, Track};
use crate::ui::browser::{after_ms, context_2d, next_frame};
use crate::ui::format;
use crate::ui::state::State;
use crate::ui::text::t_with;
use crate::ui::widgets::element::{Element, el};
use crate::ui::widgets::place;
use leptos::prelude::*;
use leptos::reactive::traits::Track as _;

/// Time between two readings.
const PAUSE_MS: i32 = 1000;

/// Rows of the histogram image.
const ROWS: usize = 2 * BINS + 1;

pub fn histograms_panel(state: State) -> Element {
    // The selected layer, or the first one with weights.
    let names = move || {
        let selected = state.selected.get().and_then(|id| state.history.with(|history| history.draft().position(id)));
        let layers = state.checked.with(|checked| checked.layers.len());
        selected.and_then(|index| state.histogram_names(index)).or_else(|| {
            if selected.is_some() { None } else { (0..layers).find_map(|index| state.histogram_names(index)) }
        })
    };
    let key = move || names().map(|names| names.join("\n")).unwrap_or_default();
    let content = move |key: &str| {
        let names: Vec<String> = key.split('\n').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        if names.is_empty() {
            return Some(el("p").class("help empty").tr("no_weights"));
        }
        let reading = Rc::new(Reading { names: names.clone(), is_reading: Cell::new(false), stale: RwSignal::new(0) });
        let views = names.into_iter().map(|name| histogram(state, name));
        Some(el("div").class("histograms").children(views).effect(move || read_soon(state, &reading)))
    };
    el("section")
        .attr("aria-labelledby", "histograms-title")
        .child(el("h3").id("histograms-title").class("visually-hidden").tr("tab_histograms"))
        .child(el("p").class("help").tr("histograms_help"))
        .child(place().switch(key, content))
}

struct Reading {
    names: Vec<String>,
    is_reading: Cell<bool>,
    stale: RwSignal<u32>,
}

/// Reads the tensors when the weights have changed, at most once a second, while the panel is mounted.
fn read_soon(state: State, reading: &Rc<Reading>) {
    state.weights_version.track();
    reading.stale.track();
    if reading.is_reading.replace(true) {
        return;
    }
    let version = state.weights_version.get_untracked();
    let (names, reading) = (reading.names.clone(), reading.clone());
    state.sample_histograms(
        names,
        Box::new(move || {
            after_ms(PAUSE_MS, move || {
                reading.is_reading.set(false);
                if state.weights_version.get_untracked() != version {
                    reading.stale.update(|count| *count += 1);
                }
            });
        }),
    );
}

fn with_track<R>(state: State, name: &str, read: impl FnOnce(&Track) -> R) -> Option<R> {
    state.dock.tracks.with(|tracks| tracks.iter().find(|track| track.name == name).map(read))
}

fn histogram(state: State, name: String) -> Element {
    let element = el("canvas").class("histogram-image").attr("role", "img");
    let canvas = element.canvas();
    let is_requested = Rc::new(Cell::new(false));
    let (drawn, summed, scaled, stepped) = (name.clone(), name.clone(), name.clone(), name.clone());
    let draw_soon = move || {
        state.dock.tracks.track();
        state.is_dark.track();
        if is_requested.replace(true) {
            return;
        }
        let (canvas, name, is_requested) = (canvas.clone(), drawn.clone(), is_requested.clone());
        next_frame(move || {
            is_requested.set(false);
            untrack(|| with_track(state, &name, |track| paint(&canvas, track, state.is_dark.get())));
        });
    };
    let summary = move || {
        let text = with_track(state, &summed, |track| {
            let last = track.snapshots.last()?;
            let number = |value: f32| format::number_short(value);
            let values = [number(last.mean), number(last.deviation), number(last.scale)];
            let [mean, deviation, scale] = &values;
            Some(t_with("histogram_summary", &[("mean", mean), ("deviation", deviation), ("scale", scale)]))
        });
        text.flatten().unwrap_or_default()
    };
    let label = {
        let (name, summary) = (name.clone(), summary.clone());
        move || format!("{name}: {}", summary())
    };
    let ends = move |is_top: bool| {
        let scaled = scaled.clone();
        move || {
            let scale = with_track(state, &scaled, Track::scale).unwrap_or_default();
            if scale == 0.0 { String::new() } else { format::number_short(if is_top { scale } else { -scale }) }
        }
    };
    let steps = move || {
        let range = with_track(state, &stepped, |track| {
            let step =
                |snapshot: Option<&crate::ui::bins::Snapshot>| snapshot.map_or(0, |snapshot| snapshot.step as usize);
            (step(track.snapshots.first()), step(track.snapshots.last()))
        });
        let (from, to) = range.unwrap_or_default();
        t_with("histogram_steps", &[("from", &format::count(from)), ("to", &format::count(to))])
    };
    el("figure")
        .class("histogram")
        .child(el("figcaption").child(el("code").text(&name)).child(el("span").class("help").text_fn(summary)))
        .child(
            el("div")
                .class("histogram-frame")
                .child(
                    el("div")
                        .class("histogram-axis")
                        .attr("aria-hidden", "true")
                        .child(el("span").text_fn(ends(true)))
                        .child(el("span").text("0"))
                        .child(el("span").text_fn(ends(false))),
                )
                .child(element.attr_fn("aria-label", label).effect(draw_soon)),
        )
        .child(el("p").class("help histogram-steps").text_fn(steps))
}

/// Draws a column for each histogram, dark where many values lie.
fn paint(canvas: &HtmlCanvasElement, track: &Track, is_dark: bool) {
    let (columns, scale) = (track.snapshots.len(), track.scale());
    if columns == 0 {
        return;
    }
    // Setting the size clears the canvas.
    canvas.set_width(columns as u32);
    canvas.set_height(ROWS as u32);
    // The same colours as `--scale-low` and `--scale-high` in the style sheet.
    let (low, high): ([f32; 3], [f32; 3]) = match is_dark {
        true => ([35.0, 44.0, 49.0], [140.0, 192.0, 247.0]),
        false => ([243.0, 244.0, 244.0], [28.0, 79.0, 140.0]),
    };
    let mut rgba = Vec::with_capacity(columns * ROWS * 4);
    for row in 0..ROWS {
        let value = scale * (1.0 - (2 * row) as f32 / (ROWS - 1) as f32);
        for snapshot in &track.snapshots {
            // The root shows the tails beside the peak.
            let share = (snapshot.density(value, scale) * 4.0).min(1.0).sqrt();
            rgba.extend((0..3).map(|at| (low[at] + (high[at] - low[at]) * share) as u8));
            rgba.push(255);
        }
    }
    if let (Some(context), Ok(image)) =
        (context_2d(canvas), ImageData::new_with_u8_clamped_array(Clamped(&rgba), columns as u32))
    {
        // This fails only for an image of another origin.
        let _ = context.put_image_data(&image, 0.0, 0.0);
    }
}
