//! Batch by batch: what a step or a part of an evaluation is given, and what becomes of its results.

use super::evaluation::{EvaluationRun, Purpose};
use super::plans::{Loaded, PlanKey};
use super::progress::{Position, Progress, StepReport, Totals};
use super::{InFlight, Session, graphs};
use crate::backend::{Backend, ResidentDataset, RunStatus, TensorRef};
use crate::data::{Dataset, PIXEL_LEVELS, Part};
use crate::error::{Error, Result};
use crate::ir::op::as_i32_mut;
use crate::model::catalogue::ResolvedLayer;
use crate::model::optimizers::{BIAS_CORRECTION, LEARNING_RATE};
use crate::model::schedules;
use crate::protocol::EpochReport;
use crate::tensor::HostTensor;

impl Session {
    pub(super) fn batches_per_epoch(&self) -> u32 {
        self.sampler.images().div_ceil(self.config.batch_size.max(1) as usize) as u32
    }

    /// Gives up a run that has not come to its end.
    pub(super) fn cancel(&mut self) {
        if let Some(crew) = &mut self.crew {
            crew.cancel();
        }
        self.restart_prediction();
        for run in self.in_flight.drain(..) {
            self.backend.cancel(run.loaded.handle);
        }
    }

    /// Completes what has begun, so that all weights are of one step. Its report comes with the next `advance`.
    pub(super) fn settle(&mut self) {
        self.take_back_slices();
        while let Some(status) = self.go_on(&mut || true) {
            // Nothing can wait for a backend that works by itself; whoever drives the session lets it settle first.
            if status == RunStatus::Unfinished && self.backend.is_asynchronous() {
                break;
            }
        }
    }

    /// Goes on with the oldest of what has begun; `None` if there is nothing.
    pub(super) fn go_on(&mut self, has_time: &mut dyn FnMut() -> bool) -> Option<RunStatus> {
        if let Some(loss) = self.bad_loss {
            let wanted = self.wanted_for_diagnosis();
            if let Ok(false) = self.backend.fetch(&wanted) {
                return Some(RunStatus::Unfinished);
            }
            self.bad_loss = None;
            let error = self.not_a_number(loss);
            self.fail(false, error);
            return Some(RunStatus::Done);
        }
        let run = self.in_flight.front()?;
        if run.is_slice {
            return Some(self.go_on_with_slices(has_time));
        }
        match self.backend.run(run.loaded.handle, has_time) {
            Ok(RunStatus::Unfinished) => return Some(RunStatus::Unfinished),
            Ok(RunStatus::Done) => self.complete(),
            Err(error) => self.fail(run.evaluation, error),
        }
        Some(RunStatus::Done)
    }

    /// Begins more steps while one is under way, where the backend works by itself. An error shows when it is that
    /// step's turn.
    pub(super) fn begin_ahead(&mut self) {
        let Some(front) = self.in_flight.front() else { return };
        let room = self.backend.runs_at_once(front.loaded.handle);
        while !self.in_flight.is_empty()
            && self.in_flight.len() < room
            && self.evaluations.is_empty()
            && self.bad_loss.is_none()
            && matches!(self.begin_step(), Ok(true))
        {}
    }

    /// Whether the end of an epoch is being validated; training waits for that.
    pub(super) fn is_validating(&self) -> bool {
        self.evaluations.front().is_some_and(|first| matches!(first.purpose, Purpose::Validation(_)))
    }

    /// Begins the evaluations again that are not done, for a model that has changed.
    pub(super) fn restart_evaluations(&mut self) {
        if self.in_flight.front().is_some_and(|run| run.evaluation) {
            self.cancel();
        }
        let classes = self.classes();
        self.evaluations.iter_mut().for_each(|evaluation| evaluation.restart(classes));
    }

    /// Gives up what was going on, an evaluation or training, and queues the error.
    pub(super) fn fail(&mut self, evaluation: bool, error: Error) {
        self.cancel();
        if evaluation {
            self.evaluations.pop_front();
        } else {
            self.run = None;
        }
        self.pending.push_back(Err(error));
    }

