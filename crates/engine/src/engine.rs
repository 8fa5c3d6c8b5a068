//! The scheduler round a training session: commands in, answers and events out.
//!
//! [`Engine`] works in slices of time, so that it answers every command while it trains. It knows neither clock nor messages
//! nor network.

mod arrival;
mod backends;
mod commands;
mod deferred;
mod evaluations;
mod examples;
mod phase;
mod precompile;
mod profile;
mod records;
mod run;
mod snapshots;
mod switch;
mod worker_pool;

use std::collections::VecDeque;

use self::arrival::Download;
pub use self::arrival::DownloadRequest;
use self::deferred::Deferred;
use self::evaluations::Evaluations;
use self::phase::Phase;
use self::records::{Records, Worked};
use self::run::Run;
use self::snapshots::Snapshots;
use self::switch::{Held, Switch};
use self::worker_pool::PoolSize;
pub use self::worker_pool::SpawnReplicas;
use crate::error::{Error, Result, SessionError};
use crate::protocol::{
    Answer, ArrayData, BackendInfo, Command, DEVICE_FAULTS, Envelope, ErrorReport, Event, Message, Request, RunState,
};
use crate::train::{Goal, Progress, Session};

/// The longest time of one [`Engine::turn`], except for a kernel that has begun. Commands are read between turns.
const TURN_MS: f64 = 12.0;

/// The time that a step which has begun is given to end, before a command that needs it done goes on without.
const SETTLE_MS: f64 = 40.0;

/// At most ten batch events a second: the page draws after each, on a core that a worker could have. At thirty, two workers of a
/// machine with two cores trained a fifth slower.
const BATCH_EVENT_MS: f64 = 100.0;

/// The step of a run after which the cost of a step on a GPU is reported: the first one compiles, the second is measured.
const COST_REPORTED_AT: u32 = 3;

