//! The page's one copy of the training history, which its parts share.

use std::cell::{Ref, RefCell};
use std::rc::Rc;

use chalkgrad_engine::history::TrainingHistory;
use chalkgrad_engine::protocol::{ArrayData, Event};

/// Handle of a history that grows and never shrinks. When the weights are reset or an earlier state is restored, the
/// client continues with another history, so that the charts keep showing the old run until they follow.
#[derive(Clone, Debug, Default)]
pub struct SharedHistory(Rc<RefCell<TrainingHistory>>);

impl From<TrainingHistory> for SharedHistory {
    fn from(history: TrainingHistory) -> Self {
        Self(Rc::new(RefCell::new(history)))
    }
}

impl SharedHistory {
    /// Reads the history. It must not be extended meanwhile.
    pub fn read(&self) -> Ref<'_, TrainingHistory> {
        self.0.borrow()
    }

    /// Returns true if both handles are of one history.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Takes in an event, in another history if the event goes back to an earlier step.
    pub fn extend(&mut self, event: &Event, arrays: &[ArrayData]) {
        let replaced_after = self.read().replaced_after(event, arrays);
        if let Some(step) = replaced_after {
            self.go_back(step);
        }
        self.0.borrow_mut().extend(event, arrays);
    }

    /// Continues with another history, which ends at a step, unless this one ends there already.
    pub fn go_back(&mut self, step: u32) {
        if step < self.read().steps() {
            let earlier = self.read().until(step);
            *self = earlier.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chalkgrad_engine::protocol::BatchReport;

    fn batch(step: u32) -> (Event, [ArrayData; 1]) {
        (Event::Batch(BatchReport { step, ..Default::default() }), [ArrayData::F32(vec![step as f32; 2])])
    }

    #[test]
    fn it_grows_in_place_and_goes_back_in_a_new_one() {
        let mut history = SharedHistory::default();
        let chart = history.clone();
        for step in [2, 4] {
            let (event, losses) = batch(step);
            history.extend(&event, &losses);
        }
        assert!(history.is_same(&chart));
        history.go_back(4);
        assert!(history.is_same(&chart), "nothing was lost");
        let (event, losses) = batch(3);
        history.extend(&event, &losses);
        assert!(!history.is_same(&chart));
        assert_eq!(chart.read().losses(), [2.0, 2.0, 4.0, 4.0]);
        assert_eq!(history.read().losses(), [2.0, 3.0, 3.0]);
        history.go_back(1);
        assert_eq!(history.read().losses(), [2.0]);
    }
}
