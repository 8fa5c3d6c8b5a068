//! Snapshots of the session, from which the page starts another engine if this one is lost.

use super::Engine;
use crate::error::{Error, SessionError};
use crate::protocol::{Answer, ArrayData, Envelope, Event, Message};
use crate::train::Progress;

/// No snapshot when a run begins or ends, if the last one is younger.
const SNAPSHOT_MS: f64 = 1000.0;

/// Snapshots that are due or asked for.
pub(super) struct Snapshots {
    /// Requests that wait for the end of a step, while other requests do not.
    requests: Vec<u32>,
    /// Weights have changed since the last snapshot.
    has_changed: bool,
    last_ms: f64,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self { requests: Vec::new(), has_changed: true, last_ms: f64::NEG_INFINITY }
    }
}

impl Snapshots {
    /// Notes that the session differs from the last snapshot.
    pub(super) fn note_change(&mut self) {
        self.has_changed = true;
    }

    /// Notes a request, which is answered at the end of the present step.
    pub(super) fn ask(&mut self, id: u32) {
        self.requests.push(id);
    }

    pub(super) fn are_wanted(&self) -> bool {
        !self.requests.is_empty()
    }

    fn take_requests(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.requests)
    }
}

impl Engine {
    /// Posts a snapshot if the last one is old.
    pub(super) fn post_snapshot_if_due(&mut self, now_ms: f64) {
        if now_ms - self.snapshots.last_ms >= SNAPSHOT_MS {
            self.post_snapshot(now_ms);
        }
    }

    /// Posts a snapshot and answers the requests for one, unless a step is under way.
    pub(super) fn answer_snapshots(&mut self, clock: &dyn Fn() -> f64) {
        if self.session.is_midway() || !self.snapshots.are_wanted() {
            return;
        }
        // The end of an epoch or of the run is reported first.
        while let Some(Ok(progress @ (Progress::Epoch(_) | Progress::Finished))) = self.peek() {
            self.absorb(Ok(progress), clock());
        }
        if self.session.is_midway() {
            return;
        }
        self.flush_batch(clock());
        self.post_snapshot_now(clock());
        for id in self.snapshots.take_requests() {
            self.reply(id, Ok(Answer::Done), Vec::new());
        }
    }

    /// Refuses the requests for snapshots, because model or configuration have been replaced.
    pub(super) fn refuse_snapshots(&mut self) {
        for id in self.snapshots.take_requests() {
            let error = Error::from(SessionError::SnapshotDropped);
            self.reply(id, Err(error.into()), Vec::new());
        }
    }

    /// Posts a snapshot of the session, unless nothing has changed since the last one.
    pub(super) fn post_snapshot(&mut self, now_ms: f64) {
        if !self.snapshots.has_changed {
            return;
        }
        if self.session.is_asynchronous() {
            self.snapshots.last_ms = now_ms;
            return self.defer_snapshot();
        }
        self.post_snapshot_now(now_ms);
    }

    pub(super) fn post_snapshot_now(&mut self, now_ms: f64) {
        match self.session.snapshot() {
            Ok((info, arrays)) => {
                self.snapshots.has_changed = false;
                self.snapshots.last_ms = now_ms;
                let arrays = arrays.into_iter().map(ArrayData::F32).collect();
                self.outbox.push(Envelope { message: Message::Event(Event::Snapshot(info)), arrays });
            }
            Err(error) => self.event(Event::Warning(error.into())),
        }
    }
}
