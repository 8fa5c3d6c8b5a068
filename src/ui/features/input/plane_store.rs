//! The plane of a data set with two features: examples in it, and the places at which the network is asked.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::ui::charts::plane::{Mark, Window, places_along};
use crate::ui::features::network::checked::CheckedLayer;
use crate::ui::state::State;
use chalkgrad_engine::model::spec::TrainingConfig;
use chalkgrad_engine::protocol::requests::Examples;
use chalkgrad_engine::protocol::responses::ExampleBatch;
use chalkgrad_engine::protocol::{ArrayData, Split};

/// Examples that are shown.
const SHOWN: u32 = 200;

/// See the [module](self).
pub struct PlaneStore {
    marks: RwSignal<Vec<Mark>>,
}

impl Default for PlaneStore {
    fn default() -> Self {
        Self { marks: RwSignal::new(Vec::new()) }
    }
}

impl PlaneStore {
    /// Examples of the training part; none before they have come.
    pub fn marks(&self) -> ReadSignal<Vec<Mark>> {
        self.marks.read_only()
    }

    /// Drops the examples, because another data set is in use.
    pub fn forget(&self) {
        self.marks.set(Vec::new());
    }
}

impl State {
    /// Reads examples of the training part, if they are points of a plane, once they have come. The surrounding view follows that.
    pub fn load_plane(&self) {
        let (name, standardize) =
            self.engine.training().with(|training| (training.dataset.clone(), training.standardize));
        let is_there = self.engine.data().with(|data| data.complete && data.dataset == name);
        if !is_there || !self.is_plane() {
            return;
        }
        let count = SHOWN.min(untrack(|| self.dataset()).train_total as u32);
        let state = *self;
        let response = self.client().request(Examples { split: Split::Train, indices: (0..count).collect() });
        spawn_local(async move {
            // Without an answer, another data set has come meanwhile.
            let Ok(ExampleBatch { info, inputs: ArrayData::F32(places), values }) = response.await else { return };
            let columns = (values.len() / count.max(1) as usize).max(1);
            let classes = info.classes.into_iter().map(|class| class as f32);
            let targets: Vec<f32> = classes.chain(values.chunks(columns).map(|target| target[0])).collect();
            let (places, _) = places.as_chunks::<2>();
            let marks = places.iter().zip(targets).map(|(at, target)| Mark { at: *at, target }).collect();
            let is_same = |training: &TrainingConfig| training.dataset == name && training.standardize == standardize;
            if state.engine.training().with_untracked(is_same) {
                state.plane.marks.set(marks);
            }
        });
    }

    /// Returns the places at which the network is asked, `[k,2]`, without tracking; `None` if its input is no point of a plane or
    /// the examples have not come.
    pub fn plane_places(&self) -> Option<Vec<f32>> {
        let window = self.plane.marks.with_untracked(|marks| (!marks.is_empty()).then(|| Window::around(marks)))?;
        let is_plane = untrack(|| self.is_plane()) && self.input_size() == 2;
        is_plane.then(|| window.places(untrack(|| self.places_along())))
    }

    /// Returns the number of places along a side. The surrounding view follows it.
    pub fn places_along(&self) -> usize {
        let outputs = |layer: &CheckedLayer| layer.output_shape.iter().product::<usize>();
        places_along(self.network.checked().with(|checked| checked.layers.iter().map(outputs).sum()))
    }
}
