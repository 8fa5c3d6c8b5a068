//! Test images beside what an autoencoder makes of them.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::ui::components::reconstruction::{Reconstruction, pixels};
use crate::ui::state::{State, use_state};
use crate::ui::text::t;
use chalkgrad_engine::protocol::requests::{Examples, Inspect};
use chalkgrad_engine::protocol::{ArrayData, MODEL_OUTPUT, Split};

/// Images that are shown.
const SHOWN: u32 = 8;

/// A test image and its reconstruction, pixel by pixel.
type Pair = [Vec<u8>; 2];

#[component]
pub fn Reconstructions() -> impl IntoView {
    let state = use_state();
    let pairs = RwSignal::new(Vec::<Pair>::new());
    if untrack(|| state.has_images()) {
        load(state, pairs);
    }
    let pair = move |(at, pair): (usize, Pair)| {
        let [input, output] = pair;
        view! {
            <li>
                <button type="button" class="reconstruction-button" aria-label=move || t("reconstruction_show") on:click=move |_| state.show_test_image(at as u32)>
                    <Reconstruction input=Signal::stored(input.clone()) output=Signal::stored(output.clone()) />
                </button>
            </li>
        }
    };
    view! {
        <section class="reconstructions" aria-label=move || t("reconstructions")>
            <p class="help">{move || t("reconstructions_help")}</p>
            <ul>{move || pairs.get().into_iter().enumerate().map(pair).collect_view()}</ul>
        </section>
    }
}

/// Reads the first test images and asks the network for its outputs.
fn load(state: State, pairs: RwSignal<Vec<Pair>>) {
    let client = state.client();
    let count = SHOWN.min(untrack(|| state.dataset()).test_total as u32);
    let examples = client.request(Examples { split: Split::Test, indices: (0..count).collect() });
    spawn_local(async move {
        let Ok(batch) = examples.await else { return };
        let names = vec![MODEL_OUTPUT.to_owned()];
        let outputs = client.request(Inspect { names, inputs: batch.inputs.clone() });
        let Ok(outputs) = outputs.await else { return };
        let (ArrayData::U8(inputs), Some(outputs)) = (batch.inputs, outputs.first()) else { return };
        let size = inputs.len() / count.max(1) as usize;
        if size == 0 || outputs.values.len() != inputs.len() {
            return;
        }
        let of_outputs = outputs.values.chunks(size).map(pixels);
        // The view may be gone.
        pairs.try_set(inputs.chunks(size).zip(of_outputs).map(|(input, output)| [input.to_vec(), output]).collect());
    });
}
