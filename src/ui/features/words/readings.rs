//! The places of the words, read from the engine while the panel is open.

use chalkgrad_engine::data::text::PADDING;
use chalkgrad_engine::model::catalogue::Source;
use chalkgrad_engine::protocol::requests::{Inspect, Vocabulary, WordMap};
use chalkgrad_engine::protocol::{ArrayData, MODEL_OUTPUT};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::ui::browser::after_ms;
use crate::ui::charts::word_map::Place;
use crate::ui::state::State;

/// Words on the map.
const SHOWN: u32 = 300;

/// Between two readings.
const PAUSE_MS: i32 = 1_000;

/// The map at one moment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Reading {
    pub places: Vec<Place>,
    /// The share that each axis has in the variance.
    pub explained: Vec<f32>,
}

/// Returns the layer that embeds the input's tokens.
pub fn embedding_layer(state: State) -> Option<String> {
    let is_embedding = |(index, inputs): (usize, &[Source])| {
        let takes = state
            .network
            .history()
            .with(|history| history.draft().layers.get(index).is_some_and(|(_, layer)| layer.type_name == "Embedding"));
        takes && inputs == [Source::Input]
    };
    state.network.checked().with(|checked| {
        let at = checked.layers.iter().enumerate().position(|(index, layer)| is_embedding((index, &layer.inputs)));
        Some(checked.layers.get(at?)?.name.clone())
    })
}

/// Reads the map for as long as the panel is there: now and whenever the weights have changed. The last change is never left out.
pub fn follow_map(state: State, layer: Memo<Option<String>>, reading: RwSignal<Reading>) {
    let is_reading = StoredValue::new(false);
    let stale = RwSignal::new(0u32);
    Effect::new(move |_| {
        stale.track();
        let version = state.run.weights_version().get();
        state.engine.training().with(|training| training.text);
        let Some(layer) = layer.get().filter(|_| state.has_texts()) else {
            return reading.set(Reading::default());
        };
        if is_reading.get_value() || document().hidden() {
            return;
        }
        is_reading.set_value(true);
        spawn_local(async move {
            if let Some(read) = read(state, layer).await {
                // The panel may be gone.
                reading.try_set(read);
            }
            after_ms(PAUSE_MS, move || {
                let _ = is_reading.try_set_value(false);
                if state.run.weights_version().get_untracked() != version {
                    stale.try_update(|stale| *stale += 1);
                }
            });
        });
    });
}

/// Reads the places, and what the network answers to each word alone. `None` while the network or the data set is another one.
async fn read(state: State, layer: String) -> Option<Reading> {
    let map = state.client().request(WordMap { layer, words: SHOWN }).await.ok()?;
    let words = state.client().request(Vocabulary {}).await.ok()?;
    let length = state.input_size();
    let first = map.first_id as usize;
    let mut ids = vec![PADDING; map.places.len() * length];
    ids.iter_mut().step_by(length.max(1)).zip(map.first_id..).for_each(|(id, word)| *id = word as i32);
    let request = Inspect { names: vec![MODEL_OUTPUT.to_owned()], inputs: ArrayData::I32(ids) };
    let outputs = state.client().request(request).await.ok()?.into_iter().next()?.values;
    let width = outputs.len() / map.places.len().max(1);
    let tendency = |index: usize| match outputs.get(index * width..(index + 1) * width) {
        // One output is the probability of the second class.
        Some([second]) => 2.0 * second - 1.0,
        Some([first, second]) => second - first,
        _ => 0.0,
    };
    let places = map.places.iter().enumerate().map(|(index, at)| Place {
        word: words.get(first + index).cloned().unwrap_or_default(),
        at: *at,
        tendency: tendency(index),
    });
    Some(Reading { places: places.collect(), explained: map.explained })
}