/// The session behind messages. Times are in milliseconds of any clock that only goes forward.
pub struct Engine {
    session: Session,
    phase: Phase,
    /// The state that was posted last.
    posted_state: RunState,
    evaluations: Evaluations,
    download: Download,
    /// The change to another data set that is under way.
    switch: Option<Switch>,
    held: Held,
    outbox: Vec<Envelope<Message>>,
    /// The rest after each step, and the end of the present one.
    step_delay_ms: f64,
    rests_until_ms: f64,
    last_batch_ms: f64,
    /// Commands that wait for a prediction, or for the runs of a backend that works by itself.
    deferred: VecDeque<Deferred>,
    snapshots: Snapshots,
    records: Records,
    /// Requests for the times of kernels.
    profiles: Vec<u32>,
    /// The request of a prediction on its way.
    predicting: Option<u32>,
    /// Nothing can be done before the device has answered.
    waits_for_device: bool,
    /// The device compiles a kernel that is made ahead.
    compiles: bool,
    /// The backend, unless it is the CPU.
    backend: Option<BackendInfo>,
    pool_size: PoolSize,
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
            phase: Phase::Idle(RunState::Idle),
            posted_state: RunState::Idle,
            evaluations: Evaluations::default(),
            download: Download::default(),
            switch: None,
            held: Held::new(),
            outbox: vec![Envelope::new(Message::Ready)],
            step_delay_ms: 0.0,
            rests_until_ms: f64::NEG_INFINITY,
            last_batch_ms: f64::NEG_INFINITY,
            deferred: VecDeque::new(),
            snapshots: Snapshots::default(),
            records: Records::default(),
            profiles: Vec::new(),
            predicting: None,
            waits_for_device: false,
            compiles: false,
            backend: None,
            pool_size: PoolSize::default(),
        }
    }

    /// Creates an engine on another backend than the CPU, with the description of it.
    pub fn with_backend(session: Session, backend: BackendInfo) -> Self {
        Self { backend: Some(backend), ..Self::with(session) }
    }

    /// Takes the messages to post, in order.
    pub fn take_outbox(&mut self) -> Vec<Envelope<Message>> {
        std::mem::take(&mut self.outbox)
    }

    /// Returns true if [`Engine::turn`] has something to do.
    pub fn has_work(&self) -> bool {
        !self.phase.is_dead()
            && (self.may_train()
                || self.may_evaluate()
                || (self.session.is_midway() && self.snapshots.are_wanted())
                || !self.records.is_idle()
                || self.has_deferred_work()
                || self.may_precompile())
    }

    /// Returns the time until the next step of a training that is slowed down, if there is nothing else to do; else 0.
    pub fn rest_ms(&self, now_ms: f64) -> f64 {
        let is_free = !self.may_evaluate() && !self.has_deferred_work() && self.records.is_idle();
        let is_idle = self.may_train() && !self.session.is_midway() && is_free;
        if is_idle { (self.rests_until_ms - now_ms).max(0.0) } else { 0.0 }
    }

    fn set_step_delay(&mut self, rest_ms: f64, now_ms: f64) {
        // Counted from the last step, so that a change shows at once.
        self.rests_until_ms = (self.rests_until_ms - self.step_delay_ms + rest_ms).min(now_ms + rest_ms);
        self.step_delay_ms = rest_ms;
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
        if self.waits_for_switch(&request.message.command) {
            return self.held.push_back(request);
        }
        if self.needs_other_dataset(&request.message.command) {
            let id = request.message.id;
            return match self.begin_switch(request, clock) {
                Ok(()) => {}
                Err(error) => self.reply(id, Err(error.into()), Vec::new()),
            };
        }
        let Envelope { message: Request { id, command }, arrays } = request;
        if !self.session.is_asynchronous() {
            // The command may change that; the next turn finds out.
            self.waits_for_device = false;
        }
        self.halt_before(&command, clock);
        if self.waits_for_record(&command, clock()) {
            return self.await_record(id, command, arrays);
        }
        self.answer(id, command, arrays, clock);
        self.answer_snapshots(clock);
    }

    fn answer(&mut self, id: u32, command: Command, arrays: Vec<ArrayData>, clock: &dyn Fn() -> f64) {
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
            self.halt_if_recorded(clock);
            if !self.session.is_midway() && self.records.has_requests() {
                match self.work_for_records(clock, deadline_ms) {
                    Worked::Done => continue,
                    Worked::NeedsStep => {}
                    Worked::OutOfTime => {
                        self.waits_for_device = self.session.is_waiting();
                        break;
                    }
                }
            }
            if self.may_precompile() {
                self.precompile();
                break;
            }
            let has_time = &mut || clock() < deadline_ms;
            let progress = if self.may_train() || self.may_evaluate() {
                self.session.advance(has_time)
            } else {
                // A request for a snapshot or for the last step waits for the step that has begun.
                let Some(progress) = self.session.finish_begun(has_time) else {
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
        match progress {
            Ok(Progress::OutOfTime) => {}
            Ok(Progress::Step(report)) => {
                self.note_step(now_ms);
                self.snapshots.note_change();
                self.rests_until_ms = now_ms + self.step_delay_ms;
                let mut steps = 0;
                if let Some(run) = self.phase.run() {
                    steps = run.step(report, now_ms);
                    if now_ms - self.last_batch_ms >= BATCH_EVENT_MS {
                        self.flush_batch(now_ms);
                    }
                }
                if steps == COST_REPORTED_AT {
                    self.tell_cost();
                }
                self.answer_profiles();
            }
            Ok(Progress::Epoch(report)) => {
                self.flush_batch(now_ms);
                let report = match self.phase.run() {
                    Some(run) => run.epoch(report, now_ms),
                    None => report,
                };
                self.event(Event::Epoch(report));
                self.post_snapshot(now_ms);
            }
            Ok(Progress::Evaluated(evaluation, predictions)) => {
                if let Some(id) = self.evaluations.pop() {
                    let arrays = vec![
                        ArrayData::F32(predictions.confusion),
                        ArrayData::U8(predictions.labels),
                        ArrayData::F32(predictions.predicted),
                        ArrayData::F32(predictions.confidence),
                        ArrayData::F32(predictions.values),
                    ];
                    self.reply(id, Ok(Answer::Evaluation(evaluation)), arrays);
                }
                if let Phase::Training(run) = &mut self.phase {
                    run.mark(now_ms);
                }
                self.show_state();
            }
            Ok(Progress::Warning(error)) => self.event(Event::Warning(error.into())),
            Ok(Progress::WaitingForData) => {
                self.phase.wait(now_ms);
                match self.download.error.clone() {
                    Some(error) => self.fail_run(error, now_ms),
                    None => self.show_state(),
                }
            }
            Ok(Progress::Finished) if self.has_inner_run() => self.end_inner_run(RunState::Done, now_ms),
            Ok(Progress::Finished) => self.end_run(RunState::Done, None, now_ms),
            Ok(Progress::Idle) => {
                // The session has nothing to do, so requests that still wait would wait forever.
                while !self.evaluations.is_empty() {
                    if let Some(id) = self.evaluations.pop() {
                        let error = Error::from(SessionError::EvaluationDropped);
                        self.reply(id, Err(error.into()), Vec::new());
                    }
                }
                self.end_run(RunState::Stopped, None, now_ms);
            }
            Err(error) if is_device_fault(&error) => self.die(error),
            Err(error) if self.phase.has_run() && !self.session.is_running() => self.fail_run(error, now_ms),
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
        if self.phase.is_dead() {
            // The page starts another engine and repeats the request there.
            return Ok(());
        }
        if self.phase.has_run() && !self.phase.is_paused() {
            return Err(SessionError::AlreadyTraining.into());
        }
        // Reports of a step that a stopped run left behind are dropped.
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
        self.fetch_dataset();
        self.post_snapshot_if_due(now_ms);
        self.begin_recording();
        self.phase.start(Run::new(id, Goal { epochs, steps }, now_ms));
        self.show_state();
        Ok(())
    }

    fn pause(&mut self, now_ms: f64) {
        if self.phase.pause(now_ms) {
            self.flush_batch(now_ms);
            self.show_state();
        }
    }

    fn resume(&mut self, now_ms: f64) {
        while self.phase.is_paused() && self.has_inner_run() {
            self.session.leave_inner_run();
            self.end_inner_run(RunState::Stopped, now_ms);
        }
        if self.phase.resume(now_ms) {
            self.fetch_dataset();
            self.show_state();
        }
    }

    fn fail_run(&mut self, error: Error, now_ms: f64) {
        self.event(Event::Error(error.clone().into()));
        self.end_run(RunState::Failed, Some(error), now_ms);
    }

    fn has_inner_run(&mut self) -> bool {
        self.phase.run().is_some_and(|run| run.is_inner())
    }

    /// Ends a run that took its steps within a paused one, and answers its request.
    fn end_inner_run(&mut self, state: RunState, now_ms: f64) {
        self.flush_batch(now_ms);
        self.post_snapshot_if_due(now_ms);
        self.refuse_profiles();
        if let Some(run) = self.phase.end_inner() {
            self.show_state();
            let id = run.request_id;
            self.reply(id, Ok(Answer::History(run.finish(state, now_ms))), Vec::new());
        }
    }

    /// Ends the run, if there is one, and answers its request; also that of the run within which it has run.
    fn end_run(&mut self, state: RunState, error: Option<Error>, now_ms: f64) {
        if !self.phase.has_run() {
            return;
        }
        self.flush_batch(now_ms);
        self.session.stop();
        self.post_snapshot_if_due(now_ms);
        self.refuse_profiles();
        let mut ended = self.phase.end(state);
        if ended.is_some() {
            self.post_state(state);
        }
        while let Some(mut run) = ended {
            ended = run.take_outer();
            let id = run.request_id;
            let result = match &error {
                Some(error) => Err(error.clone().into()),
                None => Ok(Answer::History(run.finish(state, now_ms))),
            };
            self.reply(id, result, Vec::new());
        }
    }

    /// Ends the run on the old model, because the model or its position has been replaced.
    fn begin_anew(&mut self, now_ms: f64) {
        self.refuse_snapshots();
        self.snapshots.note_change();
        self.end_run(RunState::Stopped, None, now_ms);
    }

    /// Lets a step that has begun come to its end, unless it takes long, so that what is read is of one step.
    fn settle(&mut self, clock: &dyn Fn() -> f64) {
        if !self.session.is_midway() || !self.evaluations.is_empty() {
            return;
        }
        let deadline_ms = clock() + SETTLE_MS;
        let Some(progress) = self.session.finish_begun(&mut || clock() < deadline_ms) else { return };
        if matches!(progress, Ok(Progress::OutOfTime)) {
            // A shared step cannot be waited for. It begins again; no weight has changed yet.
            self.session.abandon_shared_step();
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

    /// Returns a report that is there already. No new step begins.
    fn peek(&mut self) -> Option<Result<Progress>> {
        self.session.finish_begun(&mut || false)
    }

    fn may_evaluate(&self) -> bool {
        self.evaluations.is_ready(self.session.dataset(), self.session.training())
    }

    fn may_train(&self) -> bool {
        self.phase.is_training()
    }

    /// Returns the state that the page was told last.
    fn state(&self) -> RunState {
        self.posted_state
    }

    fn show_state(&mut self) {
        if let Some(state) = self.phase.state(!self.evaluations.is_empty()) {
            self.post_state(state);
        }
    }

    fn post_state(&mut self, state: RunState) {
        if self.posted_state != state {
            self.posted_state = state;
            self.event(Event::State { state });
        }
    }

    fn flush_batch(&mut self, now_ms: f64) {
        if let Some((report, values)) = self.phase.run().and_then(Run::batch) {
            self.last_batch_ms = now_ms;
            let message = Message::Event(Event::Batch(report));
            self.outbox.push(Envelope { message, arrays: values.map(ArrayData::F32).into() });
        }
    }

    /// Reports that the device is gone. The page then starts another engine from the last snapshot.
    fn die(&mut self, error: Error) {
        self.phase = Phase::Dead;
        self.event(Event::Error(error.into()));
    }

    fn event(&mut self, event: Event) {
        self.outbox.push(Envelope::new(Message::Event(event)));
    }

    fn reply(&mut self, id: u32, result: Result<Answer, ErrorReport>, arrays: Vec<ArrayData>) {
        self.outbox.push(Envelope { message: Message::Reply { id, result }, arrays });
    }
}

fn is_device_fault(error: &Error) -> bool {
    DEVICE_FAULTS.contains(&error.code)
}
