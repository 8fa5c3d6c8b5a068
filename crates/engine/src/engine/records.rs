//! Requests for the tensors of the last step. Its record is computed between steps, a turn at a time, so that other requests need
//! not wait, and not so often that training suffers. Readers come when a run has been paused or stopped, so a halt waits for a
//! step that is recorded.

use super::{Engine, is_device_fault};
use crate::error::{Error, SessionError};
use crate::protocol::{Answer, ArrayData, Command, Effect, Envelope, Request, RunState};
use crate::train::Progress;

/// During training, inspections get the tensors of an earlier step until this many times the time has passed that they took.
const PAUSE_FACTOR: f64 = 12.0;

/// Steps that take longer are all recorded, because copying the states costs little beside them. A halt then need not wait for
/// another step.
const SLOW_STEP_MS: f64 = 50.0;

#[derive(Default)]
pub(super) struct Records {
    waiting: Vec<Envelope<Request>>,
    /// The time that computing the present record has taken so far, and the time at which inspections get a new one.
    taken_ms: f64,
    due_ms: f64,
    halts: Vec<(u32, Halt)>,
    /// The end of the last step of the run, and the time that it took.
    step_end_ms: Option<f64>,
    step_ms: Option<f64>,
}

/// The two ways to halt a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Halt {
    Pause,
    Stop,
}

impl Records {
    pub fn has_requests(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Returns true if nothing waits for a step that is recorded.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.halts.is_empty()
    }

    fn is_slow(&self) -> bool {
        self.step_ms.is_none_or(|step_ms| step_ms >= SLOW_STEP_MS)
    }
}

impl Engine {
    /// Returns true if a command has to wait until the last step has been recorded, or its record computed.
    pub(super) fn waits_for_record(&self, command: &Command, now_ms: f64) -> bool {
        let session = &self.session;
        let wants = match command {
            Command::Tensor { name } => session.needs_record(name),
            Command::LastStep { .. } | Command::Explain { .. } | Command::CheckGradient { .. } => true,
            Command::Inspect { names } => {
                let may_be_old = self.may_train() && now_ms < self.records.due_ms;
                let wants = names.iter().any(|name| session.is_output_gradient(name));
                wants && !(may_be_old && session.has_computed_record())
            }
            _ => false,
        };
        if session.has_record() {
            return wants && !session.is_record_computed();
        }
        wants && (self.may_train() || session.is_recording())
    }

    pub(super) fn await_record(&mut self, id: u32, command: Command, arrays: Vec<ArrayData>) {
        self.records.waiting.push(Envelope { message: Request { id, command }, arrays });
    }

    /// Works for the requests that wait; false if training has to go on for them, or there is no time left.
    pub(super) fn work_for_records(&mut self, clock: &dyn Fn() -> f64, deadline_ms: f64) -> Worked {
        if !self.session.has_record() {
            if self.may_train() || self.session.is_recording() {
                self.session.hold_at_record();
                return Worked::NeedsStep;
            }
            // No step will come.
            self.answer_waiting(None, clock);
            return Worked::Done;
        }
        let begin_ms = clock();
        let result = self.session.compute_record(&mut || clock() < deadline_ms);
        let now_ms = clock();
        self.records.taken_ms += now_ms - begin_ms;
        let error = match result {
            Ok(false) => return Worked::OutOfTime,
            Ok(true) => None,
            Err(error) if is_device_fault(&error) => {
                self.die(error);
                return Worked::OutOfTime;
            }
            Err(error) => Some(error),
        };
        self.records.due_ms = now_ms + PAUSE_FACTOR * self.records.taken_ms;
        self.records.taken_ms = 0.0;
        self.answer_waiting(error.as_ref(), clock);
        Worked::Done
    }

