//! The panel with the map.

use chalkgrad_engine::protocol::requests::NearestWords;
use chalkgrad_engine::protocol::{ErrorReport, Neighbour};
use leptos::html::{Canvas, Div};
use leptos::prelude::*;
use leptos_use::use_element_size;
use wasm_bindgen_futures::spawn_local;

use super::readings::{Reading, embedding_layer, follow_map};
use crate::ui::browser::event_text;
use crate::ui::charts::canvas::{draw, pixel_ratio};
use crate::ui::charts::export::{Body, Figure};
use crate::ui::charts::figure::{Caption, Legend};
use crate::ui::charts::palette::{ColourScale, Mapping};
use crate::ui::charts::shapes::Shape;
use crate::ui::charts::word_map::{Place, WordMapChart};
use crate::ui::components::data_table::DataTable;
use crate::ui::components::export_menu::ExportMenu;
use crate::ui::features::inspector::legend::ScaleBar;
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::{report_text, t, t_with};

const HEIGHT: f64 = 340.0;

/// Size of the map in a file.
const SAVED: [f64; 2] = [720.0, 480.0];

/// Neighbours of a word that are listed.
const NEIGHBOURS: u32 = 10;

/// Words near the one that was looked for, or the reason why there are none.
#[derive(Clone, PartialEq, Debug, Default)]
struct Found {
    word: String,
    neighbours: Vec<Neighbour>,
    error: Option<ErrorReport>,
}

/// Panel with the map of the most frequent words, a search, and the neighbours of the word found.
#[component]
pub fn Words() -> impl IntoView {
    let state = use_state();
    let layer = Memo::new(move |_| embedding_layer(state));
    let reading = RwSignal::new(Reading::default());
    let found = RwSignal::new(Found::default());
    follow_map(state, layer, reading);
    let is_there = Memo::new(move |_| layer.get().is_some() && state.has_texts());
    view! {
        <section aria-labelledby="words-title">
            <h3 id="words-title" class="visually-hidden">{move || t("tab_words")}</h3>
            <Show when=move || is_there.get() fallback=|| view! { <p class="help empty">{move || t("word_map_none")}</p> }>
                <p class="help">{move || t("word_map_help")}</p>
                <div class="word-map">
                    <Map reading found />
                    <Search layer found reading />
                </div>
                <WordTable reading />
            </Show>
        </section>
    }
}

/// Returns the indices on the map of the word that was found and of its neighbours.
fn marked(reading: &Reading, found: &Found) -> Vec<usize> {
    let words = std::iter::once(&found.word).chain(found.neighbours.iter().map(|neighbour| &neighbour.word));
    words.filter_map(|word| reading.places.iter().position(|place| place.word == *word)).collect()
}

/// Returns the shapes of the map at a size.
fn shapes(reading: &Reading, found: &Found, scale: ColourScale, size: [f64; 2]) -> Vec<Shape> {
    let axis = |at: usize, key: &str| {
        let share = reading.explained.get(at).copied().unwrap_or_default();
        t_with(key, &[("share", &format::percent(share, 0))])
    };
    let axes = [axis(0, "word_map_across"), axis(1, "word_map_up")];
    let marked = marked(reading, found);
    WordMapChart { places: &reading.places, marked: &marked, scale, axes, size }.shapes()
}

