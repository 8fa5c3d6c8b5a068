//! The distribution of the layers' weights and gradients over the course of training.

use leptos::html::{Canvas, Div};
use leptos::prelude::*;
use leptos::reactive::traits::Track as _;
use leptos_use::use_element_size;

use crate::ui::browser::after_ms;
use crate::ui::charts::bands;
use crate::ui::charts::bins::Track;
use crate::ui::charts::canvas::{draw, pixel_ratio};
use crate::ui::charts::export::{Body, Figure};
use crate::ui::charts::figure::{Caption, Legend};
use crate::ui::components::export_menu::ExportMenu;
use crate::ui::format;
use crate::ui::state::{State, use_state};
use crate::ui::text::{t, t_with};

const HEIGHT: f64 = 180.0;

/// Time between two readings.
const PAUSE_MS: i32 = 1000;

/// Returns the tensors of the selected layer, or of the first one with weights.
fn shown_names(state: State) -> Option<[String; 2]> {
    let selected = state
        .network
        .selected()
        .get()
        .and_then(|id| state.network.history().with(|history| history.draft().position(id)));
    let layers = state.network.checked().with(|checked| checked.layers.len());
    match selected {
        Some(index) => state.histogram_names(index),
        None => (0..layers).find_map(|index| state.histogram_names(index)),
    }
}

/// Reads the distributions of the shown layer for as long as the panel is there: now, whenever the weights have changed,
/// and when another layer is shown. The last change is never left out.
fn read_while_open(state: State, names: Memo<Option<[String; 2]>>) {
    let is_reading = StoredValue::new(false);
    let stale = RwSignal::new(0u32);
    Effect::new(move |_| {
        stale.track();
        let seen = (state.run.weights_version().get(), names.get());
        if is_reading.get_value() || document().hidden() {
            return;
        }
        is_reading.set_value(true);
        let then = move || {
            after_ms(PAUSE_MS, move || {
                // The panel may have gone meanwhile.
                let now = names.try_get_untracked().map(|names| (state.run.weights_version().get_untracked(), names));
                is_reading.try_update_value(|is_reading| *is_reading = false);
                if now.is_some_and(|now| now != seen) {
                    stale.try_update(|count| *count += 1);
                }
            });
        };
        state.sample_histograms(names.get_untracked().into_iter().flatten().collect(), Box::new(then));
    });
}

/// Panel with the distributions of the selected layer's weights and their gradient.
#[component]
pub fn WeightHistograms() -> impl IntoView {
    let state = use_state();
    let names = Memo::new(move |_| shown_names(state));
    read_while_open(state, names);
    let content = move || match names.get() {
        None => view! { <p class="help empty">{move || t("no_weights")}</p> }.into_any(),
        Some(names) => {
            let views: Vec<_> = names.into_iter().map(|name| view! { <Distribution name /> }).collect();
            view! { <div class="histograms">{views}</div> }.into_any()
        }
    };
    view! {
        <section aria-labelledby="histograms-title">
            <h3 id="histograms-title" class="visually-hidden">{move || t("tab_histograms")}</h3>
            <p class="help">{move || t("histograms_help")}</p>
            <BandNames />
            {content}
        </section>
    }
}

/// Returns the names of bands and median.
fn band_names(is_dark: bool) -> Vec<(String, String)> {
    let names = ["band_all", "band_90", "band_50", "band_median"];
    bands::colours(is_dark).into_iter().zip(names).map(|(colour, name)| (colour.to_owned(), t(name))).collect()
}

#[component]
fn BandNames() -> impl IntoView {
    let state = use_state();
    let items = move || {
        let item = |(colour, name): (String, String)| {
            view! {
                <li>
                    <span class="band-swatch" aria-hidden="true" style:background=colour></span>
                    {name}
                </li>
            }
        };
        band_names(state.screen.is_dark().get()).into_iter().map(item).collect::<Vec<_>>()
    };
    view! { <ul class="legend band-names">{items}</ul> }
}

#[component]
fn Distribution(name: String) -> impl IntoView {
    let state = use_state();
    let (place, canvas) = (NodeRef::<Div>::new(), NodeRef::<Canvas>::new());
    let width = use_element_size(place).width;
    let track = {
        let name = name.clone();
        Memo::new(move |_| {
            let found =
                state.histograms.tracks().with(|tracks| tracks.iter().find(|track| track.name == name).cloned());
            found.unwrap_or_else(Track::default)
        })
    };
    Effect::new(move |_| {
        let (width, is_dark) = (width.get(), state.screen.is_dark().get());
        let Some(canvas) = canvas.get() else { return };
        track.with(|track| {
            if width < 40.0 || track.snapshots.is_empty() {
                return;
            }
            let size = [width, HEIGHT];
            draw(&canvas, size, pixel_ratio(&canvas), &bands::shapes(track, size, is_dark), None);
        });
    });
    let summary = move || {
        track.with(|track| {
            let Some(last) = track.snapshots.last() else { return String::new() };
            let values = [last.mean, last.deviation, last.scale].map(format::number_short);
            let [mean, deviation, scale] = &values;
            t_with("histogram_summary", &[("mean", mean), ("deviation", deviation), ("scale", scale)])
        })
    };
    let steps = move || {
        track.with(|track| {
            let step = |at: Option<&crate::ui::charts::bins::Snapshot>| at.map_or(0, |snapshot| snapshot.step as usize);
            let (from, to) = (step(track.snapshots.first()), step(track.snapshots.last()));
            t_with("histogram_steps", &[("from", &format::count(from)), ("to", &format::count(to))])
        })
    };
    let label = {
        let name = name.clone();
        move || format!("{name}: {}", summary())
    };
    let title = label.clone();
    let file = name.clone();
    let figure = move || {
        let (is_dark, size) = (state.screen.is_dark().get(), [560.0, 220.0]);
        let shapes = track.with(|track| bands::shapes(track, size, is_dark));
        let caption = Caption {
            title: title(),
            legend: Legend::Names(band_names(is_dark)),
            configuration: state.configuration_line(),
            is_dark,
        };
        let name = format!("{file}-steps");
        (!shapes.is_empty()).then_some(Figure { name, caption, body: Body::Shapes { shapes, size } })
    };
    view! {
        <figure class="histogram">
            <figcaption>
                <code>{name}</code>
                <span class="help">{summary}</span>
            </figcaption>
            <div class="histogram-frame" node_ref=place>
                <canvas class="histogram-image" role="img" aria-label=label node_ref=canvas></canvas>
            </div>
            <div class="histogram-foot">
                <p class="help histogram-steps">{steps}</p>
                <ExportMenu figure />
            </div>
        </figure>
    }
}
