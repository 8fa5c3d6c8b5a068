//! State needed to bring a new worker to the point where a dead one was.

use crate::error::LostWork;
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::protocol::{Answer, ArrayData, BackendChoice, Command, Event, RunState, SnapshotInfo};

#[derive(Default)]
pub(super) struct Recovery {
    up: bool,
    backend: Option<(BackendChoice, Option<u32>)>,
    model: Option<ModelSpec>,
    training: Option<TrainingConfig>,
    snapshot: Option<(SnapshotInfo, Vec<ArrayData>)>,
    /// The last step and epoch heard of.
    step: u32,
    epoch: u32,
    run: Option<Run>,
    /// The rest of a run that died with its worker.
    unfinished: Option<Command>,
    /// Request of the run that moved to another engine, and the number of steps before it began.
    moved: Option<(u32, u32)>,
}

/// A run that was asked for.
#[derive(Clone, Copy)]
struct Run {
    request_id: u32,
    epochs: Option<u32>,
    steps: Option<u32>,
    /// Step and epoch at which the run began.
    start: Option<(u32, u32)>,
    paused: bool,
    /// Request of the run that takes its steps within this one, which is paused.
    inner: Option<u32>,
}

impl Recovery {
    /// Returns true if a worker has completed the handshake at least once.
    pub fn was_up(&self) -> bool {
        self.up
    }

    /// Notes what a command that succeeded changed.
    pub fn answered(&mut self, command: &Command, answer: &Answer) {
        match (command, answer) {
            (Command::Init { .. }, _) => self.up = true,
            (Command::SetBackend { choice, workers }, _) => self.backend = Some((*choice, *workers)),
            (Command::SetModel { spec, .. }, _) => self.model = Some(spec.clone()),
            (Command::SetTraining { .. }, Answer::Training(config)) => self.training = Some(config.clone()),
            _ => {}
        }
    }

    /// Returns the training configuration, as far as the page has heard of it.
    pub fn training(&self) -> Option<&TrainingConfig> {
        self.training.as_ref()
    }

    /// Returns the last snapshot and its arrays.
    pub fn snapshot(&self) -> Option<(SnapshotInfo, Vec<Vec<f32>>)> {
        let (info, arrays) = self.snapshot.as_ref()?;
        let floats = |array: &ArrayData| match array {
            ArrayData::F32(values) => Some(values.clone()),
            ArrayData::U8(_) | ArrayData::I32(_) => None,
        };
        Some((info.clone(), arrays.iter().map(floats).collect::<Option<_>>()?))
    }

    /// Notes that another experiment is there.
    pub fn opened(
        &mut self,
        model: &ModelSpec,
        training: &TrainingConfig,
        info: &SnapshotInfo,
        arrays: Vec<ArrayData>,
    ) {
        (self.model, self.training) = (Some(model.clone()), Some(training.clone()));
        self.go_to(info.step, info.epoch);
        self.snapshot = Some((info.clone(), arrays));
    }

    /// Notes that the weights are fresh.
    pub fn forget_progress(&mut self) {
        self.go_to(0, 0);
        self.snapshot = None;
    }

    /// Notes where the weights are from here on. A run that was asked for meanwhile begins there.
    fn go_to(&mut self, step: u32, epoch: u32) {
        (self.step, self.epoch) = (step, epoch);
        if let Some(run) = &mut self.run {
            run.start = Some((step, epoch));
        }
    }

    /// Notes what an event tells about the run.
    pub fn saw(&mut self, event: &Event, arrays: &[ArrayData]) {
        match event {
            Event::Snapshot(info) => {
                (self.step, self.epoch) = (info.step, info.epoch);
                if let Some(run) = &mut self.run {
                    run.start.get_or_insert((info.step, info.epoch));
                }
                self.snapshot = Some((info.clone(), arrays.to_vec()));
            }
            Event::Batch(batch) => {
                (self.step, self.epoch) = (batch.step, batch.epoch);
            }
            Event::State { state } => match state {
                RunState::Done | RunState::Stopped | RunState::Failed | RunState::Idle => self.run = None,
                RunState::Paused => self.set_paused(true),
                RunState::Training | RunState::Waiting => self.set_paused(false),
                RunState::Evaluating => {}
            },
            _ => {}
        }
    }

    /// Notes that a request is on its way to the worker.
    pub fn sent(&mut self, request_id: u32, command: &Command) {
        let Command::Train { epochs, steps } = command else { return };
        match &mut self.run {
            Some(run) if run.paused => run.inner = Some(request_id),
            // The engine refuses another run.
            Some(_) => {}
            None => {
                // The worker posts no snapshot at its beginning if it has just posted one.
                let start = Some((self.step, self.epoch));
                let (epochs, steps) = (*epochs, *steps);
                self.run = Some(Run { request_id, epochs, steps, start, paused: false, inner: None });
            }
        }
    }

