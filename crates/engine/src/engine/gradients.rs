//! Requests for gradients of outputs, which have to be worked out first: between steps, a turn at a time, so that others need
//! not wait, and not so often that training suffers.

use super::{Engine, is_device_fault};
use crate::protocol::{Bulk, Command, Envelope, Request};

/// Who only looks, while it trains, is shown earlier ones until so many times the time has passed that they took.
const PAUSE_FACTOR: f64 = 12.0;

#[derive(Default)]
pub(super) struct GradientRequests {
    waiting: Vec<Envelope<Request>>,
    /// What working them out has taken so far, and when those who only look are given new ones.
    taken_ms: f64,
    due_ms: f64,
}

impl GradientRequests {
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl Engine {
    /// Whether a command has to wait for gradients of outputs. On a backend that works by itself it waits with the others.
    pub(super) fn wants_output_gradients(&self, command: &Command, now_ms: f64) -> bool {
        let session = &self.session;
        !session.is_asynchronous()
            && match command {
                Command::Tensor { name } => session.is_output_gradient(name),
                Command::Look { names } => {
                    let may_be_old = self.may_train() && now_ms < self.gradients.due_ms;
                    names.iter().any(|name| session.is_output_gradient(name))
                        && !(may_be_old && session.has_output_gradients())
                }
                _ => false,
            }
    }

    pub(super) fn await_output_gradients(&mut self, id: u32, command: Command, arrays: Vec<Bulk>) {
        self.gradients.waiting.push(Envelope { message: Request { id, command }, arrays });
    }

    /// Works on what is waited for, and answers when it is there; false if there is no time left.
    pub(super) fn work_out_gradients(&mut self, clock: &dyn Fn() -> f64, deadline_ms: f64) -> bool {
        let begin_ms = clock();
        let result = self.session.work_out_output_gradients(&mut || clock() < deadline_ms);
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
                // Who looks at several things sees the others.
                _ => self.answer(id, command, arrays, clock),
            }
        }
        true
    }
}
