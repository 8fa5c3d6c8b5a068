//! Queue of commands that must wait: on an asynchronous backend nearly all of them until it is idle, and during a long
//! prediction those that would change the model.
//!
//! A command must find the session settled, with no step in progress. With a GPU backend the program cannot block until
//! then, nor until a tensor arrives from the device. So commands are queued, and while one waits no new step begins.

use super::commands::prediction;
use super::{Engine, SETTLE_MS, TURN_MS};
use crate::error::Result;
use crate::protocol::{Command, Effect, Envelope, Request};
use crate::train::{Progress, Session};

pub(super) enum Deferred {
    Request(Box<Envelope<Request>>),
    /// A snapshot that the engine posts by itself.
    Snapshot,
}

impl Engine {
    /// Notes that the device has answered, so that [`Engine::turn`] has work again.
    pub fn wake(&mut self) {
        self.waits_for_device = false;
        self.compiles = false;
        self.answer_profiles();
    }

    /// Returns true while the engine waits for the device.
    pub fn waits_for_device(&self) -> bool {
        self.waits_for_device
    }

    /// Sets the callback for the device's answers.
    pub fn set_wake(&mut self, wake: crate::train::Wake) {
        self.session.set_wake(wake);
    }

    pub(super) fn has_deferred_work(&self) -> bool {
        !self.deferred.is_empty() || self.predicting.is_some()
    }

    /// Returns true if a command may overtake those that wait for the device. That is any command that needs nothing
    /// from the device, and a pause during a step that takes long on a slow GPU. The device then finishes its work; the
    /// engine reports it when training continues, or when a command reads.
    pub(super) fn may_overtake(&self, command: &Command) -> bool {
        let only_reads = |deferred: &Deferred| match deferred {
            Deferred::Request(request) => request.message.command.effect() == Effect::Reads,
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

    /// Returns true if a command must wait for a prediction in progress, or behind others that do, because it changes
    /// the model. Commands that only read, or that control training, need not wait.
    pub(super) fn must_wait(&self, command: &Command) -> bool {
        let changes_model = command.effect() >= Effect::Predicts;
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
                Command::WordMap { layer, .. } | Command::NearestWords { layer, .. } => {
                    self.session.fetch_tensor(&Session::embeddings_name(layer))
                }
                Command::Snapshot | Command::SetModel { kept: Some(_), .. } => self.session.fetch_snapshot(),
                Command::Inspect { names } => match request.arrays.first() {
                    Some(inputs) => self.session.prepare_inspection(inputs, names),
                    None => Ok(true),
                },
                // Errors of the request itself come with the answer.
                Command::Explain { cell, .. } => or_answer(self.session.prepare_explanation(cell, &mut || true)),
                Command::ExplainInput { cell, .. } => match request.arrays.first() {
                    Some(input) => or_answer(self.session.prepare_input_explanation(input, cell)),
                    None => Ok(true),
                },
                Command::CheckGradient { parameter, index } => {
                    or_answer(self.session.prepare_gradient_check(parameter, *index as usize, &mut || true))
                }
                Command::LastStep { names } => self.session.fetch_last_step(names),
                Command::LayerStats { layer } => self.session.fetch_layer_stats(layer),
                _ => Ok(true),
            },
            None => Ok(true),
        }
    }
}

/// Lets the answer say an error that is none of the device.
fn or_answer(is_ready: Result<bool>) -> Result<bool> {
    match is_ready {
        Err(error) if super::is_device_fault(&error) => Err(error),
        other => Ok(other.unwrap_or(true)),
    }
}
