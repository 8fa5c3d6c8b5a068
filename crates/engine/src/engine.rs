//! The scheduler round a training session: commands in, answers and events out.
//!
//! [`Engine`] works in slices of time, so that it answers every command while it trains. It knows neither clock nor messages
//! nor network.

mod ahead;
mod arrival;
mod backends;
mod commands;
mod deferred;
mod evaluations;
mod gradients;
mod profile;
mod run;
mod samples;
mod staff;

use std::collections::VecDeque;

use self::arrival::Download;
use self::deferred::Deferred;
use self::evaluations::Evaluations;
use self::gradients::GradientRequests;
use self::run::Run;
use self::samples::SampleRequest;
pub use self::staff::Hire;
use self::staff::Staff;
use crate::error::{Error, Result};
use crate::protocol::{
    Answer, BackendInfo, Bulk, Command, DEVICE_FAULTS, Envelope, ErrorReport, Event, Message, Request, RunState,
};
use crate::train::{Goal, Progress, Session};

/// How long one [`Engine::turn`] lasts at most, but for a kernel that has begun. Commands are read between turns.
const TURN_MS: f64 = 12.0;

/// How long a step that has begun may take until its end before a command that would rather see it done goes on without.
const SETTLE_MS: f64 = 40.0;

/// At most ten batch events a second: the page draws after each, on a core that a worker could have. At thirty, two workers of a
/// machine with two cores trained a fifth slower.
const BATCH_EVENT_MS: f64 = 100.0;

/// The step of a run with which it is told what a step costs a GPU: the first one compiles, the second is measured.
const COST_TOLD_AT: usize = 3;

/// No snapshot when a run begins or ends, if the last one is younger.
const SNAPSHOT_MS: f64 = 1000.0;

/// The session behind messages. Times are in milliseconds of any clock that only goes forward.
pub struct Engine {
    session: Session,
    state: RunState,
    run: Option<Run>,
    paused: bool,
    /// The images for the next step have not arrived.
    waiting: bool,
    /// The session is in the middle of a step or an evaluation.
    midway: bool,
    evaluations: Evaluations,
    /// Requests for sample images that wait for the first shard.
    samples: Vec<(u32, SampleRequest)>,
    download: Download,
    outbox: Vec<Envelope<Message>>,
    /// How long training rests after a step, and until when it does now.
    pace_ms: f64,
    rests_until_ms: f64,
    last_batch_ms: f64,
    last_snapshot_ms: f64,
    /// Weights have changed since the last snapshot.
    changed: bool,
    /// What waits for a prediction, or until a backend that works by itself has done what it has begun.
    deferred: VecDeque<Deferred>,
    /// Requests for snapshots that wait for the end of a step: nobody else shall wait for that.
    snapshots: Vec<u32>,
    gradients: GradientRequests,
    /// Requests for the times of kernels.
    profiles: Vec<u32>,
    /// The request of a prediction on its way.
    predicting: Option<u32>,
    /// There is nothing to do before the device has answered.
    waits_for_device: bool,
    /// The device compiles a kernel that is made ahead.
    compiles: bool,
    /// The device is gone, and so is this engine's use.
    is_dead: bool,
    /// What runs, where it is not the CPU.
    backend: Option<BackendInfo>,
    staff: Staff,
}

impl Engine {
    /// # Errors
    /// As [`Session::new`].
    pub fn new() -> Result<Self> {
        Ok(Self::with(Session::new()?))
    }

    pub fn with(session: Session) -> Self {
        Self {
            session,
            state: RunState::Idle,
            run: None,
            paused: false,
            waiting: false,
            midway: false,
            evaluations: Evaluations::default(),
            samples: Vec::new(),
            download: Download::default(),
            outbox: vec![Envelope::new(Message::Ready)],
            pace_ms: 0.0,
            rests_until_ms: f64::NEG_INFINITY,
            last_batch_ms: f64::NEG_INFINITY,
            last_snapshot_ms: f64::NEG_INFINITY,
            changed: true,
            deferred: VecDeque::new(),
            snapshots: Vec::new(),
            gradients: GradientRequests::default(),
            profiles: Vec::new(),
            predicting: None,
            waits_for_device: false,
            compiles: false,
            is_dead: false,
            backend: None,
            staff: Staff::default(),
        }
    }

