//! Runs plans: the backend, the plans that it has loaded, the runs that are under way, and the plans whose tensors can be
//! read afterwards.

use std::collections::VecDeque;

use super::follow::Followed;
use super::graphs;
use super::model::LoadedModel;
use super::plans::{LoadedPlan, PlanKey, Plans};
use super::precompile::Precompile;
use super::replicas::ShardKind;
use super::step_record::StepRecord;
use super::timing::StepTimer;
use super::training_loop::StepResult;
use crate::backend::{Backend, PlanHandle, RunStatus, TensorRef};
use crate::error::Result;
use crate::ir::op::as_i32_mut;
use crate::model::optimizers::{BIAS_CORRECTION, LEARNING_RATE};
use crate::tensor::HostTensor;

/// See the [module](self).
pub(super) struct Executor {
    pub backend: Box<dyn Backend>,
    plans: Plans,
    pub precompile: Precompile,
    /// Runs that have begun, the oldest first; several only if the backend works by itself.
    pub in_flight: VecDeque<InFlight>,
    pub retained: Retained,
    pub timer: StepTimer,
}

/// A plan that has been started and is not done.
pub(super) struct InFlight {
    pub loaded: LoadedPlan,
    pub images: usize,
    pub kind: RunKind,
    /// The number of shards of the batch, if the [worker pool](super::worker_pool::WorkerPool) computes it together.
    pub shards: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RunKind {
    /// Copies the states before a step that is recorded.
    CopyStates,
    Step,
    Evaluation,
}

impl From<RunKind> for ShardKind {
    fn from(kind: RunKind) -> Self {
        match kind {
            // Copying states is never shared.
            RunKind::Step | RunKind::CopyStates => Self::Gradient,
            RunKind::Evaluation => Self::Evaluation,
        }
    }
}

/// The plans that hold the tensors which can be read.
#[derive(Default)]
pub(super) struct Retained {
    /// Outputs of the last batch or of the last prediction.
    pub outputs: Option<OutputHolder>,
    /// Gradients of the last step.
    pub gradients: Option<PlanHandle>,
    pub record: Option<StepRecord>,
    /// The shard of that step whose numbers can be followed.
    pub followed: Option<Followed>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OutputHolder {
    Plan(PlanHandle),
    /// Each worker has a shard of them.
    Workers,
}

impl Executor {
    pub fn new(backend: Box<dyn Backend>) -> Self {
        Self {
            backend,
            plans: Plans::default(),
            precompile: Precompile::default(),
            in_flight: VecDeque::new(),
            retained: Retained::default(),
            timer: StepTimer::default(),
        }
    }

    /// Returns the plan for a key, loaded.
    ///
    /// # Errors
    /// As [`Plans::get`].
    pub fn plan(&mut self, model: &LoadedModel, key: PlanKey) -> Result<LoadedPlan> {
        let (loaded, evicted) = self.plans.get(self.backend.as_mut(), key, model)?;
        for evicted in evicted {
            let retained = &mut self.retained;
            retained.outputs = retained.outputs.filter(|holder| *holder != OutputHolder::Plan(evicted));
            if let Some(record) = retained.record.as_mut().filter(|record| record.handle() == Some(evicted)) {
                record.forget_tensors();
            }
            retained.followed = retained.followed.take().filter(|followed| followed.handle() != Some(evicted));
        }
        Ok(loaded)
    }

    /// Unloads all plans, and with them what they retain.
    pub fn unload_plans(&mut self) {
        self.precompile = Precompile::default();
        self.retained = Retained::default();
        self.plans.unload(self.backend.as_mut());
    }

    /// Returns the number of plans that have been compiled so far.
    pub fn plans_made(&self) -> u64 {
        self.plans.made()
    }

    /// Gives a run to the backend.
    pub fn begin(&mut self, loaded: LoadedPlan, images: usize, kind: RunKind) -> Result<()> {
        self.backend.begin(loaded.handle)?;
        self.in_flight.push_back(InFlight { loaded, images, kind, shards: None });
        Ok(())
    }

    /// Goes on with the oldest run.
    pub fn run_front(&mut self, has_time: &mut dyn FnMut() -> bool) -> Result<RunStatus> {
        match self.in_flight.front() {
            Some(run) => self.backend.run(run.loaded.handle, has_time),
            None => Ok(RunStatus::Done),
        }
    }

