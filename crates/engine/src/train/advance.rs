//! The work of a session: begins steps and batches of evaluations, goes on with them, and takes their results.

use super::evaluation::{EvaluationRun, Purpose};
use super::executor::{InFlight, RunKind};
use super::{Progress, Provenance, Session};
use crate::backend::RunStatus;
use crate::data::Part;
use crate::error::{Error, Result};
use crate::model::metrics::ACCURACY;
use crate::protocol::{EpochReport, Evaluation};

impl Session {
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
            self.training.finish();
            return Some(Ok(Progress::Finished));
        }
        None
    }

    pub(super) fn begin_step(&mut self) -> Result<bool> {
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
            && !(self.training.is_held && self.training.is_latest_recorded())
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
            RunKind::CopyStates => Ok(()),
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
            (Some(shards), Some(pool)) => {
                if let Some(at) = training.recording {
                    executor.record_shared(model, at, &feeder.batch.indices, shards)?;
                }
                pool.finish_step(model, executor, run.images)
            }
            _ => executor.read_step(model, run),
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
            let purpose = Purpose::Validation(report);
            self.evaluations.push_validation(EvaluationRun::new(purpose, Part::Train, validation, &self.model));
        }
    }

    fn complete_evaluation_batch(&mut self, run: &InFlight) -> Result<()> {
        let Self { evaluations, model, executor, feeder, pool, .. } = self;
        let targets = &feeder.batch.targets;
        match (run.shards, pool) {
            (Some(shards), Some(pool)) => {
                evaluations.complete_shards(model, pool.gathered(), run.images, shards, targets)
            }
            _ => evaluations.complete_batch(model, executor, run, targets)?,
        }
        let progress = match self.evaluations.take_done(&self.model) {
            None => return Ok(()),
            Some((Purpose::Requested, evaluation, predictions)) => Progress::Evaluated(evaluation, predictions),
            Some((Purpose::Validation(report), evaluation, _)) => {
                let Evaluation { loss, accuracy, mut metrics, .. } = evaluation;
                metrics.remove(ACCURACY);
                let report =
                    EpochReport { val_loss: Some(loss), val_accuracy: accuracy, val_metrics: metrics, ..report };
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
            RunKind::CopyStates | RunKind::Step => self.training.stop(),
        }
        self.events.push_back(Err(error));
    }

    /// Gives up all runs that are not done.
    pub(super) fn cancel(&mut self) {
        if let Some(pool) = &mut self.pool {
            pool.cancel();
        }
        if let Some(prediction) = &mut self.prediction {
            prediction.restart_shared_part(&mut self.executor);
        }
        self.training.record_again();
        self.executor.cancel();
    }

    /// Completes the runs that have begun, so that all weights are of one step. Reports come with the next `advance`.
    pub(super) fn settle(&mut self) {
        self.abandon_shared_work();
        while let Some(status) = self.go_on(&mut || true) {
            // Nothing can wait for a backend that works by itself; the driver of the session lets it settle first.
            if status == RunStatus::Unfinished && self.is_asynchronous() {
                break;
            }
        }
    }

    /// Begins the evaluations again that are not done, for a model that has changed.
    pub(super) fn restart_evaluations(&mut self) {
        if self.executor.is_front(RunKind::Evaluation) {
            self.cancel();
        }
        self.evaluations.restart(&self.model);
    }
}
