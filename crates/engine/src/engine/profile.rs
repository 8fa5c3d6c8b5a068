//! The cost of a training step on the GPU: reported once in a run, and kernel by kernel on request.

use super::Engine;
use crate::error::{Error, Result, SessionError};
use crate::protocol::{Answer, Event};

impl Engine {
    pub(super) fn tell_cost(&mut self) {
        if let Some((dispatches, submissions)) = self.session.step_cost() {
            self.event(Event::StepCost { dispatches, submissions });
        }
    }

    /// # Errors
    /// `not-training` if no step will be taken.
    pub(super) fn ask_for_times(&mut self, id: u32) -> Result<()> {
        if !self.may_train() {
            return Err(not_training());
        }
        self.session.time_next_step();
        self.profiles.push(id);
        Ok(())
    }

    /// Answers the requests for times once they are there.
    pub(super) fn answer_profiles(&mut self) {
        if self.profiles.is_empty() {
            return;
        }
        let Some(kernels) = self.session.step_times() else { return };
        for id in std::mem::take(&mut self.profiles) {
            let result = match kernels.is_empty() {
                true => Err(no_clock().into()),
                false => Ok(Answer::Profile(kernels.clone())),
            };
            self.reply(id, result, Vec::new());
        }
    }

    /// Refuses the requests for times, because the run has ended.
    pub(super) fn refuse_profiles(&mut self) {
        self.answer_profiles();
        for id in std::mem::take(&mut self.profiles) {
            self.reply(id, Err(not_training().into()), Vec::new());
        }
    }
}

fn no_clock() -> Error {
    SessionError::NoClock.into()
}

fn not_training() -> Error {
    SessionError::NotTraining.into()
}
