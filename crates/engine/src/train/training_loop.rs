//! Steps and epochs of training: the next batch, the position, the metrics of the epoch, the end of the run.

use std::collections::VecDeque;

use super::early_stopping::EarlyStopping;
use super::executor::{Executor, RunKind};
use super::feeder::BatchFeeder;
use super::model::LoadedModel;
use super::plans::PlanKey;
use super::progress::{EpochMetrics, Goal, Position, Progress, StepReport};
use super::worker_pool::WorkerPool;
use crate::error::{Error, Result, SessionError};
use crate::model::schedules;
use crate::model::spec::TrainingConfig;
use crate::protocol::{EpochReport, StopRule};

/// See the [module](self).
#[derive(Default)]
pub(super) struct TrainingLoop {
    run: Option<Run>,
    position: Position,
    metrics: EpochMetrics,
    /// The position of the last step, unless the order of the examples has changed since.
    last_batch: Option<Position>,
    /// Learning rate and bias correction of the last step.
    last_rates: [f64; 2],
    /// The next step is to be [recorded](super::step_record).
    pub wants_record: bool,
    /// Every step is to be recorded.
    pub records_all: bool,
    /// The latest step under way that is recorded.
    pub recording: Option<Position>,
    /// The latest step that has begun.
    begun: Option<Position>,
    /// No step begins ahead of the end of the one that is recorded.
    pub is_held: bool,
    /// The loss of a step that was not finite, until the layer at fault is known.
    pub bad_loss: Option<f32>,
}

/// A training run, from [`Session::start`](super::Session::start) to its goal.
struct Run {
    epochs_left: Option<u32>,
    steps_left: Option<u32>,
    early_stopping: EarlyStopping,
    /// A stop rule has ended it.
    is_stopped: bool,
    /// The paused run within which this one takes its steps. They count for both.
    outer: Option<Box<Run>>,
}

/// The result of a step.
pub(super) struct StepResult {
    pub images: usize,
    pub loss: f32,
    /// NaN if the target is no class.
    pub correct: f32,
    /// Counts from which metrics follow.
    pub counts: Vec<f32>,
    pub is_finite: bool,
}

impl Run {
    fn is_done(&self) -> bool {
        self.is_stopped || self.epochs_left == Some(0) || self.steps_left == Some(0)
    }

    fn count_step(&mut self) {
        self.steps_left = self.steps_left.map(|steps| steps.saturating_sub(1));
        if let Some(outer) = &mut self.outer {
            outer.count_step();
        }
    }

    fn count_epoch(&mut self) {
        self.epochs_left = self.epochs_left.map(|epochs| epochs.saturating_sub(1));
        if let Some(outer) = &mut self.outer {
            outer.count_epoch();
        }
    }

    /// Applies the stop rules. Returns the one that ends the run.
    fn apply_stop_rules(&mut self, config: &TrainingConfig, report: &EpochReport) -> Option<StopRule> {
        let rule = self.early_stopping.epoch(config, report);
        self.is_stopped |= rule.is_some();
        let outer = self.outer.as_mut().and_then(|outer| outer.apply_stop_rules(config, report));
        rule.or(outer)
    }
}

impl TrainingLoop {
    /// Starts a run. One that is under way goes on when the new one has reached its goal.
    pub fn start(&mut self, goal: Goal, configured_epochs: u32) {
        let configured = goal.steps.is_none().then_some(configured_epochs);
        self.run = Some(Run {
            epochs_left: goal.epochs.or(configured),
            steps_left: goal.steps,
            early_stopping: EarlyStopping::default(),
            is_stopped: false,
            outer: self.run.take().map(Box::new),
        });
    }

    /// Ends the run, and goes back to the one within which it has run.
    pub fn finish(&mut self) {
        self.run = self.run.take().and_then(|run| run.outer).map(|outer| *outer);
    }

    pub fn stop(&mut self) {
        self.run = None;
        (self.wants_record, self.records_all, self.is_held) = (false, false, false);
    }

    /// Returns true if the latest step under way is recorded, so that its record is that of the last step once all have ended.
    pub fn is_latest_recorded(&self) -> bool {
        self.recording.is_some() && self.recording == self.begun
    }

    pub fn is_running(&self) -> bool {
        self.run.is_some()
    }

    /// Returns true if the run has reached its goal.
    pub fn is_done(&self) -> bool {
        self.run.as_ref().is_some_and(Run::is_done)
    }

    pub fn position(&self) -> Position {
        self.position
    }

    pub fn metrics(&self) -> EpochMetrics {
        self.metrics.clone()
    }

    /// Returns the position of the last step, if its batch can be drawn again.
    pub fn last_batch(&self) -> Option<Position> {
        self.last_batch
    }

    /// Returns learning rate and bias correction of the last step.
    pub fn last_rates(&self) -> [f64; 2] {
        self.last_rates
    }

    /// Returns the warning for a run that begins with a learning rate of 0. Schedules never rise, so the run changes nothing.
    pub fn rate_warning(&self, model: &LoadedModel, feeder: &BatchFeeder) -> Option<Error> {
        let [rate, _] = rates(model, feeder, self.position);
        let is_stopped_by_schedule = rate as f32 == 0.0 && model.config().optimizer.learning_rate() > 0.0;
        is_stopped_by_schedule.then(|| SessionError::RateIsZero.into())
    }

    /// Goes to a position. The run, if there is one, stays.
    pub fn go_to(&mut self, position: Position, metrics: EpochMetrics) {
        (self.position, self.metrics) = (position, metrics);
    }

    /// Begins the epoch again, because the order of the examples has changed.
    pub fn restart_epoch(&mut self) {
        self.position.batch = 0;
        self.metrics = EpochMetrics::default();
        self.last_batch = None;
    }