    /// Whether there is an evaluation to go on with, and its images have arrived.
    pub(super) fn is_evaluation_ready(&self) -> bool {
        self.evaluations
            .front()
            .is_some_and(|first| self.dataset.images(first.part) >= first.next_batch(self.workers()).end)
    }

    /// Begins the next step; false if there is none to take, or its images have not arrived.
    pub(super) fn begin_step(&mut self) -> Result<bool> {
        // Steps that are under way count as taken; none begins beyond the end of an epoch or of the run.
        let ahead = self.in_flight.len() as u32;
        let Position { epoch, batch, step } = self.position;
        let (batch, step, size) = (batch + ahead, step + ahead, self.config.batch_size as usize);
        let steps_left = self.run.and_then(|run| run.steps_left).unwrap_or(u32::MAX);
        if self.is_validating() || self.run.is_none_or(|run| run.is_done()) || steps_left <= ahead {
            return Ok(false);
        }
        if ahead > 0 && batch >= self.batches_per_epoch() {
            return Ok(false);
        }
        if self.dataset.train_images() < self.sampler.needed(epoch, batch as usize, size) {
            return Ok(false);
        }
        self.indices.clear();
        self.indices.extend_from_slice(self.sampler.batch(epoch, batch as usize, size));
        let images = self.indices.len();
        if self.may_share(images) {
            self.begin_slices(step)?;
            return Ok(true);
        }
        let loaded = self.plan(PlanKey::Training(images))?;
        self.write_batch(&loaded, Part::Train, 1.0 / images as f32)?;
        self.write_rates(&loaded, step)?;
        self.write_key(&loaded, step)?;
        self.time_step(&loaded);
        self.backend.begin(loaded.handle)?;
        self.in_flight.push_back(InFlight { loaded, images, evaluation: false, is_slice: false });
        Ok(true)
    }

    pub(super) fn begin_evaluation_batch(&mut self) -> Result<bool> {
        let Some(first) = self.evaluations.front() else { return Ok(false) };
        let (part, range) = (first.part, first.next_batch(self.workers()));
        self.indices.clear();
        self.indices.extend(range.start as u32..range.end as u32);
        let images = self.indices.len();
        if self.may_share(images) {
            self.begin_evaluation_slices(part)?;
            return Ok(true);
        }
        let loaded = self.plan(PlanKey::Evaluation(images))?;
        self.write_batch(&loaded, part, 1.0)?;
        self.backend.begin(loaded.handle)?;
        self.in_flight.push_back(InFlight { loaded, images, evaluation: true, is_slice: false });
        Ok(true)
    }

    /// Writes the images of `indices`, their labels and weights.
    pub(super) fn write_batch(&mut self, loaded: &Loaded, part: Part, sample_weight: f32) -> Result<()> {
        let Self { backend, dataset, indices, labels, .. } = self;
        labels.resize(indices.len(), 0);
        dataset.copy_labels(part, indices, labels)?;
        if !Self::gather_rows(backend.as_mut(), loaded, dataset, part, indices)? {
            let mut result = Ok(());
            backend.write_input(loaded.handle, graphs::IMAGES, &mut |words| {
                result = dataset.copy_batch(part, indices, words, labels);
            })?;
            result?;
        }
        backend.write_input(loaded.handle, graphs::LABELS, &mut |words| as_i32_mut(words).copy_from_slice(labels))?;
        backend.write_input(loaded.handle, graphs::SAMPLE_WEIGHT, &mut |words| words.fill(sample_weight))
    }

    /// Says which images a batch takes, where the backend holds the data set; else false.
    fn gather_rows(
        backend: &mut dyn Backend,
        loaded: &Loaded,
        dataset: &Dataset,
        part: Part,
        indices: &[u32],
    ) -> Result<bool> {
        let table = ResidentDataset {
            name: &format!("{} {part}", dataset.info().name),
            bytes: dataset.pixels(part),
            width: dataset.info().image_len(),
            rows: dataset.total(part),
            dequantization: &PIXEL_LEVELS,
        };
        backend.gather_rows(loaded.handle, graphs::IMAGES, &table, indices)
    }

