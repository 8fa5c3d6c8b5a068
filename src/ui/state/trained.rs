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
    /// Keeps a state; it replaces an earlier one of the same network.
    pub fn keep(&mut self, state: Checkpoint) {
        self.0.retain(|other| other.model != state.model);
        self.0.push(state);
        while self.0.len() > MAX_STATES || (self.0.len() > 1 && self.size_bytes() > MAX_BYTES) {
            self.0.remove(0);
        }
    }

    /// Returns the state of a network, if it is kept.
    pub fn of(&self, model: &ModelSpec) -> Option<Checkpoint> {
        self.0.iter().find(|state| state.model == *model).cloned()
    }

    fn size_bytes(&self) -> usize {
        self.0.iter().flat_map(|state| &state.arrays).map(|array| size_of_val(&array[..])).sum()
    }
}