    /// Begins the next step; false if there is none to take, or its examples have not arrived.
    ///
    /// # Errors
    /// Errors of planning and of the backend.
    pub fn begin_step(
        &mut self,
        model: &LoadedModel,
        executor: &mut Executor,
        feeder: &mut BatchFeeder,
        pool: Option<&mut WorkerPool>,
    ) -> Result<bool> {
        let config = model.config();
        // Steps that are under way count as taken; none begins beyond the end of an epoch or of the run.
        let ahead = executor.steps_ahead();
        let Position { step, epoch, batch } = self.position;
        let next = Position { step: step + ahead, epoch, batch: batch + ahead };
        let Some(run) = self.run.as_ref().filter(|run| !run.is_done()) else { return Ok(false) };
        if run.steps_left.unwrap_or(u32::MAX) <= ahead {
            return Ok(false);
        }
        if ahead > 0 && next.batch >= feeder.batches_per_epoch(config) {
            return Ok(false);
        }
        if !feeder.take_training_batch(next, config.batch_size as usize) {
            return Ok(false);
        }
        let is_last_of_run = run.steps_left == Some(ahead + 1);
        let is_last_of_epoch = next.batch + 1 >= feeder.batches_per_epoch(config);
        // Readers come when a run has ended. They find its last step recorded.
        let is_recorded =
            std::mem::take(&mut self.wants_record) || self.records_all || is_last_of_run || is_last_of_epoch;
        if is_recorded {
            self.recording = Some(next);
        }
        self.begun = Some(next);
        let images = feeder.batch.indices.len();
        let (rates, key) = (rates(model, feeder, next).map(|rate| rate as f32), rng_key(model, next));
        if let Some(pool) = pool
            && let Some(shards) = pool.shards(model, RunKind::Step, images)
        {
            let update = executor.plan(model, PlanKey::Update)?;
            executor.write_rates(&update, rates)?;
            pool.begin_batch(model, executor, feeder, (RunKind::Step, shards), key)?;
            return Ok(true);
        }
        if is_recorded {
            executor.begin_record(model, next, &feeder.batch.indices)?;
        }
        let loaded = executor.plan(model, PlanKey::Training(images))?;
        feeder.write(executor.backend.as_mut(), &loaded, 1.0 / images as f32)?;
        executor.write_rates(&loaded, rates)?;
        executor.write_rng_key(&loaded, key)?;
        executor.timer.before_step(executor.backend.as_mut(), &loaded);
        executor.begin(loaded, images, RunKind::Step)?;
        Ok(true)
    }

    /// Records another step, because the one that was to be recorded is given up.
    pub fn record_again(&mut self) {
        self.wants_record |= self.recording.take().is_some();
    }

    /// Counts a step and reports it. Returns the report of the epoch that ends with it.
    pub fn count_step(
        &mut self,
        model: &LoadedModel,
        feeder: &BatchFeeder,
        result: &StepResult,
        events: &mut VecDeque<Result<Progress>>,
    ) -> Option<EpochReport> {
        self.metrics.add(result);
        if self.recording == Some(self.position) {
            self.is_held &= !self.is_latest_recorded();
            self.recording = None;
        }
        self.last_batch = Some(self.position);
        self.last_rates = rates(model, feeder, self.position);
        self.position.step += 1;
        self.position.batch += 1;
        let [epoch_loss, epoch_accuracy] = self.metrics.means();
        let batches_per_epoch = feeder.batches_per_epoch(model.config());
        events.push_back(Ok(Progress::Step(StepReport {
            step: self.position.step,
            epoch: self.position.epoch,
            batch_in_epoch: self.position.batch,
            batches_per_epoch,
            images: result.images as u32,
            loss: result.loss,
            accuracy: result.correct / result.images.max(1) as f32,
            epoch_loss,
            epoch_accuracy,
        })));
        if let Some(run) = &mut self.run {
            run.count_step();
        }
        (self.position.batch >= batches_per_epoch).then(|| self.complete_epoch(model))
    }

    fn complete_epoch(&mut self, model: &LoadedModel) -> EpochReport {
        let [loss, accuracy] = self.metrics.means();
        let Position { epoch, step, .. } = self.position;
        let metrics = self.metrics.values(model);
        let report = EpochReport { epoch, step, loss, accuracy, metrics, ..Default::default() };
        self.position.epoch += 1;
        self.position.batch = 0;
        self.metrics = EpochMetrics::default();
        if let Some(run) = &mut self.run {
            run.count_epoch();
        }
        report
    }

    /// Ends the run if a rule of the configuration says so, and names the rule in the report.
    pub fn apply_stop_rules(&mut self, model: &LoadedModel, mut report: EpochReport) -> EpochReport {
        if let Some(run) = &mut self.run {
            report.stopped_by = run.apply_stop_rules(model.config(), &report);
        }
        report
    }
}

/// Returns the key of a step's random numbers.
pub(super) fn rng_key(model: &LoadedModel, at: Position) -> [i32; 2] {
    [model.config().seed as i32, at.step as i32]
}

/// Returns learning rate and bias correction of a step.
fn rates(model: &LoadedModel, feeder: &BatchFeeder, at: Position) -> [f64; 2] {
    let config = model.config();
    // Epochs done and the fraction of the present one, so that a schedule goes on where it was when the batch size or the
    // number of examples changes.
    let fraction = f64::from(at.batch) / f64::from(feeder.batches_per_epoch(config).max(1));
    let factor = config.learning_rate_schedule.factor(schedules::Position {
        epochs_done: f64::from(at.epoch) + fraction,
        epochs: config.epochs,
        step: at.step,
    });
    let correction = config.optimizer.bias_correction(at.step);
    [config.optimizer.learning_rate() * factor, correction.into()]
}