    /// Reads the result of a step that no other worker had a part in.
    ///
    /// # Errors
    /// Errors of the backend.
    pub fn read_step(&mut self, model: &LoadedModel, run: &InFlight) -> Result<StepResult> {
        self.retained.outputs = Some(OutputHolder::Plan(run.loaded.handle));
        self.retained.gradients = Some(run.loaded.handle);
        let has_classes = model.classes() > 0;
        Ok(StepResult {
            images: run.images,
            loss: self.read_scalar(&run.loaded, graphs::LOSS)?,
            correct: if has_classes { self.read_scalar(&run.loaded, graphs::CORRECT)? } else { f32::NAN },
            counts: self.read_counts(model, &run.loaded)?,
            is_finite: self.read_scalar(&run.loaded, graphs::IS_FINITE)? == 1.0,
        })
    }

    /// Reads the counts from which metrics follow.
    fn read_counts(&self, model: &LoadedModel, loaded: &LoadedPlan) -> Result<Vec<f32>> {
        if model.count_words() == 0 {
            return Ok(Vec::new());
        }
        let confusion = model.counts_confusion().then(|| graphs::CONFUSION.to_owned());
        let names = confusion.into_iter().chain(model.own_sums().map(|(metric, _)| graphs::sums_name(metric)));
        let mut counts = Vec::with_capacity(model.count_words());
        for name in names {
            counts.extend_from_slice(self.backend.read(loaded.handle, &name)?.words());
        }
        Ok(counts)
    }

    /// Reads the sums of the metrics of an evaluation.
    ///
    /// # Errors
    /// Errors of the backend.
    pub fn read_sums(&self, model: &LoadedModel, loaded: &LoadedPlan) -> Result<Vec<f32>> {
        let mut sums = Vec::with_capacity(model.sum_words());
        for (metric, _) in model.own_sums() {
            sums.extend_from_slice(self.backend.read(loaded.handle, &graphs::sums_name(metric))?.words());
        }
        Ok(sums)
    }

    /// Gives up all runs that are not done.
    pub fn cancel(&mut self) {
        for run in self.in_flight.drain(..) {
            self.backend.cancel(run.loaded.handle);
        }
    }

    /// Returns true if more runs should begin while the oldest is under way.
    pub fn has_room(&self) -> bool {
        let room = self.in_flight.front().map_or(0, |front| self.backend.runs_at_once(front.loaded.handle));
        self.in_flight.len() < room
    }

    /// Returns the number of steps that have begun.
    pub fn steps_ahead(&self) -> u32 {
        self.in_flight.iter().filter(|run| run.kind == RunKind::Step).count() as u32
    }

    /// Returns true if the oldest run is of this kind.
    pub fn is_front(&self, kind: RunKind) -> bool {
        self.in_flight.front().is_some_and(|run| run.kind == kind)
    }

    /// Returns true if workers compute the oldest run together.
    pub fn is_front_sharded(&self) -> bool {
        self.in_flight.front().is_some_and(|run| run.shards.is_some())
    }

    /// Writes the learning rate of a step and the bias correction of its optimizer.
    pub fn write_rates(&mut self, loaded: &LoadedPlan, [learning_rate, bias_correction]: [f32; 2]) -> Result<()> {
        self.write_scalar(loaded, LEARNING_RATE, learning_rate)?;
        self.write_scalar(loaded, BIAS_CORRECTION, bias_correction)
    }

    /// Writes the key of a step's random numbers.
    pub fn write_rng_key(&mut self, loaded: &LoadedPlan, key: [i32; 2]) -> Result<()> {
        if !loaded.has_input(graphs::RNG_KEY) {
            return Ok(());
        }
        self.backend.write_input(loaded.handle, graphs::RNG_KEY, &mut |words| as_i32_mut(words).copy_from_slice(&key))
    }

    fn write_scalar(&mut self, loaded: &LoadedPlan, name: &str, value: f32) -> Result<()> {
        if !loaded.has_input(name) {
            return Ok(());
        }
        self.backend.write_input(loaded.handle, name, &mut |words| words.fill(value))
    }

    /// Reads a scalar output.
    pub fn read_scalar(&self, loaded: &LoadedPlan, name: &str) -> Result<f32> {
        let value = self.backend.read(loaded.handle, name)?;
        Ok(value.words().first().copied().unwrap_or(f32::NAN))
    }

    /// Writes states.
    pub fn write_states(&mut self, states: &[(String, HostTensor)]) {
        for (name, value) in states {
            self.backend.write_state(name, value);
        }
    }

    /// Sends for states; true once they are there.
    pub fn fetch_states(&mut self, states: Vec<(String, Vec<usize>)>) -> Result<bool> {
        let wanted: Vec<TensorRef> = states.into_iter().map(|(name, _)| (None, name)).collect();
        self.backend.fetch(&wanted)
    }
}
