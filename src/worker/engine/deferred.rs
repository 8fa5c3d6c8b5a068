//! What an engine puts off on a backend that works by itself.
//!
//! A command finds the session settled: nothing has begun that is not done. Where the backend is a GPU, nothing can wait
//! for that, nor for a tensor on its way from the device. So commands are queued, and while one waits no new step begins.

use super::Engine;
use super::commands::prediction;
use crate::error::Result;
use crate::protocol::{Command, Envelope, Request};
use crate::train::Progress;

pub(super) enum Deferred {
    Request(Envelope<Request>),
    /// A snapshot that the engine posts by itself.
    Snapshot,
}

impl Engine {
    /// Says that the device has answered: [`Engine::turn`] has something to do again.
    pub fn wake(&mut self) {
        self.waits_for_device = false;
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

    pub(super) fn defer(&mut self, request: Envelope<Request>, clock: &dyn Fn() -> f64) {
        self.deferred.push_back(Deferred::Request(request));
        self.work_off(clock);
    }

    pub(super) fn defer_snapshot(&mut self) {
        if !self.deferred.iter().any(|deferred| matches!(deferred, Deferred::Snapshot)) {
            self.deferred.push_back(Deferred::Snapshot);
        }
    }

    /// Carries out what was put off; false if the device has to answer first.
    pub(super) fn work_off(&mut self, clock: &dyn Fn() -> f64) -> bool {
        let mut done = true;
        while done && !self.is_dead && self.has_deferred_work() {
            done = self.work_off_one(clock);
        }
        self.waits_for_device = !done;
        done
    }

    fn work_off_one(&mut self, clock: &dyn Fn() -> f64) -> bool {
        if let Some(id) = self.predicting {
            let result = match self.session.go_on_predicting() {
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
        match self.session.finish_begun(&mut || true) {
            Some(Ok(Progress::OutOfTime)) => return false,
            Some(progress) => {
                self.absorb(progress, clock());
                return true;
            }
            None => self.midway = false,
        }
        match self.fetch_for_next() {
            Ok(false) => return false,
            Ok(true) => {}
            Err(error) => {
                self.die(error);
                return true;
            }
        }
        match self.deferred.pop_front() {
            Some(Deferred::Request(request)) => self.carry_out_now(request, clock),
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
                    Some(image) => self.session.prepare_look(image, names),
                    None => Ok(true),
                },
                Command::Vitals { layer } => self.session.fetch_vitals(layer),
                _ => Ok(true),
            },
            None => Ok(true),
        }
    }
}
