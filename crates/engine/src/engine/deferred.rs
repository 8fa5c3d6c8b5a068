//! What an engine puts off: on a backend that works by itself nearly everything, and while it predicts many images what
//! would change the model under them.
//!
//! A command finds the session settled: nothing has begun that is not done. Where the backend is a GPU, nothing can wait
//! for that, nor for a tensor on its way from the device. So commands are queued, and while one waits no new step begins.

use super::commands::prediction;
use super::{Engine, SETTLE_MS, TURN_MS};
use crate::error::Result;
use crate::protocol::{Command, Envelope, Request};
use crate::train::Progress;

pub(super) enum Deferred {
    Request(Box<Envelope<Request>>),
    /// A snapshot that the engine posts by itself.
    Snapshot,
}

/// Whether it makes no difference to a command's answer, nor to what training does, that a pause overtakes it.
fn is_reading(command: &Command) -> bool {
    matches!(
        command,
        Command::Tensor { .. }
            | Command::TensorNames
            | Command::Look { .. }
            | Command::Vitals { .. }
            | Command::Samples { .. }
            | Command::Images { .. }
            | Command::Labels { .. }
            | Command::GetModel
            | Command::GetTraining
            | Command::Snapshot
            | Command::SetPace { .. }
    )
}

impl Engine {
    /// Says that the device has answered: [`Engine::turn`] has something to do again.
    pub fn wake(&mut self) {
        self.waits_for_device = false;
        self.compiles = false;
        self.answer_profiles();
    }

    /// Whether there is nothing to do before the device has answered.
    pub fn waits_for_device(&self) -> bool {
        self.waits_for_device
    }

    /// Whom to tell when the device has answered.
    pub fn set_wake(&mut self, wake: crate::train::Wake) {
        self.session.set_wake(wake);
    }

    pub(super) fn has_deferred_work(&self) -> bool {
        !self.deferred.is_empty() || self.predicting.is_some()
    }

    /// Whether a command overtakes what waits for a device. One that asks for nothing that the device knows does; and a pause
    /// amid a step that takes so long that nobody shall wait for it, on a slow GPU: the device does what it was given, and
    /// then rests; what it did is told when training goes on, or when somebody reads.
    pub(super) fn may_overtake(&self, command: &Command) -> bool {
        let only_reads = |deferred: &Deferred| match deferred {
            Deferred::Request(request) => is_reading(&request.message.command),
            Deferred::Snapshot => true,
        };
        let is_instant = match command {
            Command::GetModel | Command::GetTraining => true,
            Command::Pause => self.session.busy_ms() > SETTLE_MS,
            _ => false,
        };
        is_instant && self.session.is_asynchronous() && self.deferred.iter().all(only_reads)
    }

    pub(super) fn defer(&mut self, request: Envelope<Request>, clock: &dyn Fn() -> f64) {
        self.deferred.push_back(Deferred::Request(Box::new(request)));
        if self.session.is_asynchronous() {
            self.work_off(clock);
        }
    }

    pub(super) fn defer_snapshot(&mut self) {
        if !self.deferred.iter().any(|deferred| matches!(deferred, Deferred::Snapshot)) {
            self.deferred.push_back(Deferred::Snapshot);
        }
    }

    /// Whether a command has to wait for a prediction that is on its way, or behind others that do: whatever changes the
    /// model under it. What only reads does not, nor what decides on training, which goes on after the prediction.
    pub(super) fn must_wait(&self, command: &Command) -> bool {
        let changes_model = matches!(
            command,
            Command::SetBackend { .. }
                | Command::SetModel { .. }
                | Command::SetTraining { .. }
                | Command::SetTensor { .. }
                | Command::Reset
                | Command::Predict
                | Command::Restore { .. }
                | Command::Open { .. }
                | Command::ShowPretrained { .. }
        );
        !self.deferred.is_empty() || (self.predicting.is_some() && changes_model)
    }

    /// Carries out what was put off; false if there is more to do for it, or the device has to answer first.
    pub(super) fn work_off(&mut self, clock: &dyn Fn() -> f64) -> bool {
        let mut done = true;
        while done && !self.phase.is_dead() && self.has_deferred_work() {
            done = self.work_off_one(clock);
        }
        self.waits_for_device = !done && self.session.is_prediction_waiting();
        done
    }

    fn work_off_one(&mut self, clock: &dyn Fn() -> f64) -> bool {
        if let Some(id) = self.predicting {
            let deadline_ms = clock() + TURN_MS;
            let result = match self.session.go_on_predicting(&mut || clock() < deadline_ms) {
                Ok(None) => return false,
                Ok(Some(done)) => Ok(prediction(done)),
                Err(error) if super::is_device_fault(&error) => {
                    self.die(error);
                    return true;
                }
                Err(error) => Err(error),
            };
            self.predicting = None;
            match result {
                Ok((answer, arrays)) => self.reply(id, Ok(answer), arrays),
                Err(error) => self.reply(id, Err(error.into()), Vec::new()),
            }
            return true;
        }
        if self.session.is_asynchronous() {
            match self.session.finish_begun(&mut || true) {
                Some(Ok(Progress::OutOfTime)) => return false,
                Some(progress) => {
                    self.absorb(progress, clock());
                    return true;
                }
                None => {}
            }
            match self.fetch_for_next() {
                Ok(false) => return false,
                Ok(true) => {}
                Err(error) => {
                    self.die(error);
                    return true;
                }
            }
        }
        match self.deferred.pop_front() {
            Some(Deferred::Request(request)) => self.carry_out_now(*request, clock),
            Some(Deferred::Snapshot) => self.post_snapshot_now(clock()),
            None => {}
        }
        true
    }

    fn fetch_for_next(&mut self) -> Result<bool> {
        match self.deferred.front() {
            Some(Deferred::Snapshot) => self.session.fetch_snapshot(),
            Some(Deferred::Request(request)) => match &request.message.command {
                Command::Tensor { name } => self.session.fetch_tensor(name),
                Command::Snapshot | Command::SetModel { kept: Some(_), .. } => self.session.fetch_snapshot(),
                Command::Look { names } => match request.arrays.first() {
                    Some(image) => self.session.prepare_inspection(image, names),
                    None => Ok(true),
                },
                Command::Vitals { layer } => self.session.fetch_layer_stats(layer),
                _ => Ok(true),
            },
            None => Ok(true),
        }
    }
}
