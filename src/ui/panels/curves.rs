//! Loss and accuracy while training, drawn on animation frames.

use leptos::ev;
use leptos::html::Canvas;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::ui::app::Theme;
use crate::ui::curves::{Curves, Sample};
use crate::ui::format;
use crate::ui::state::State;
use crate::ui::text::{t, t_with, tr};
use crate::ui::widgets::chart::{Chart, Palette, draw, step_at};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantity {
    Loss,
    Accuracy,
}

#[component]
pub fn CurvesPanel() -> impl IntoView {
    view! {
        <section class="panel curves" aria-labelledby="curves-title">
            <header class="panel-header">
                <h2 id="curves-title">{tr("curves")}</h2>
                <ul class="legend">
                    <li><span class="legend-line legend-train"></span>{tr("training_images")}</li>
                    <li><span class="legend-line legend-validation"></span>{tr("validation_images")}</li>
                </ul>
            </header>
            <div class="charts">
                <CurveChart quantity=Quantity::Loss/>
                <CurveChart quantity=Quantity::Accuracy/>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn CurveChart(quantity: Quantity) -> impl IntoView {
    let state = expect_context::<State>();
    let theme = expect_context::<Theme>();
    let canvas = NodeRef::<Canvas>::new();
    let cursor = RwSignal::new(None::<u32>);
    let size = RwSignal::new(0u32);
    let is_requested = StoredValue::new(false);
    let palette = StoredValue::new(None::<(bool, Palette)>);
    follow_size(canvas, size);
    Effect::new(move |_| {
        state.curves_version.track();
        cursor.track();
        size.track();
        theme.is_dark.track();
        if is_requested.get_value() {
            return;
        }
        is_requested.set_value(true);
        request_animation_frame(move || {
            is_requested.set_value(false);
            let Some(canvas) = canvas.get_untracked() else { return };
            let is_dark = theme.is_dark.get_untracked();
            let is_known = palette.with_value(|palette| palette.as_ref().is_some_and(|(known, _)| *known == is_dark));
            if !is_known {
                palette.set_value(read_palette().map(|palette| (is_dark, palette)));
            }
            palette.with_value(|palette| {
                if let Some((_, palette)) = palette {
                    state.curves.with_value(|curves| paint(&canvas, palette, curves, quantity, cursor.get_untracked()));
                }
            });
        });
    });
    let hover = move |event: ev::PointerEvent| {
        let Some(canvas) = canvas.get_untracked() else { return };
        let steps = state.curves.with_value(Curves::steps);
        let step = step_at(event.offset_x() as f64, canvas.client_width() as f64, steps);
        cursor.set((steps > 0).then_some(step));
    };
    let title = match quantity {
        Quantity::Loss => "loss",
        Quantity::Accuracy => "accuracy",
    };
    let readout = Signal::derive(move || {
        state.curves_version.track();
        let cursor = cursor.get();
        state.curves.with_value(|curves| readout(curves, quantity, cursor))
    });
    let summary = Signal::derive(move || {
        // Follows the epochs only: a summary that changes with every batch could not be read.
        state.epoch.track();
        state.run.track();
        state.curves.with_value(|curves| summary(curves, quantity))
    });
    view! {
        <figure class="chart">
            <figcaption>
                <span>{tr(title)}</span>
                <span class="chart-readout">{readout}</span>
            </figcaption>
            <canvas
                class="chart-canvas"
                role="img"
                aria-label=summary
                node_ref=canvas
                on:pointermove=hover
                on:pointerleave=move |_| cursor.set(None)
            ></canvas>
            <p class="chart-empty" hidden=move || { state.curves_version.track(); state.curves.with_value(|curves| !curves.is_empty()) }>
                {tr("no_curve_yet")}
            </p>
        </figure>
    }
    .into_any()
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

/// Counts the changes of the canvas's size on the page.
fn follow_size(canvas: NodeRef<Canvas>, size: RwSignal<u32>) {
    let kept = StoredValue::new_local(None::<(web_sys::ResizeObserver, Closure<dyn Fn()>)>);
    Effect::new(move |_| {
        let Some(canvas) = canvas.get() else { return };
        let listener = Closure::<dyn Fn()>::new(move || size.update(|count| *count = count.wrapping_add(1)));
        // Every browser that has WebAssembly SIMD has it.
        if let Ok(observer) = web_sys::ResizeObserver::new(listener.as_ref().unchecked_ref()) {
            observer.observe(&canvas);
            kept.set_value(Some((observer, listener)));
        }
    });
    on_cleanup(move || {
        kept.update_value(|kept| {
            if let Some((observer, _)) = kept.take() {
                observer.disconnect();
            }
        });
    });
}