    fn answer_waiting(&mut self, error: Option<&Error>, clock: &dyn Fn() -> f64) {
        for request in std::mem::take(&mut self.records.waiting) {
            // A device has to be asked for the tensors first.
            if error.is_none() && self.session.is_asynchronous() {
                self.defer(request, clock);
                continue;
            }
            let Envelope { message: Request { id, command }, arrays } = request;
            match error {
                // An inspection of several tensors shows the others.
                Some(error) if !matches!(command, Command::Inspect { .. }) => {
                    self.reply(id, Err(error.clone().into()), Vec::new());
                }
                _ => self.answer(id, command, arrays, clock),
            }
        }
    }

    /// Records the first step of a run, because it is not known yet how long steps take.
    pub(super) fn begin_recording(&mut self) {
        (self.records.step_end_ms, self.records.step_ms) = (None, None);
        self.session.want_record();
    }

    /// Notes the end of a step.
    pub(super) fn note_step(&mut self, now_ms: f64) {
        self.records.step_ms = self.records.step_end_ms.map(|end_ms| now_ms - end_ms);
        self.records.step_end_ms = Some(now_ms);
        self.session.record_all(self.records.is_slow());
    }

    /// Halts the run, or lets it take another step first that is recorded. Returns the answer, or `None` if it comes later.
    pub(super) fn halt(&mut self, id: u32, halt: Halt, clock: &dyn Fn() -> f64) -> Option<Answer> {
        // Nobody waits for a slow step to end, which is recorded as a rule.
        let is_recorded = match self.records.is_slow() {
            true => self.session.settles_at_record(),
            false => self.session.has_record() && !self.session.is_midway(),
        };
        if self.may_train() && !is_recorded {
            self.session.hold_at_record();
            self.records.halts.push((id, halt));
            return None;
        }
        self.settle(clock);
        Some(self.halt_now(halt, clock()))
    }

    fn halt_now(&mut self, halt: Halt, now_ms: f64) -> Answer {
        match halt {
            Halt::Pause => self.pause(now_ms),
            Halt::Stop => self.end_run(RunState::Stopped, None, now_ms),
        }
        Answer::State { state: self.state() }
    }

    /// Halts the run for the requests that wait for a recorded step, if it has been taken or none will come.
    pub(super) fn halt_if_recorded(&mut self, clock: &dyn Fn() -> f64) {
        if self.records.halts.is_empty() || self.session.is_midway() {
            return;
        }
        if self.session.has_record() || !self.may_train() {
            self.halt_waiting(clock);
        }
    }

    /// Halts the run at once if a command comes that expects it to be halted.
    pub(super) fn halt_before(&mut self, command: &Command, clock: &dyn Fn() -> f64) {
        let expects =
            matches!(command, Command::Pause | Command::Resume | Command::Stop) || command.effect() >= Effect::Trains;
        if expects && !self.records.halts.is_empty() {
            self.settle(clock);
            self.halt_waiting(clock);
        }
    }

    fn halt_waiting(&mut self, clock: &dyn Fn() -> f64) {
        // The end of an epoch or of the run is reported first.
        while let Some(Ok(progress @ (Progress::Epoch(_) | Progress::Finished))) = self.peek() {
            self.absorb(Ok(progress), clock());
        }
        for (id, halt) in std::mem::take(&mut self.records.halts) {
            let answer = self.halt_now(halt, clock());
            self.reply(id, Ok(answer), Vec::new());
        }
    }

    /// Answers a request for tensors of the last step.
    ///
    /// # Errors
    /// `no-value-yet` if the last step has not been recorded; as [`Session::last_step`](crate::train::Session::last_step).
    pub(super) fn last_step(&self, names: &[String]) -> Result<(Answer, Vec<ArrayData>), Error> {
        let Some(info) = self.session.step_info() else { return Err(SessionError::NotRecorded.into()) };
        let tensors = self.session.last_step(names)?;
        let shapes = tensors.iter().map(|tensor| tensor.shape().dims().to_vec()).collect();
        let arrays = tensors.into_iter().map(|tensor| ArrayData::F32(tensor.into_words())).collect();
        Ok((Answer::Step { info, shapes }, arrays))
    }
}

/// The outcome of working for requests that wait for a record.
pub(super) enum Worked {
    Done,
    NeedsStep,
    OutOfTime,
}
