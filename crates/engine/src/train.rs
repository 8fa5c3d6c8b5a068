//! The training session: a model, its weights on a backend, a data set, and the position in training.
//!
//! A [`Session`] is a state machine with no clock and no I/O. Its driver calls [`Session::advance`] again and again; each
//! call runs kernels until its time is up or there is something to report, so that even a huge batch never blocks the
//! caller. It consists of parts that own their fields:
//!
//! * [`model`]: the checked model with its configuration; [`graphs`] are its graphs.
//! * `executor`: the backend, its [`plans`], and the runs that are under way.
//! * `feeder`: the data set and the batches.
//! * `training_loop`: steps, epochs and the end of a run; `early_stopping` its rules.
//! * `evaluation`, `prediction`, `inspection`, `output_gradients`: the other computations.
//! * `worker_pool`: data-parallel computation by [`replicas`].
//!
//! `setup`, `tensors`, `saved`, `layer_stats`, `timing`, `precompile` and `diagnosis` hold the session's methods by subject.
//! [`fit`] is a session for programs that wait for each answer; [`progress`] has the reports.

mod diagnosis;
mod early_stopping;
mod evaluation;
mod executor;
mod feeder;
pub mod fit;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod graphs;
mod inspection;
mod layer_stats;
pub mod model;
mod output_gradients;
pub mod plans;
mod precompile;
mod prediction;
pub mod progress;
pub mod replicas;
mod saved;
mod setup;
mod tensors;
mod timing;
mod training_loop;
mod worker_pool;

use std::collections::VecDeque;

pub use crate::backend::Wake;
use crate::backend::{Backend, RunStatus, cpu::CpuBackend};
use crate::data::{Dataset, DatasetInfo, Part};
use crate::error::{Error, Result, SettingError, SettingRule};
use crate::model::catalogue::ResolvedLayer;
use crate::model::spec::{ModelSpec, TrainingConfig};
use crate::plan::Work;
use crate::protocol::{EpochReport, ModelSummary, Split};
use evaluation::{EvaluationQueue, EvaluationRun, Purpose};
use executor::{Executor, InFlight, OutputHolder, RunKind};
use feeder::BatchFeeder;
use inspection::Inspection;
use model::LoadedModel;
use plans::PlanKey;
pub use prediction::Pixels;
use prediction::Prediction;
pub use progress::{Goal, Predictions, Progress, StepReport};
use replicas::Replicas;
use training_loop::TrainingLoop;
use worker_pool::WorkerPool;

/// See the [module](self).
pub struct Session {
    model: LoadedModel,
    executor: Executor,
    feeder: BatchFeeder,
    training: TrainingLoop,
    evaluations: EvaluationQueue,
    prediction: Option<Prediction>,
    inspection: Inspection,
    weights: Provenance,
    pool: Option<WorkerPool>,
    wake: Option<Wake>,
    /// Reports that have not been returned yet.
    events: VecDeque<Result<Progress>>,
    is_midway: bool,
}

/// The origin of the weights.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Provenance {
    /// Drawn from the seed, and never trained or written.
    Seeded,
    Trained,
    /// Pretrained weights, shown until training starts from the seed's.
    ShowingPretrained,
}

impl Session {
    /// Creates a session with the reference CNN and the default configuration on the CPU; MNIST is still to arrive.
    ///
    /// # Errors
    /// Errors of planning; none is known.
    pub fn new() -> Result<Self> {
        Self::with(Box::new(CpuBackend::new()), Dataset::new(DatasetInfo::mnist()), ModelSpec::reference_cnn())
    }

    /// Creates a session on a backend, a data set and a model. The configuration is the default one, with all of the data.
    ///
    /// # Errors
    /// Errors of [`Session::set_model`].
    pub fn with(backend: Box<dyn Backend>, dataset: Dataset, model: ModelSpec) -> Result<Self> {
        let train_total = dataset.info().train_total as u32;
        let default = TrainingConfig::default();
        let config = TrainingConfig {
            dataset: dataset.info().name.clone(),
            train_samples: train_total,
            batch_size: default.batch_size.min(train_total),
            ..default
        };
        let model = LoadedModel::new(&model, &config)?;
        model.check(dataset.info())?;
        let mut session = Self {
            model,
            executor: Executor::new(backend),
            feeder: BatchFeeder::new(dataset, &config),
            training: TrainingLoop::default(),
            evaluations: EvaluationQueue::default(),
            prediction: None,
            inspection: Inspection::default(),
            weights: Provenance::Seeded,
            pool: None,
            wake: None,
            events: VecDeque::new(),
            is_midway: false,
        };
        session.reset();
        Ok(session)
    }

