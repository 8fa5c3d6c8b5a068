//! Requests for gradients of outputs, which are computed between steps, a turn at a time, so that other requests need not
//! wait, and not so often that training suffers.

use super::{Engine, is_device_fault};
use crate::protocol::{ArrayData, Command, Envelope, Request};

/// During training, inspections get earlier gradients until this many times the time has passed that they took.
const PAUSE_FACTOR: f64 = 12.0;

#[derive(Default)]
pub(super) struct GradientRequests {
    waiting: Vec<Envelope<Request>>,
    /// The time that computing them has taken so far, and the time at which inspections get new ones.
    taken_ms: f64,
    due_ms: f64,
}

impl GradientRequests {
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl Engine {
    /// Returns true if a command has to wait for gradients of outputs. On a backend that works by itself all commands wait.
    pub(super) fn wants_output_gradients(&self, command: &Command, now_ms: f64) -> bool {
        let session = &self.session;
        !session.is_asynchronous()
            && match command {
                Command::Tensor { name } => session.is_output_gradient(name),
                Command::Inspect { names } => {
                    let may_be_old = self.may_train() && now_ms < self.gradients.due_ms;
                    names.iter().any(|name| session.is_output_gradient(name))
                        && !(may_be_old && session.has_output_gradients())
                }
                _ => false,
            }
    }

    pub(super) fn await_output_gradients(&mut self, id: u32, command: Command, arrays: Vec<ArrayData>) {
        self.gradients.waiting.push(Envelope { message: Request { id, command }, arrays });
    }

    /// Computes the gradients, and answers the requests when they are there; false if there is no time left.
    pub(super) fn work_out_gradients(&mut self, clock: &dyn Fn() -> f64, deadline_ms: f64) -> bool {
        let begin_ms = clock();
        let result = self.session.compute_output_gradients(&mut || clock() < deadline_ms);
        let now_ms = clock();
        self.gradients.taken_ms += now_ms - begin_ms;
        let error = match result {
            Ok(false) => return false,
            Ok(true) => None,
            Err(error) if is_device_fault(&error) => {
                self.die(error);
                return false;
            }
            Err(error) => Some(error),
        };
        self.gradients.due_ms = now_ms + PAUSE_FACTOR * self.gradients.taken_ms;
        self.gradients.taken_ms = 0.0;
        for Envelope { message: Request { id, command }, arrays } in std::mem::take(&mut self.gradients.waiting) {
            match (&error, &command) {
                (Some(error), Command::Tensor { .. }) => self.reply(id, Err(error.clone().into()), Vec::new()),
                // An inspection of several tensors shows the others.
                _ => self.answer(id, command, arrays, clock),
            }
        }
        true
    }
}