    /// On another backend than the CPU: what is said of it.
    pub fn with_backend(session: Session, backend: BackendInfo) -> Self {
        Self { backend: Some(backend), ..Self::with(session) }
    }

    /// What has to be posted, in order.
    pub fn take_outbox(&mut self) -> Vec<Envelope<Message>> {
        std::mem::take(&mut self.outbox)
    }

    /// Whether [`Engine::turn`] has something to do.
    pub fn has_work(&self) -> bool {
        !self.is_dead
            && (self.may_train()
                || self.may_evaluate()
                || (self.midway && !self.snapshots.is_empty())
                || !self.gradients.is_empty()
                || self.has_deferred_work()
                || self.may_prepare())
    }

    /// How long there is nothing to do but to wait for the next step of a slow training; 0: not at all.
    pub fn rest_ms(&self, now_ms: f64) -> f64 {
        let nobody_waits = !self.may_evaluate() && !self.has_deferred_work() && self.gradients.is_empty();
        let is_idle = self.may_train() && !self.midway && nobody_waits;
        if is_idle { (self.rests_until_ms - now_ms).max(0.0) } else { 0.0 }
    }

    fn set_pace(&mut self, rest_ms: f64, now_ms: f64) {
        // Counted from the last step, so that a change shows at once.
        self.rests_until_ms = (self.rests_until_ms - self.pace_ms + rest_ms).min(now_ms + rest_ms);
        self.pace_ms = rest_ms;
    }

    /// Carries out a command. Its answer is in the outbox, at once or, for a run or an evaluation, when it ends.
    pub fn handle(&mut self, request: Envelope<Request>, clock: &dyn Fn() -> f64) {
        let command = &request.message.command;
        if !matches!(command, Command::Ping)
            && !self.may_overtake(command)
            && (self.session.is_asynchronous() || self.must_wait(command))
        {
            return self.defer(request, clock);
        }
        self.carry_out_now(request, clock);
    }

    fn carry_out_now(&mut self, request: Envelope<Request>, clock: &dyn Fn() -> f64) {
        let Envelope { message: Request { id, command }, arrays } = request;
        if !self.session.is_asynchronous() {
            // Whatever it changes, the next turn sees whether there is still somebody to wait for.
            self.waits_for_device = false;
        }
        if self.wants_output_gradients(&command, clock()) {
            return self.await_output_gradients(id, command, arrays);
        }
        self.answer(id, command, arrays, clock);
        self.answer_snapshots(clock);
    }

    fn answer(&mut self, id: u32, command: Command, arrays: Vec<Bulk>, clock: &dyn Fn() -> f64) {
        match self.carry_out(id, command, arrays, clock) {
            Ok(Some((answer, arrays))) => self.reply(id, Ok(answer), arrays),
            Ok(None) => {}
            Err(error) => self.reply(id, Err(error.into()), Vec::new()),
        }
    }

    /// Works for a while.
    pub fn turn(&mut self, clock: &dyn Fn() -> f64) {
        let deadline_ms = clock() + TURN_MS;
        while self.has_work() && clock() < deadline_ms {
            if !self.work_off(clock) || !self.has_work() || self.rest_ms(clock()) > 0.0 {
                break;
            }
            if !self.midway && !self.gradients.is_empty() {
                if self.work_out_gradients(clock, deadline_ms) {
                    continue;
                }
                break;
            }
            if self.may_prepare() {
                self.prepare();
                break;
            }
            let has_time = &mut || clock() < deadline_ms;
            let progress = if self.may_train() || self.may_evaluate() {
                self.session.advance(has_time)
            } else {
                // Only somebody who wants a snapshot or gradients of outputs waits for what has begun.
                let Some(progress) = self.session.finish_begun(has_time) else {
                    self.midway = false;
                    self.answer_snapshots(clock);
                    continue;
                };
                progress
            };
            let out_of_time = matches!(progress, Ok(Progress::OutOfTime));
            self.absorb(progress, clock());
            self.answer_snapshots(clock);
            if out_of_time {
                self.waits_for_device = self.session.is_waiting();
                break;
            }
        }
    }