    pub fn model(&self) -> &ModelSpec {
        self.model.spec()
    }

    /// Returns the layers of the model, checked.
    pub fn layers(&self) -> &[ResolvedLayer] {
        self.model.layers()
    }

    pub fn summary(&self) -> ModelSummary {
        self.model.summary()
    }

    pub fn training(&self) -> &TrainingConfig {
        self.model.config()
    }

    pub fn dataset(&self) -> &Dataset {
        &self.feeder.dataset
    }

    /// Returns the data set, for shards to be added as they arrive.
    pub fn dataset_mut(&mut self) -> &mut Dataset {
        &mut self.feeder.dataset
    }

    /// Starts training from the present position.
    ///
    /// # Errors
    /// `bad-setting` if the goal is to do nothing.
    pub fn start(&mut self, goal: Goal) -> Result<()> {
        for (name, value) in [("epochs", goal.epochs), ("steps", goal.steps)] {
            if value == Some(0) {
                let (setting, value) = (name.to_owned(), "0".to_owned());
                return Err(
                    SettingError::BadSetting { setting, value, rule: SettingRule::WholeNumberFrom { min: 1 } }.into()
                );
            }
        }
        self.leave_pretrained();
        self.training.start(goal, self.model.config().epochs);
        let warnings = [
            self.training.rate_warning(&self.model, &self.feeder),
            self.pool.as_ref().and_then(|pool| pool.shard_warning(&self.model)),
        ];
        self.events.extend(warnings.into_iter().flatten().map(|warning| Ok(Progress::Warning(warning))));
        Ok(())
    }

    /// Requests an evaluation; [`Session::advance`] computes it and reports [`Progress::Evaluated`]. Training waits for it.
    ///
    /// # Errors
    /// `bad-setting` if there are no such images: none asked for, more than there are, or no validation split.
    pub fn start_evaluation(&mut self, split: Split, samples: Option<u32>) -> Result<()> {
        let (part, mut images) = match split {
            Split::Train => (Part::Train, 0..self.feeder.trained()),
            Split::Validation => (Part::Train, self.feeder.validation(self.model.config())),
            Split::Test => (Part::Test, 0..self.dataset().info().test_total),
        };
        if images.is_empty() {
            return Err(SettingError::EmptySplit.into());
        }
        if let Some(samples) = samples {
            if samples == 0 || samples as usize > images.len() {
                let rule = SettingRule::WholeNumber { min: 1, max: images.len() as u32 };
                return Err(SettingError::BadSetting {
                    setting: "samples".to_owned(),
                    value: samples.to_string(),
                    rule,
                }
                .into());
            }
            images.end = images.start + samples as usize;
        }
        self.evaluations.push(EvaluationRun::new(Purpose::Requested, part, images, self.model.outputs()));
        Ok(())
    }

    /// Stops training. A step that had begun stays as it is, and is completed when the session goes on.
    pub fn stop(&mut self) {
        self.training.stop();
        self.events.clear();
        if self.evaluations.is_validating() {
            if self.executor.is_front(RunKind::Evaluation) {
                self.cancel();
            }
            self.evaluations.drop_first();
        }
    }

    pub fn is_running(&self) -> bool {
        self.training.is_running()
    }

    /// Goes on with whatever there is to do. Between any two kernels it asks `has_time`.
    ///
    /// # Errors
    /// `not-a-number` if the loss or a gradient of a step is not finite, naming the first layer where that shows. The
    /// weights are those before that step; training stops.
    pub fn advance(&mut self, has_time: &mut dyn FnMut() -> bool) -> Result<Progress> {
        loop {
            self.begin_ahead();
            if let Some(progress) = self.finish_begun(has_time) {
                return progress;
            }
            let (kind, begun) = if self.evaluations.is_ready(&self.feeder.dataset, self.workers()) {
                (RunKind::Evaluation, self.begin_evaluation_batch())
            } else {
                (RunKind::Step, self.begin_step())
            };
            match begun {
                Ok(true) => {}
                Ok(false) if !self.training.is_running() && self.evaluations.is_empty() => return Ok(Progress::Idle),
                Ok(false) => return Ok(Progress::WaitingForData),
                Err(error) => self.fail(kind, error),
            }
        }
    }