    /// Writes what the random numbers of a step, counted from 0, begin with.
    pub(super) fn write_key(&mut self, loaded: &Loaded, step: u32) -> Result<()> {
        if !loaded.has_input(graphs::KEY) {
            return Ok(());
        }
        let key = [self.config.seed as i32, step as i32];
        self.backend.write_input(loaded.handle, graphs::KEY, &mut |words| as_i32_mut(words).copy_from_slice(&key))
    }

    /// Writes what the optimizer takes for a step, counted from 0.
    pub(super) fn write_rates(&mut self, loaded: &Loaded, step: u32) -> Result<()> {
        let position = schedules::Position::at_step(step, self.batches_per_epoch(), self.config.epochs);
        let factor = self.config.learning_rate_schedule.factor(position);
        let rate = (self.config.optimizer.learning_rate() * factor) as f32;
        let correction = self.config.optimizer.bias_correction(step);
        self.write_scalar(loaded, LEARNING_RATE, rate)?;
        self.write_scalar(loaded, BIAS_CORRECTION, correction)
    }

    pub(super) fn write_scalar(&mut self, loaded: &Loaded, name: &str, value: f32) -> Result<()> {
        if !loaded.has_input(name) {
            return Ok(());
        }
        self.backend.write_input(loaded.handle, name, &mut |words| words.fill(value))
    }

    pub(super) fn read_scalar(&self, loaded: &Loaded, name: &str) -> Result<f32> {
        let value = self.backend.read(loaded.handle, name)?;
        Ok(value.words().first().copied().unwrap_or(f32::NAN))
    }

    /// Takes the results of the run that has come to its end, and queues what is to be reported.
    pub(super) fn complete(&mut self) {
        let Some(run) = self.in_flight.pop_front() else { return };
        let result = if run.evaluation { self.complete_evaluation_batch(&run) } else { self.complete_step(&run) };
        if let Err(error) = result {
            self.fail(run.evaluation, error);
        }
    }

    fn complete_step(&mut self, run: &InFlight) -> Result<()> {
        (self.outputs, self.gradients) = (Some(run.loaded.handle), Some(run.loaded.handle));
        let loss = self.read_scalar(&run.loaded, graphs::LOSS)?;
        let correct = self.read_scalar(&run.loaded, graphs::CORRECT)?;
        let is_healthy = self.read_scalar(&run.loaded, graphs::HEALTHY)? == 1.0;
        self.count_step(run.images, loss, correct, is_healthy);
        Ok(())
    }

    /// Counts a step that was taken.
    pub(super) fn count_step(&mut self, images: usize, loss: f32, correct: f32, is_healthy: bool) {
        if !is_healthy {
            // Steps after this one do not count; whether they changed weights is up to what they computed.
            self.cancel();
            self.bad_loss = Some(loss);
            return;
        }
        self.untouched = false;
        self.totals.add(loss, correct, images);
        self.last_batch = Some(self.position);
        self.position.step += 1;
        self.position.batch += 1;
        let [epoch_loss, epoch_accuracy] = self.totals.means();
        let batches_per_epoch = self.batches_per_epoch();
        self.pending.push_back(Ok(Progress::Step(StepReport {
            step: self.position.step,
            epoch: self.position.epoch,
            batch_in_epoch: self.position.batch,
            batches_per_epoch,
            images: images as u32,
            loss,
            epoch_loss,
            epoch_accuracy,
        })));
        if let Some(steps) = self.run.as_mut().and_then(|run| run.steps_left.as_mut()) {
            *steps = steps.saturating_sub(1);
        }
        if self.position.batch >= batches_per_epoch {
            self.complete_epoch();
        }
    }