    fn absorb(&mut self, progress: Result<Progress>, now_ms: f64) {
        self.midway = matches!(progress, Ok(Progress::OutOfTime));
        match progress {
            Ok(Progress::OutOfTime) => {}
            Ok(Progress::Step(report)) => {
                self.changed = true;
                self.rests_until_ms = now_ms + self.pace_ms;
                let mut steps = 0;
                if let Some(run) = &mut self.run {
                    steps = run.step(report, now_ms);
                    if now_ms - self.last_batch_ms >= BATCH_EVENT_MS {
                        self.flush_batch(now_ms);
                    }
                }
                if steps == COST_TOLD_AT {
                    self.tell_cost();
                }
                self.answer_profiles();
            }
            Ok(Progress::Epoch(report)) => {
                self.flush_batch(now_ms);
                let report = match &mut self.run {
                    Some(run) => run.epoch(report, now_ms),
                    None => report,
                };
                self.event(Event::Epoch(report));
                self.post_snapshot(now_ms);
            }
            Ok(Progress::Evaluated(evaluation, predictions)) => {
                if let Some(id) = self.evaluations.pop() {
                    let arrays = vec![
                        Bulk::F32(predictions.confusion),
                        Bulk::U8(predictions.labels),
                        Bulk::F32(predictions.predicted),
                        Bulk::F32(predictions.confidence),
                    ];
                    self.reply(id, Ok(Answer::Evaluation(evaluation)), arrays);
                }
                if let Some(run) = &mut self.run
                    && !self.paused
                {
                    run.mark(now_ms);
                }
                self.show_state();
            }
            Ok(Progress::Warning(error)) => self.event(Event::Warning(error.into())),
            Ok(Progress::WaitingForData) => {
                self.waiting = true;
                if let Some(run) = &mut self.run {
                    run.halt(now_ms);
                }
                match self.download.error.clone() {
                    Some(error) => self.fail_run(error, now_ms),
                    None => self.show_state(),
                }
            }
            Ok(Progress::Finished) => self.end_run(RunState::Done, None, now_ms),
            Ok(Progress::Idle) => {
                // The session has nothing to do, so whoever still waits would wait forever.
                while !self.evaluations.is_empty() {
                    if let Some(id) = self.evaluations.pop() {
                        let error = Error::new("evaluation-dropped", "evaluate").got("a model that was replaced");
                        self.reply(id, Err(error.into()), Vec::new());
                    }
                }
                self.end_run(RunState::Stopped, None, now_ms);
            }
            Err(error) if is_device_fault(&error) => self.die(error),
            Err(error) if self.run.is_some() && !self.session.is_running() => self.fail_run(error, now_ms),
            Err(error) => {
                if let Some(id) = self.evaluations.pop() {
                    self.reply(id, Err(error.into()), Vec::new());
                } else {
                    self.event(Event::Error(error.into()));
                }
                self.show_state();
            }
        }
    }

    fn start(&mut self, id: u32, epochs: Option<u32>, steps: Option<u32>, now_ms: f64) -> Result<()> {
        if self.run.is_some() {
            return Err(Error::new("already-training", "train")
                .expected("no run under way")
                .got(if self.paused { "one that is paused" } else { "one that goes on" })
                .hint("Wait for it, or stop it first."));
        }
        // Reports of a step that a stopped run had left behind belong to nobody.
        loop {
            match self.peek() {
                Some(Ok(Progress::Step(_) | Progress::Epoch(_))) => {}
                None | Some(Ok(Progress::OutOfTime | Progress::Finished)) => break,
                Some(other) => self.absorb(other, now_ms),
            }
        }
        self.session.start(Goal { epochs, steps })?;
        // Without a goal of its own a run takes the configured epochs.
        let configured = (epochs, steps) == (None, None);
        let epochs = if configured { Some(self.session.training().epochs) } else { epochs };
        self.retry_download();
        if now_ms - self.last_snapshot_ms >= SNAPSHOT_MS {
            self.post_snapshot(now_ms);
        }
        self.run = Some(Run::new(id, Goal { epochs, steps }, now_ms));
        (self.paused, self.waiting) = (false, false);
        self.show_state();
        Ok(())
    }

