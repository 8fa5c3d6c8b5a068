//! The plane of a data set with two features: the answers of the network everywhere, live while it trains, under the examples.

use chalkgrad_engine::data::Target;
use chalkgrad_engine::protocol::requests::{Examples, Predict};
use chalkgrad_engine::protocol::responses::ExampleBatch;
use chalkgrad_engine::protocol::{ArrayData, Split};
use leptos::html::{Canvas, Div};
use leptos::prelude::*;
use leptos_use::use_element_size;
use wasm_bindgen_futures::spawn_local;

use crate::ui::browser::after_ms;
use crate::ui::charts::canvas::{draw, pixel_ratio};
use crate::ui::charts::palette::{ColourScale, Mapping, limit};
use crate::ui::charts::plane::{Mark, PlaneChart, Window};
use crate::ui::features::inspector::legend::ScaleBar;
use crate::ui::state::{State, use_state};
use crate::ui::text::{t, t_with};

/// Examples that are shown.
const SHOWN: u32 = 200;

/// Between two questions while the network trains.
const PAUSE_MS: i32 = 250;

/// Plane with the answers of the network and examples of the training part.
#[component]
pub fn Plane() -> impl IntoView {
    let state = use_state();
    let (place, canvas) = (NodeRef::<Div>::new(), NodeRef::<Canvas>::new());
    let marks = RwSignal::new(Vec::<Mark>::new());
    let answers = RwSignal::new(Vec::<f32>::new());
    let window = Memo::new(move |_| marks.with(|marks| Window::around(marks)));
    read_marks(state, marks);
    follow_answers(state, window, answers);
    let scale = Memo::new(move |_| {
        let targets = marks.with(|marks| marks.iter().map(|mark| mark.target).collect::<Vec<_>>());
        let limit = limit(&targets, false);
        ColourScale { limit, mapping: Mapping::Linear, is_dark: state.screen.is_dark().get(), has_caps: false }
    });
    let width = use_element_size(place).width;
    Effect::new(move |_| {
        let (side, scale, window) = (width.get(), scale.get(), window.get());
        let Some(canvas) = canvas.get() else { return };
        answers.with(|answers| {
            marks.with(|marks| {
                if side < 80.0 || marks.is_empty() {
                    return;
                }
                let chart = PlaneChart { window, answers, marks, scale, side };
                draw(&canvas, [side, side], pixel_ratio(&canvas), &chart.shapes(), None);
            });
        });
    });
    let legend = move || match state.dataset().schema.target {
        Target::Class { .. } => {
            let [first, second] = [0, 1].map(|class| state.class_name(class));
            t_with("plane_classes", &[("first", &first), ("second", &second)])
        }
        Target::Values { names } => t_with("plane_values", &[("name", &names.join(", "))]),
        Target::Input => String::new(),
    };
    view! {
        <figure class="plane">
            <div class="plane-place" node_ref=place>
                <canvas role="img" aria-label=move || t("plane") node_ref=canvas width="0" height="0"></canvas>
            </div>
            <ScaleBar scale />
            <figcaption class="help">{legend}</figcaption>
        </figure>
    }
}

/// Reads examples of the training part once they have come.
fn read_marks(state: State, marks: RwSignal<Vec<Mark>>) {
    Effect::new(move |_| {
        let name = state.engine.training().with(|training| training.dataset.clone());
        let is_there = state.engine.data().with(|data| data.complete && data.dataset == name);
        if !is_there {
            return;
        }
        let count = SHOWN.min(untrack(|| state.dataset()).train_total as u32);
        let has_classes = untrack(|| state.classes()) > 0;
        let response = state.client().request(Examples { split: Split::Train, indices: (0..count).collect() });
        spawn_local(async move {
            // Without an answer, another data set has come meanwhile.
            let Ok(ExampleBatch { info, inputs: ArrayData::F32(places), values }) = response.await else { return };
            let classes = info.classes.into_iter().map(|class| class as f32 * 2.0 - 1.0);
            let targets = if has_classes { classes.collect() } else { values };
            let (places, _) = places.as_chunks::<2>();
            let read = places.iter().zip(targets).map(|(at, target)| Mark { at: *at, target }).collect();
            if state.engine.training().with_untracked(|training| training.dataset == name) {
                // The view may be gone.
                marks.try_set(read);
            }
        });
    });
}

/// Asks the network again whenever its weights have changed: one question at a time, and the last change is never left out.
fn follow_answers(state: State, window: Memo<Window>, answers: RwSignal<Vec<f32>>) {
    let is_asking = StoredValue::new(false);
    let is_stale = RwSignal::new(0u32);
    Effect::new(move |_| {
        state.run.weights_version().track();
        is_stale.track();
        let places = window.with(Window::places);
        let is_valid = state.network.checked().with(|checked| checked.error.is_none());
        if is_asking.get_value() || !is_valid {
            return;
        }
        is_asking.set_value(true);
        let version = state.run.weights_version().get_untracked();
        let response = state.client().request(Predict { pixels: ArrayData::F32(places.clone()) });
        spawn_local(async move {
            if let Ok(outputs) = response.await {
                let has_classes = untrack(|| state.classes()) > 0;
                answers.try_set(as_answers(&outputs, places.len() / 2, has_classes));
            }
            after_ms(PAUSE_MS, move || {
                let _ = is_asking.try_set_value(false);
                if state.run.weights_version().get_untracked() != version {
                    is_stale.try_update(|stale| *stale += 1);
                }
            });
        });
    });
}

/// Returns one number for each place: the value, or -1 to 1 for two classes, where one output is the probability of the second.
fn as_answers(outputs: &[f32], places: usize, has_classes: bool) -> Vec<f32> {
    let width = outputs.len() / places.max(1);
    let answer = |output: &[f32]| match (output, has_classes) {
        (&[value], false) => value,
        (&[second], true) => 2.0 * second - 1.0,
        (&[first, second, ..], _) => second - first,
        ([], _) => f32::NAN,
    };
    outputs.chunks(width.max(1)).map(answer).collect()
}