    fn complete_epoch(&mut self) {
        let [loss, accuracy] = self.totals.means();
        let report =
            EpochReport { epoch: self.position.epoch, step: self.position.step, loss, accuracy, ..Default::default() };
        self.position.epoch += 1;
        self.position.batch = 0;
        self.totals = Totals::default();
        if let Some(epochs) = self.run.as_mut().and_then(|run| run.epochs_left.as_mut()) {
            *epochs = epochs.saturating_sub(1);
        }
        let validation = self.sampler.images()..self.config.train_samples as usize;
        if validation.is_empty() {
            let report = self.apply_stop_rules(report);
            self.pending.push_back(Ok(Progress::Epoch(report)));
        } else {
            let purpose = Purpose::Validation(report);
            self.evaluations.push_front(EvaluationRun::new(purpose, Part::Train, validation, self.classes()));
        }
    }

    /// Ends the run if a rule of the configuration says so, and names the rule in the report.
    fn apply_stop_rules(&mut self, mut report: EpochReport) -> EpochReport {
        if let Some(run) = &mut self.run {
            report.stopped_by = run.stops.epoch(&self.config, &report);
            run.is_stopped |= report.stopped_by.is_some();
        }
        report
    }

    fn complete_evaluation_batch(&mut self, run: &InFlight) -> Result<()> {
        let loss = self.read_scalar(&run.loaded, graphs::LOSS)?;
        let has_penalty = run.loaded.has_value(graphs::PENALTY);
        let penalty = if has_penalty { self.read_scalar(&run.loaded, graphs::PENALTY)? } else { 0.0 };
        let predicted = self.backend.read(run.loaded.handle, graphs::PREDICTED)?;
        let confidence = self.backend.read(run.loaded.handle, graphs::CONFIDENCE)?;
        let Some(first) = self.evaluations.front_mut() else { return Ok(()) };
        first.add(loss, penalty, &self.labels[..run.images], predicted.i32s(), confidence.words());
        self.finish_evaluation();
        Ok(())
    }

    /// Reports the first evaluation if it is done.
    pub(super) fn finish_evaluation(&mut self) {
        if !self.evaluations.front().is_some_and(EvaluationRun::is_done) {
            return;
        }
        let Some(done) = self.evaluations.pop_front() else { return };
        let (purpose, evaluation, predictions) = done.result();
        let progress = match purpose {
            Purpose::Requested => Progress::Evaluated(evaluation, predictions),
            Purpose::Validation(report) => Progress::Epoch(self.apply_stop_rules(EpochReport {
                val_loss: Some(evaluation.loss),
                val_accuracy: Some(evaluation.accuracy),
                ..report
            })),
        };
        self.pending.push_back(Ok(progress));
    }

    /// What [`Session::not_a_number`] looks at.
    fn wanted_for_diagnosis(&self) -> Vec<TensorRef> {
        self.tensor_names().into_iter().filter_map(|name| self.wanted(&name)).collect()
    }

    /// The error for a step whose loss or gradient is no number: finds the first layer, in forward order, whose weights
    /// or output hold such a value, else the last whose gradient does.
    fn not_a_number(&self, loss: f32) -> Error {
        let bad = |values: Result<HostTensor>| values.is_ok_and(|values| values.words().iter().any(|x| !x.is_finite()));
        let tensors = |layer: &ResolvedLayer, prefix: &str| -> Vec<String> {
            layer.weights.iter().map(|weight| format!("{prefix}{}.{}", layer.name, weight.name)).collect()
        };
        let forward = self.layers.iter().position(|layer| {
            let weights = tensors(layer, "").into_iter().any(|name| bad(self.tensor(&name)));
            weights || bad(self.tensor(&format!("{}.output", layer.name)))
        });
        let backward = || {
            let gradient =
                |layer: &ResolvedLayer| tensors(layer, "grad ").into_iter().any(|name| bad(self.tensor(&name)));
            self.layers.iter().rposition(gradient)
        };
        let (index, what) = match forward {
            Some(index) => (index, "output"),
            None if loss.is_finite() => (backward().unwrap_or(0), "gradient"),
            None => (self.layers.len().saturating_sub(1), "loss"),
        };
        let name = self.layers.get(index).map_or("", |layer| layer.name.as_str());
        Error::new("not-a-number", what)
            .expected("finite numbers")
            .got("infinity or NaN")
            .hint("Training has stopped; the weights are those before this step. Try a smaller learning rate.")
            .at_layer(index, name)
    }
}