    fn pause(&mut self, now_ms: f64) {
        if let Some(run) = &mut self.run
            && !self.paused
        {
            self.paused = true;
            run.halt(now_ms);
            self.flush_batch(now_ms);
            self.show_state();
        }
    }

    fn resume(&mut self, now_ms: f64) {
        if let Some(run) = &mut self.run
            && self.paused
        {
            self.paused = false;
            self.waiting = false;
            run.mark(now_ms);
            self.retry_download();
            self.show_state();
        }
    }

    fn fail_run(&mut self, error: Error, now_ms: f64) {
        self.event(Event::Error(error.clone().into()));
        self.end_run(RunState::Failed, Some(error), now_ms);
    }

    /// Ends the run, if there is one, and answers its request.
    fn end_run(&mut self, state: RunState, error: Option<Error>, now_ms: f64) {
        if self.run.is_none() {
            return;
        }
        self.flush_batch(now_ms);
        self.session.stop();
        (self.paused, self.waiting) = (false, false);
        if now_ms - self.last_snapshot_ms >= SNAPSHOT_MS {
            self.post_snapshot(now_ms);
        }
        self.refuse_profiles();
        if let Some(run) = self.run.take() {
            self.set_state(state);
            let id = run.request_id;
            match error {
                Some(error) => self.reply(id, Err(error.into()), Vec::new()),
                None => {
                    let (history, losses) = run.finish(state, now_ms);
                    self.reply(id, Ok(Answer::History(history)), vec![Bulk::F32(losses)]);
                }
            }
        }
    }

    /// The model is another one now, or stands elsewhere; a run on the old one has ended.
    fn begin_anew(&mut self, now_ms: f64) {
        self.refuse_snapshots();
        self.midway = false;
        self.changed = true;
        self.end_run(RunState::Stopped, None, now_ms);
    }

    /// Lets a step that has begun come to its end, unless it takes long, so that what is read is of one step.
    fn settle(&mut self, clock: &dyn Fn() -> f64) {
        if !self.midway || !self.evaluations.is_empty() {
            return;
        }
        let deadline_ms = clock() + SETTLE_MS;
        let Some(progress) = self.session.finish_begun(&mut || clock() < deadline_ms) else { return };
        if matches!(progress, Ok(Progress::OutOfTime)) {
            // What others have a part in cannot be waited for. It begins again; no weight has changed yet.
            self.session.abandon_slices();
        }
        let stepped = matches!(progress, Ok(Progress::Step(_)));
        self.absorb(progress, clock());
        if stepped {
            // The step may have been the last of an epoch or of the run.
            while let Some(Ok(progress @ (Progress::Epoch(_) | Progress::Finished))) = self.peek() {
                self.absorb(Ok(progress), clock());
            }
        }
    }

    /// A report that is there already; no new step begins.
    fn peek(&mut self) -> Option<Result<Progress>> {
        let progress = self.session.finish_begun(&mut || false);
        self.midway = matches!(progress, Some(Ok(Progress::OutOfTime)));
        progress
    }

    /// Posts a snapshot and answers those who wait for one, if no step is in the middle.
    fn answer_snapshots(&mut self, clock: &dyn Fn() -> f64) {
        if self.midway || self.snapshots.is_empty() {
            return;
        }
        // What the step was the last of is told first.
        while let Some(Ok(progress @ (Progress::Epoch(_) | Progress::Finished))) = self.peek() {
            self.absorb(Ok(progress), clock());
        }
        if self.midway {
            return;
        }
        self.flush_batch(clock());
        self.post_snapshot_now(clock());
        for id in std::mem::take(&mut self.snapshots) {
            self.reply(id, Ok(Answer::Done), Vec::new());
        }
    }