    /// Goes on with what has begun, and begins nothing new, as a pause requires. `None` if nothing is under way and nothing
    /// is left to report. An error is one of [`Session::advance`].
    pub fn finish_begun(&mut self, has_time: &mut dyn FnMut() -> bool) -> Option<Result<Progress>> {
        self.is_midway = false;
        loop {
            if let Some(report) = self.events.pop_front() {
                return Some(report);
            }
            match self.go_on(has_time) {
                None => break,
                Some(RunStatus::Unfinished) => {
                    self.is_midway = true;
                    return Some(Ok(Progress::OutOfTime));
                }
                Some(RunStatus::Done) => {}
            }
        }
        if self.training.is_done() && !self.evaluations.is_validating() {
            self.training.stop();
            return Some(Ok(Progress::Finished));
        }
        None
    }

    fn begin_step(&mut self) -> Result<bool> {
        if self.evaluations.is_validating() {
            return Ok(false);
        }
        let Self { training, model, executor, feeder, pool, .. } = self;
        let begun = training.begin_step(model, executor, feeder, pool.as_mut());
        self.retire_failed_pool();
        begun
    }

    fn begin_evaluation_batch(&mut self) -> Result<bool> {
        let Self { evaluations, model, executor, feeder, pool, .. } = self;
        let begun = evaluations.begin_batch(model, executor, feeder, pool.as_mut());
        self.retire_failed_pool();
        begun
    }

    /// Begins more steps while one is under way, if the backend works by itself. An error shows when it is that step's turn.
    fn begin_ahead(&mut self) {
        while self.executor.has_room()
            && self.evaluations.is_empty()
            && self.training.bad_loss.is_none()
            && matches!(self.begin_step(), Ok(true))
        {}
    }

    /// Goes on with the oldest run that has begun; `None` if there is none.
    fn go_on(&mut self, has_time: &mut dyn FnMut() -> bool) -> Option<RunStatus> {
        if let Some(loss) = self.training.bad_loss {
            if let Ok(false) = self.fetch_for_diagnosis() {
                return Some(RunStatus::Unfinished);
            }
            self.training.bad_loss = None;
            let error = self.not_a_number(loss);
            self.fail(RunKind::Step, error);
            return Some(RunStatus::Done);
        }
        let &InFlight { ref loaded, images, kind, shards } = self.executor.in_flight.front()?;
        let status = match (shards, &mut self.pool) {
            (Some(shards), Some(pool)) => {
                let (loaded, kind) = (loaded.clone(), kind.into());
                pool.gather(&mut self.executor, (kind, images, shards), &loaded, has_time)
            }
            _ => self.executor.run_front(has_time),
        };
        match status {
            Ok(RunStatus::Unfinished) => return Some(RunStatus::Unfinished),
            Ok(RunStatus::Done) => self.complete(),
            Err(error) if shards.is_some() => self.retire_pool(error),
            Err(error) => self.fail(kind, error),
        }
        Some(RunStatus::Done)
    }

    /// Takes the results of the run that is done, and queues the reports.
    fn complete(&mut self) {
        let Some(run) = self.executor.in_flight.pop_front() else { return };
        let result = match run.kind {
            RunKind::Step => self.complete_step(&run),
            RunKind::Evaluation => self.complete_evaluation_batch(&run),
        };
        if let Err(error) = result {
            self.fail(run.kind, error);
        }
    }

    fn complete_step(&mut self, run: &InFlight) -> Result<()> {
        let Self { training, model, executor, feeder, pool, .. } = self;
        let result = match (run.shards, pool) {
            (Some(_), Some(pool)) => pool.finish_step(model, executor, run.images),
            _ => executor.read_step(run),
        }?;
        if !result.is_finite {
            // Steps after this one do not count; they changed no weights either if their numbers are not finite.
            self.cancel();
            self.training.bad_loss = Some(result.loss);
            return Ok(());
        }
        self.weights = Provenance::Trained;
        if let Some(report) = training.count_step(model, feeder, &result, &mut self.events) {
            self.complete_epoch(report);
        }
        Ok(())
    }

    /// Validates an epoch that has come to its end, or reports it at once.
    fn complete_epoch(&mut self, report: EpochReport) {
        let validation = self.feeder.validation(self.model.config());
        if validation.is_empty() {
            let report = self.training.apply_stop_rules(&self.model, report);
            self.events.push_back(Ok(Progress::Epoch(report)));
        } else {
            let (purpose, outputs) = (Purpose::Validation(report), self.model.outputs());
            self.evaluations.push_validation(EvaluationRun::new(purpose, Part::Train, validation, outputs));
        }
    }

