//! Trained states of networks that an edit has replaced, so that Undo brings their weights back.

use chalkgrad_engine::checkpoint::Checkpoint;
use chalkgrad_engine::model::spec::ModelSpec;

/// The most states that are kept, and the most memory that their arrays take.
const MAX_STATES: usize = 12;
const MAX_BYTES: usize = 96 << 20;

/// See the [module](self). The latest state comes last.
#[derive(Default)]
pub struct TrainedStates(Vec<Checkpoint>);

impl TrainedStates {
    /// Keeps a state; it replaces an earlier one of the same network on the same data set.
    pub fn keep(&mut self, state: Checkpoint) {
        let is_same =
            |other: &Checkpoint| other.model == state.model && other.training.dataset == state.training.dataset;
        self.0.retain(|other| !is_same(other));
        self.0.push(state);
        while self.0.len() > MAX_STATES || (self.0.len() > 1 && self.size_bytes() > MAX_BYTES) {
            self.0.remove(0);
        }
    }

    /// Returns the state of a network on a data set, if it is kept.
    pub fn of(&self, model: &ModelSpec, dataset: &str) -> Option<Checkpoint> {
        self.0.iter().find(|state| state.model == *model && state.training.dataset == dataset).cloned()
    }

    fn size_bytes(&self) -> usize {
        self.0.iter().flat_map(|state| &state.arrays).map(|array| size_of_val(&array[..])).sum()
    }
}