    /// Model or configuration are other ones now: a snapshot would not be of what whoever asked for it asked about.
    fn refuse_snapshots(&mut self) {
        for id in std::mem::take(&mut self.snapshots) {
            let error = Error::new("snapshot-dropped", "snapshot").got("a model that was replaced");
            self.reply(id, Err(error.into()), Vec::new());
        }
    }

    fn may_evaluate(&self) -> bool {
        self.evaluations.is_ready(self.session.dataset(), self.session.training())
    }

    fn may_train(&self) -> bool {
        self.run.is_some() && !self.paused && !self.waiting
    }

    fn show_state(&mut self) {
        let state = match (&self.run, self.paused, self.waiting) {
            (Some(_), true, _) => RunState::Paused,
            (Some(_), _, true) => RunState::Waiting,
            (Some(_), ..) => RunState::Training,
            (None, ..) if !self.evaluations.is_empty() => RunState::Evaluating,
            (None, ..) if self.state == RunState::Evaluating => RunState::Idle,
            (None, ..) => self.state,
        };
        self.set_state(state);
    }

    fn set_state(&mut self, state: RunState) {
        if self.state != state {
            self.state = state;
            self.event(Event::State { state });
        }
    }

    fn flush_batch(&mut self, now_ms: f64) {
        if let Some((report, losses)) = self.run.as_mut().and_then(Run::batch) {
            self.last_batch_ms = now_ms;
            let message = Message::Event(Event::Batch(report));
            self.outbox.push(Envelope { message, arrays: vec![Bulk::F32(losses)] });
        }
    }

    fn post_snapshot(&mut self, now_ms: f64) {
        if !self.changed {
            return;
        }
        if self.session.is_asynchronous() {
            self.last_snapshot_ms = now_ms;
            return self.defer_snapshot();
        }
        self.post_snapshot_now(now_ms);
    }

    fn post_snapshot_now(&mut self, now_ms: f64) {
        match self.session.snapshot() {
            Ok((info, arrays)) => {
                self.changed = false;
                self.last_snapshot_ms = now_ms;
                let arrays = arrays.into_iter().map(Bulk::F32).collect();
                self.outbox.push(Envelope { message: Message::Event(Event::Snapshot(info)), arrays });
            }
            Err(error) => self.event(Event::Warning(error.into())),
        }
    }

    fn answer_samples(&mut self) {
        let mut kept = Vec::new();
        for (id, request) in std::mem::take(&mut self.samples) {
            let (dataset, config) = (self.session.dataset(), self.session.training());
            let (height, width) = (dataset.info().height as u32, dataset.info().width as u32);
            match (request.draw(dataset, config), &self.download.error) {
                (Some(samples), _) => {
                    let answer = Answer::Samples { labels: samples.labels, height, width };
                    self.reply(id, Ok(answer), vec![Bulk::U8(samples.pixels)]);
                }
                (None, Some(error)) => self.reply(id, Err(error.clone().into()), Vec::new()),
                (None, None) => kept.push((id, request)),
            }
        }
        self.samples = kept;
    }

    /// The device is gone. Whoever hears of it starts another engine from the last snapshot.
    fn die(&mut self, error: Error) {
        self.is_dead = true;
        self.event(Event::Error(error.into()));
    }

    fn event(&mut self, event: Event) {
        self.outbox.push(Envelope::new(Message::Event(event)));
    }

    fn reply(&mut self, id: u32, result: Result<Answer, ErrorReport>, arrays: Vec<Bulk>) {
        self.outbox.push(Envelope { message: Message::Reply { id, result }, arrays });
    }
}

fn is_device_fault(error: &Error) -> bool {
    DEVICE_FAULTS.contains(&error.code)
}