    /// Notes that a request was answered, whatever the answer.
    pub fn replied(&mut self, request_id: u32) {
        self.run.take_if(|run| run.request_id == request_id);
        if let Some(run) = &mut self.run {
            run.inner.take_if(|inner| *inner == request_id);
        }
    }

    /// Goes back to where a new worker starts, the last snapshot or fresh weights, and returns that step.
    pub fn go_back(&mut self) -> u32 {
        (self.step, self.epoch) = self.snapshot_position();
        self.step
    }

    /// Returns step and epoch of the last snapshot.
    fn snapshot_position(&self) -> (u32, u32) {
        self.snapshot.as_ref().map_or((0, 0), |(info, _)| (info.step, info.epoch))
    }

    /// Returns the commands for a new worker, in order, from the handshake on.
    pub fn steps(&self, data_url: &str) -> Vec<(Command, Vec<ArrayData>)> {
        let mut steps = vec![(Command::Init { data_url: data_url.to_owned() }, Vec::new())];
        if let Some((choice, workers)) = self.backend {
            steps.push((Command::SetBackend { choice, workers }, Vec::new()));
        }
        if let Some(config) = &self.training {
            steps.push((Command::SetTraining { config: config.clone() }, Vec::new()));
        }
        if let Some(spec) = &self.model {
            steps.push((Command::SetModel { spec: spec.clone(), kept: None }, Vec::new()));
        }
        if let Some((snapshot, arrays)) = &self.snapshot {
            steps.push((Command::Restore { snapshot: snapshot.clone() }, arrays.clone()));
        }
        steps
    }

    /// Computes, before a new worker starts, the rest of the run in progress, counted from the last snapshot. A run
    /// that was paused, or whose request is still `queued`, has no rest. Returns true if there is a rest.
    pub fn prepare_restart(&mut self, queued: &[u32]) -> bool {
        if self.run.is_some_and(|run| queued.contains(&run.request_id)) {
            return true;
        }
        if let Some(run) = self.run.take() {
            self.unfinished = if run.paused { None } else { self.remaining(run) };
        }
        self.unfinished.is_some()
    }

    /// Notes which backend is wanted from here on.
    pub fn set_backend(&mut self, choice: BackendChoice, workers: Option<u32>) {
        self.backend = Some((choice, workers));
    }

    /// Returns the rest of a request's run, counted from the last snapshot. Another engine continues it under the same
    /// request.
    pub fn move_run(&mut self, request_id: u32) -> Option<Command> {
        let run = self.run.filter(|run| run.request_id == request_id)?;
        let rest = self.remaining(run)?;
        let (start, _) = run.start.unwrap_or(self.snapshot_position());
        self.moved = Some((request_id, start));
        Some(rest)
    }

    /// Returns the number of steps before a request's run began, if it has moved to another engine.
    pub fn take_moved(&mut self, request_id: u32) -> Option<u32> {
        self.moved.take_if(|(id, _)| *id == request_id).map(|(_, start)| start)
    }

    /// Returns true if a run is paused.
    pub fn is_paused(&self) -> bool {
        self.run.is_some_and(|run| run.paused)
    }

    /// Returns the rest of the run that the last worker did not finish.
    pub fn take_unfinished(&mut self) -> Option<Command> {
        self.unfinished.take()
    }

    fn remaining(&self, run: Run) -> Option<Command> {
        let (step, epoch) = self.snapshot_position();
        let (start_step, start_epoch) = run.start.unwrap_or((step, epoch));
        if let Some(steps) = run.steps {
            let steps = steps.saturating_sub(step.saturating_sub(start_step));
            return (steps > 0).then_some(Command::Train { epochs: None, steps: Some(steps) });
        }
        let epochs = run.epochs.unwrap_or_else(|| self.training.as_ref().map_or_else(default_epochs, |t| t.epochs));
        let epochs = epochs.saturating_sub(epoch.saturating_sub(start_epoch));
        (epochs > 0).then_some(Command::Train { epochs: Some(epochs), steps: None })
    }

    /// Returns the training steps that a restart now costs.
    pub fn lost_work(&self) -> LostWork {
        let from = self.snapshot.as_ref().map_or(0, |(info, _)| info.step);
        match (self.step.saturating_sub(from), &self.snapshot) {
            (0, _) => LostWork::NoStep,
            (steps, Some(_)) => LostWork::StepsSinceSnapshot { steps, from },
            (steps, None) => LostWork::AllSteps { steps },
        }
    }

    fn set_paused(&mut self, paused: bool) {
        // Steps within a paused run do not resume it.
        if let Some(run) = self.run.as_mut().filter(|run| run.inner.is_none()) {
            run.paused = paused;
        }
    }
}

fn default_epochs() -> u32 {
    TrainingConfig::default().epochs
}