    fn complete_evaluation_batch(&mut self, run: &InFlight) -> Result<()> {
        let Self { evaluations, executor, feeder, pool, .. } = self;
        let labels = &feeder.batch.labels;
        match (run.shards, pool) {
            (Some(shards), Some(pool)) => evaluations.complete_shards(pool.gathered(), run.images, shards, labels),
            _ => evaluations.complete_batch(executor, run, labels)?,
        }
        let progress = match self.evaluations.take_done() {
            None => return Ok(()),
            Some((Purpose::Requested, evaluation, predictions)) => Progress::Evaluated(evaluation, predictions),
            Some((Purpose::Validation(report), evaluation, _)) => {
                let (val_loss, val_accuracy) = (Some(evaluation.loss), Some(evaluation.accuracy));
                let report = EpochReport { val_loss, val_accuracy, ..report };
                Progress::Epoch(self.training.apply_stop_rules(&self.model, report))
            }
        };
        self.events.push_back(Ok(progress));
        Ok(())
    }

    /// Gives up an evaluation or training, and queues the error.
    fn fail(&mut self, kind: RunKind, error: Error) {
        self.cancel();
        match kind {
            RunKind::Evaluation => self.evaluations.drop_first(),
            RunKind::Step => self.training.stop(),
        }
        self.events.push_back(Err(error));
    }

    /// Gives up all runs that are not done.
    fn cancel(&mut self) {
        if let Some(pool) = &mut self.pool {
            pool.cancel();
        }
        if let Some(prediction) = &mut self.prediction {
            prediction.restart_shared_part(&mut self.executor);
        }
        self.executor.cancel();
    }

    /// Completes the runs that have begun, so that all weights are of one step. Reports come with the next `advance`.
    fn settle(&mut self) {
        self.abandon_shared_work();
        while let Some(status) = self.go_on(&mut || true) {
            // Nothing can wait for a backend that works by itself; the driver of the session lets it settle first.
            if status == RunStatus::Unfinished && self.is_asynchronous() {
                break;
            }
        }
    }

    /// Begins the evaluations again that are not done, for a model that has changed.
    fn restart_evaluations(&mut self) {
        if self.executor.is_front(RunKind::Evaluation) {
            self.cancel();
        }
        self.evaluations.restart(self.model.outputs());
    }

    /// Predicts class probabilities, `[k, classes]`, and returns them with the number of classes. The outputs of all layers
    /// can be read afterwards; if k is so large that the prediction is done in parts, those of the last part.
    ///
    /// # Errors
    /// `wrong-length` if the pixels are not a whole number of inputs, at least one.
    pub fn predict(&mut self, pixels: Pixels) -> Result<(Vec<f32>, usize)> {
        self.start_prediction(pixels)?;
        loop {
            if let Some(result) = self.go_on_predicting(&mut || true)? {
                return Ok(result);
            }
        }
    }

    /// Begins a prediction, in place of one that is not done.
    ///
    /// # Errors
    /// As [`Session::predict`].
    pub fn start_prediction(&mut self, pixels: Pixels) -> Result<()> {
        let prediction = Prediction::new(&self.model, pixels)?;
        if prediction.is_long(&self.model, self.workers()) {
            self.abandon_shared_work();
        }
        self.prediction = Some(prediction);
        Ok(())
    }

    /// Goes on with a prediction until `has_time` says no, and returns its result once it is done. Call it again otherwise,
    /// when woken if the backend works by itself.
    ///
    /// # Errors
    /// Errors of the backend.
    pub fn go_on_predicting(&mut self, has_time: &mut dyn FnMut() -> bool) -> Result<Option<(Vec<f32>, usize)>> {
        loop {
            let Self { prediction, model, executor, pool, .. } = self;
            let Some(prediction) = prediction else { return Ok(Some((Vec::new(), model.outputs()))) };
            let done = prediction.advance(model, executor, pool.as_mut(), has_time);
            if done.is_err() {
                self.prediction = None;
            }
            let done = done?;
            // Without the pool, the part begins again.
            if !self.retire_failed_pool() {
                let prediction = if done { self.prediction.take() } else { None };
                return Ok(prediction.map(|prediction| (prediction.probabilities, self.model.outputs())));
            }
        }
    }

    /// Returns true if a prediction cannot go on before a worker or the device has answered.
    pub fn is_prediction_waiting(&self) -> bool {
        self.is_asynchronous() || (self.is_prediction_shared() && self.is_pool_waiting())
    }