#[component]
fn Map(reading: RwSignal<Reading>, found: RwSignal<Found>) -> impl IntoView {
    let state = use_state();
    let (place, canvas) = (NodeRef::<Div>::new(), NodeRef::<Canvas>::new());
    let width = use_element_size(place).width;
    let scale = Memo::new(move |_| ColourScale {
        limit: 1.0,
        mapping: Mapping::Linear,
        is_dark: state.screen.is_dark().get(),
        has_caps: false,
    });
    Effect::new(move |_| {
        let (width, scale) = (width.get(), scale.get());
        let Some(canvas) = canvas.get() else { return };
        if width < 80.0 {
            return;
        }
        let size = [width, HEIGHT];
        let shapes = reading.with(|reading| found.with(|found| shapes(reading, found, scale, size)));
        draw(&canvas, size, pixel_ratio(&canvas), &shapes, None);
    });
    let legend = move || {
        let [first, second] = [0, 1].map(|class| state.class_name(class));
        t_with("word_map_legend", &[("first", &first), ("second", &second)])
    };
    let figure = move || {
        let scale = scale.get();
        let shapes = reading.with(|reading| found.with(|found| shapes(reading, found, scale, SAVED)));
        let caption = Caption {
            title: t("word_map"),
            legend: Legend::Scale(scale, legend()),
            configuration: state.configuration_line(),
            is_dark: scale.is_dark,
        };
        let is_empty = reading.with(|reading| reading.places.is_empty());
        (!is_empty).then(|| Figure { name: "words".to_owned(), caption, body: Body::Shapes { shapes, size: SAVED } })
    };
    view! {
        <figure class="word-map-figure">
            <div class="word-map-place" node_ref=place>
                <canvas role="img" aria-label=move || t("word_map") node_ref=canvas width="0" height="0"></canvas>
            </div>
            <ScaleBar scale />
            <figcaption class="help">{legend}</figcaption>
            <ExportMenu figure />
        </figure>
    }
}

/// Field for a word, and its nearest neighbours.
#[component]
fn Search(layer: Memo<Option<String>>, found: RwSignal<Found>, reading: RwSignal<Reading>) -> impl IntoView {
    let state = use_state();
    let word = RwSignal::new(String::new());
    let look = move || {
        let (text, Some(layer)) = (word.get_untracked(), layer.get_untracked()) else { return };
        if text.trim().is_empty() {
            return found.set(Found::default());
        }
        let request = NearestWords { layer, word: text.clone(), count: NEIGHBOURS };
        let response = state.client().request(request);
        spawn_local(async move {
            let word = text.trim().to_lowercase();
            let answer = match response.await {
                Ok(neighbours) => Found { word, neighbours, error: None },
                Err(report) => Found { error: Some(report), ..Found::default() },
            };
            // The panel may be gone.
            found.try_set(answer);
        });
    };
    // The neighbours follow the weights.
    Effect::new(move |_| {
        reading.track();
        if found.with_untracked(|found| !found.word.is_empty()) {
            look();
        }
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        look();
    };
    let rows = move || {
        found.with(|found| {
            let row = |neighbour: &Neighbour| {
                view! {
                    <tr>
                        <td>{neighbour.word.clone()}</td>
                        <td>{format::value(neighbour.cosine)}</td>
                    </tr>
                }
            };
            found.neighbours.iter().map(row).collect_view()
        })
    };
    let status = move || {
        found.with(|found| match (&found.error, found.word.is_empty()) {
            (Some(report), _) => report_text(report),
            (None, true) => t("word_search_help"),
            (None, false) => t_with("word_neighbours", &[("word", &found.word)]),
        })
    };
    view! {
        <div class="word-search">
            <form on:submit=submit>
                <label for="word-search">{move || t("word_search")}</label>
                <div class="word-search-row">
                    <input
                        id="word-search"
                        class="input"
                        type="search"
                        autocomplete="off"
                        prop:value=move || word.get()
                        on:input=move |event| word.set(event_text(&event))
                    />
                    <button type="submit" class="button">{move || t("word_look")}</button>
                </div>
            </form>
            <p class="help" role="status">{status}</p>
            <Show when=move || found.with(|found| !found.neighbours.is_empty())>
                <DataTable name="word_neighbours_table" columns=["word", "cosine"]>{rows}</DataTable>
            </Show>
        </div>
    }
}

/// The map in numbers.
#[component]
fn WordTable(reading: RwSignal<Reading>) -> impl IntoView {
    let rows = move || {
        reading.with(|reading| {
            let row = |place: &Place| {
                let numbers = [place.at[0], place.at[1], place.tendency].map(format::value);
                view! {
                    <tr>
                        <td>{place.word.clone()}</td>
                        {numbers.map(|number| view! { <td>{number}</td> }).collect_view()}
                    </tr>
                }
            };
            reading.places.iter().map(row).collect_view()
        })
    };
    view! {
        <details class="data">
            <summary>{move || t("word_table")}</summary>
            <DataTable name="word_table" columns=["word", "word_across", "word_up", "word_tendency"]>{rows}</DataTable>
        </details>
    }
}
