//! The histogram of a tensor's numbers. A bar under the pointer, or chosen with the arrow keys, marks its numbers in the
//! tensor's picture.

use leptos::html::{Canvas, Div};
use leptos::prelude::*;
use leptos_use::use_element_size;

use super::legend::Choice;
use super::settings::use_pictures;
use crate::ui::charts::canvas::{draw, pixel_ratio, pointer_place};
use crate::ui::charts::export::{Body, Figure};
use crate::ui::charts::figure::{Caption, Legend};
use crate::ui::charts::histogram::Histogram;
use crate::ui::charts::histogram_chart::HistogramChart;
use crate::ui::charts::palette::ColourScale;
use crate::ui::components::export_menu::ExportMenu;
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::{t, t_with};

const HEIGHT: f64 = 128.0;

/// Histogram with axes, a switch to logarithmic counts, and its statistics.
#[component]
pub fn HistogramView(
    #[prop(into)] name: String,
    #[prop(into)] histogram: Signal<Option<Histogram>>,
    #[prop(into)] scale: Signal<ColourScale>,
    /// The bar whose numbers are marked.
    marked: RwSignal<Option<usize>>,
) -> impl IntoView {
    let (state, pictures) = (use_state(), use_pictures());
    let (place, canvas) = (NodeRef::<Div>::new(), NodeRef::<Canvas>::new());
    let width = use_element_size(place).width;
    Effect::new(move |_| {
        let (scale, width, is_log, marked) = (scale.get(), width.get(), pictures.has_log_counts.get(), marked.get());
        let Some(canvas) = canvas.get() else { return };
        histogram.with(|histogram| {
            let Some(histogram) = histogram.as_ref().filter(|_| width > 40.0) else { return };
            let chart = HistogramChart { histogram, scale, size: [width, HEIGHT], is_log, marked };
            draw(&canvas, chart.size, pixel_ratio(&canvas), &chart.shapes(), None);
        });
    });
    let point = move |event: web_sys::PointerEvent| {
        let Some(canvas) = canvas.get_untracked() else { return };
        let (size, [x, _]) = ([width.get_untracked(), HEIGHT], pointer_place(&canvas, &event));
        let bin = histogram.with_untracked(|histogram| {
            let scale = scale.get_untracked();
            let chart = HistogramChart { histogram: histogram.as_ref()?, scale, size, is_log: false, marked: None };
            chart.bin_at(x)
        });
        if marked.get_untracked() != bin {
            marked.set(bin);
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let Some(bins) = histogram.with_untracked(|histogram| histogram.as_ref().map(|h| h.counts.len())) else {
            return;
        };
        let now = marked.get_untracked();
        let next = match event.key().as_str() {
            "ArrowRight" => Some(now.map_or(0, |bin| (bin + 1).min(bins.saturating_sub(1)))),
            "ArrowLeft" => Some(now.map_or(0, |bin| bin.saturating_sub(1))),
            "Escape" if now.is_some() => None,
            _ => return,
        };
        event.prevent_default();
        marked.set(next);
    };
    let readout = move || {
        let Some(bin) = marked.get() else { return String::new() };
        let text = histogram.with(|histogram| {
            let histogram = histogram.as_ref()?;
            let count = *histogram.counts.get(bin)? as usize;
            let [from, to] = histogram.ends(bin).map(format::value);
            let share = format::percent(count as f32 / histogram.total.max(1) as f32, 1);
            let count = format::count(count);
            Some(t_with("histogram_bar", &[("count", &count), ("from", &from), ("to", &to), ("share", &share)]))
        });
        text.unwrap_or_default()
    };
    let summary = move || histogram.with(|histogram| histogram.as_ref().map(summary_text)).unwrap_or_default();
    let broken = move || {
        let is_log = pictures.has_log_counts.get();
        let is_broken = histogram.with(|histogram| {
            let Some(histogram) = histogram else { return false };
            let size = [300.0, HEIGHT];
            HistogramChart { histogram, scale: scale.get(), size, is_log, marked: None }.broken().is_some()
        });
        if is_broken { t("histogram_broken") } else { String::new() }
    };
    let label = {
        let name = name.clone();
        move || t_with("histogram_of", &[("name", &name)])
    };
    let title = label.clone();
    let figure = move || {
        let histogram = histogram.get()?;
        let (scale, is_log) = (scale.get(), pictures.has_log_counts.get());
        let size = [480.0, 200.0];
        let shapes = HistogramChart { histogram: &histogram, scale, size, is_log, marked: None }.shapes();
        let caption = Caption {
            title: format!("{}. {}", title(), summary_text(&histogram)),
            legend: Legend::None,
            configuration: state.configuration_line(),
            is_dark: scale.is_dark,
        };
        Some(Figure { name: format!("{name}-histogram"), caption, body: Body::Shapes { shapes, size } })
    };
    view! {
        <div class="histogram-place" node_ref=place>
            <canvas
                class="histogram"
                role="img"
                tabindex="0"
                aria-label=label
                width="0"
                height="0"
                node_ref=canvas
                on:pointermove=point
                on:pointerleave=move |_| marked.set(None)
                on:keydown=on_key
            ></canvas>
            <p class="help histogram-readout" aria-live="polite">{readout}</p>
            <p class="help">{summary}</p>
            <p class="help" hidden=move || broken().is_empty()>{broken}</p>
            <div class="scale-settings">
                <div class="segmented" role="group" aria-label=move || t("histogram_counts")>
                    <Choice text="counts_linear" is_on=move || !pictures.has_log_counts.get() choose=move || pictures.has_log_counts.set(false) />
                    <Choice text="counts_log" is_on=move || pictures.has_log_counts.get() choose=move || pictures.has_log_counts.set(true) />
                </div>
                <ExportMenu figure />
            </div>
        </div>
    }
}

/// Says range, mean, deviation and share of zeros.
fn summary_text(histogram: &Histogram) -> String {
    if histogram.total == 0 {
        return String::new();
    }
    let zeros = format::percent(histogram.zeros as f32 / histogram.total as f32, 1);
    let number = format::value;
    t_with(
        "tensor_summary",
        &[
            ("low", &number(histogram.low)),
            ("high", &number(histogram.high)),
            ("mean", &number(histogram.mean)),
            ("deviation", &number(histogram.deviation)),
            ("zeros", &zeros),
        ],
    )
}
