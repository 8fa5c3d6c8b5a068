//! Reading weights and gradients for their histograms over time.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::State;
use crate::ui::charts::bins::Snapshot;
use chalkgrad_engine::protocol::requests::Inspect;

/// Maximum number of weights of a layer that is read at the end of every epoch even if its histograms are not visible.
const MAX_UNASKED: usize = 300_000;

impl State {
    /// Returns the tensors for a layer's histograms, its main weights and their gradient, given its index.
    pub fn histogram_names(&self, index: usize) -> Option<[String; 2]> {
        self.network.checked().with(|checked| {
            let layer = checked.layers.get(index)?;
            let weight = layer.weights.iter().find(|weight| weight.trainable)?;
            Some(["", "grad "].map(|prefix| format!("{prefix}{}.{}", layer.name, weight.name)))
        })
    }

    /// Reads tensors at once, all with one request, and adds their histograms; calls `then` afterwards.
    pub fn sample_histograms(&self, names: Vec<String>, then: Box<dyn FnOnce()>) {
        if names.is_empty() {
            return then();
        }
        let (state, step) = (*self, self.steps());
        let image = self.input_now();
        let response = self.client().request(Inspect { names: names.clone(), inputs: image });
        spawn_local(async move {
            if let Ok(tensors) = response.await {
                // A gradient is not there before the first step.
                let present = names.into_iter().zip(tensors).filter(|(_, tensor)| !tensor.values.is_empty());
                state.histograms.add(present.map(|(name, tensor)| (name, Snapshot::new(step, &tensor.values))));
            }
            then();
        });
    }

    /// Samples the histograms of all layers before the first step, whose weights are gone after it. A run that a script
    /// begins has none of them, because a script's requests do not wait for the page.
    pub(super) fn sample_first_histograms(&self) {
        if self.steps() == 0 {
            self.client().leave_pretrained();
            self.sample_all_histograms();
        }
    }

    /// Samples the histograms of all layers: at the end of an epoch too, so that a history exists when the tab is opened.
    pub(super) fn sample_all_histograms(&self) {
        let layers = self
            .network
            .checked()
            .with_untracked(|checked| checked.layers.iter().map(|layer| layer.params).collect::<Vec<_>>());
        let small = (0..layers.len()).filter(|index| layers[*index] <= MAX_UNASKED);
        let names = small.filter_map(|index| untrack(|| self.histogram_names(index))).flatten();
        self.sample_histograms(names.collect(), Box::new(|| {}));
    }
}