    fn is_prediction_shared(&self) -> bool {
        self.prediction.as_ref().is_some_and(Prediction::is_shared)
    }

    /// Sets or removes the replicas that share the work. A step that is under way begins again.
    pub fn set_replicas(&mut self, replicas: Option<Box<dyn Replicas>>) {
        self.abandon_shared_work();
        if self.executor.retained.outputs == Some(OutputHolder::Workers) {
            self.executor.retained.outputs = None;
        }
        self.pool = replicas.map(|mut replicas| {
            if let Some(wake) = &self.wake {
                replicas.set_wake(wake.clone());
            }
            WorkerPool::new(replicas)
        });
    }

    /// Returns the number of workers that compute a step together.
    pub fn workers(&self) -> usize {
        self.pool.as_ref().map_or(1, WorkerPool::workers)
    }

    /// Returns the largest number of workers that can compute a step together.
    pub fn most_workers(&self) -> u32 {
        let batch = self.model.config().batch_size;
        self.model.most_shards(batch as usize).min(batch as usize) as u32
    }

    /// Gives up a shared step that is under way; it begins again. No weight has changed yet.
    pub fn abandon_shared_step(&mut self) {
        if self.executor.is_front_sharded() && self.executor.is_front(RunKind::Step) {
            self.cancel();
        }
    }

    /// Gives up everything that workers compute together; it begins again.
    fn abandon_shared_work(&mut self) {
        if self.executor.is_front_sharded() || self.is_prediction_shared() {
            self.cancel();
        }
    }

    /// Goes on without the worker pool if it has failed.
    fn retire_failed_pool(&mut self) -> bool {
        let failure = self.pool.as_mut().and_then(WorkerPool::take_failure);
        let has_failed = failure.is_some();
        if let Some(error) = failure {
            self.retire_pool(error);
        }
        has_failed
    }

    /// Goes on without the worker pool: the step begins again.
    fn retire_pool(&mut self, error: Error) {
        self.cancel();
        self.set_replicas(None);
        self.events.push_back(Ok(Progress::Warning(error)));
    }

    fn is_pool_waiting(&self) -> bool {
        self.pool.as_ref().is_some_and(WorkerPool::is_waiting)
    }

    /// Returns true if nothing can be done before a replica or the device has answered.
    pub fn is_waiting(&self) -> bool {
        self.is_asynchronous() || self.is_pool_waiting()
    }

    /// Sets the function to call when something has arrived that [`Session::advance`] and the others wait for.
    pub fn set_wake(&mut self, wake: Wake) {
        if let Some(pool) = &mut self.pool {
            pool.set_wake(wake.clone());
        }
        self.wake = Some(wake.clone());
        self.executor.backend.set_wake(wake);
    }

    /// Returns true if the backend works by itself: unfinished work cannot be waited for, only asked for again when
    /// [woken](Session::set_wake).
    pub fn is_asynchronous(&self) -> bool {
        self.executor.backend.is_asynchronous()
    }

    /// Returns the time that the backend will be at work by itself, in milliseconds, as far as it knows.
    pub fn busy_ms(&self) -> f64 {
        self.executor.backend.busy_ms()
    }

    /// Returns true if the last call of [`Session::advance`] or [`Session::finish_begun`] ended in the middle of a step or of
    /// a batch of an evaluation.
    pub fn is_midway(&self) -> bool {
        self.is_midway
    }

    /// Returns true if nothing has begun that is not done.
    pub fn is_settled(&self) -> bool {
        self.executor.in_flight.is_empty() && self.training.bad_loss.is_none()
    }

    /// Returns the number of plans that have been compiled since the session began.
    pub fn plans_made(&self) -> u64 {
        self.executor.plans_made()
    }

    /// Counts the floating-point operations of a training step on one image, without the update.
    ///
    /// # Errors
    /// Errors of planning.
    pub fn flops_per_image(&self) -> Result<u64> {
        let plan = self.model.compile(PlanKey::Gradient(1))?;
        let flops = plan.kernels.iter().map(|kernel| match &kernel.work {
            Work::Op { op, inputs, .. } => {
                let inputs: Vec<_> = inputs.iter().map(|(_, tensor_type)| tensor_type).collect();
                op.flops(&inputs, &kernel.output_type)
            }
            _ => kernel.output_type.shape.len() as u64,
        });
        Ok(flops.sum())
    }
}
