//! Evaluations: batch by batch, exact for a shorter last one.

use std::collections::VecDeque;
use std::ops::Range;

use super::executor::{Executor, InFlight, RunKind};
use super::feeder::BatchFeeder;
use super::graphs;
use super::model::LoadedModel;
use super::plans::PlanKey;
use super::progress::{Predictions, metric_values};
use super::replicas::Shard;
use super::worker_pool::WorkerPool;
use crate::data::{Dataset, Part, Target};
use crate::error::Result;
use crate::ir::op::as_i32;
use crate::model::metrics::Confusion;
use crate::protocol::{EpochReport, Evaluation};
use crate::tensor::HostTensor;

/// The number of images that a worker evaluates at a time.
pub(super) const BATCH: usize = 128;

/// The reason for an evaluation.
pub(super) enum Purpose {
    Requested,
    /// The end of an epoch, which is reported with its validation.
    Validation(EpochReport),
}

/// Evaluations in the order in which they are computed. The first is under way.
#[derive(Default)]
pub(super) struct EvaluationQueue {
    queue: VecDeque<EvaluationRun>,
}

impl EvaluationQueue {
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Appends a requested evaluation.
    pub fn push(&mut self, evaluation: EvaluationRun) {
        self.queue.push_back(evaluation);
    }

    /// Puts the validation of an epoch before the others: training waits for it.
    pub fn push_validation(&mut self, evaluation: EvaluationRun) {
        self.queue.push_front(evaluation);
    }

    /// Returns true if the end of an epoch is being validated.
    pub fn is_validating(&self) -> bool {
        self.queue.front().is_some_and(|first| matches!(first.purpose, Purpose::Validation(_)))
    }

    /// Gives up all.
    pub fn clear(&mut self) {
        self.queue.clear();
    }

    /// Gives up the first.
    pub fn drop_first(&mut self) {
        self.queue.pop_front();
    }

    /// Begins all again, for another model.
    pub fn restart(&mut self, model: &LoadedModel) {
        self.queue.iter_mut().for_each(|evaluation| evaluation.restart(model));
    }

    /// Returns true if the images of the next batch have arrived.
    pub fn is_ready(&self, dataset: &Dataset, workers: usize) -> bool {
        self.queue.front().is_some_and(|first| dataset.examples(first.part) >= first.next_batch(workers).end)
    }

    /// Begins the next batch; false if there is none.
    ///
    /// # Errors
    /// Errors of planning and of the backend.
    pub fn begin_batch(
        &self,
        model: &LoadedModel,
        executor: &mut Executor,
        feeder: &mut BatchFeeder,
        pool: Option<&mut WorkerPool>,
    ) -> Result<bool> {
        let Some(first) = self.queue.front() else { return Ok(false) };
        feeder.take_range(first.part, first.next_batch(pool.as_ref().map_or(1, |pool| pool.workers())));
        let images = feeder.batch.indices.len();
        if let Some(pool) = pool
            && let Some(shards) = pool.shards(model, RunKind::Evaluation, images)
        {
            pool.begin_batch(model, executor, feeder, (RunKind::Evaluation, shards), [0; 2])?;
            return Ok(true);
        }
        let loaded = executor.plan(model, PlanKey::Evaluation(images))?;
        feeder.write(executor.backend.as_mut(), &loaded, 1.0)?;
        executor.begin(loaded, images, RunKind::Evaluation)?;
        Ok(true)
    }

    /// Takes the results of a batch that no other worker had a part in.
    ///
    /// # Errors
    /// Errors of the backend.
    pub fn complete_batch(
        &mut self,
        model: &LoadedModel,
        executor: &Executor,
        run: &InFlight,
        targets: &[f32],
    ) -> Result<()> {
        let loss = executor.read_scalar(&run.loaded, graphs::LOSS)?;
        let has_penalty = run.loaded.has_value(graphs::PENALTY);
        let penalty = if has_penalty { executor.read_scalar(&run.loaded, graphs::PENALTY)? } else { 0.0 };
        let sums = executor.read_sums(model, &run.loaded)?;
        let names = model.answer_names();
        let answers = names.iter().map(|name| executor.backend.read(run.loaded.handle, name));
        let answers = answers.collect::<Result<Vec<HostTensor>>>()?;
        let Some(first) = self.queue.front_mut() else { return Ok(()) };
        first.add(run.images, [loss, penalty], &sums);
        match &answers[..] {
            [predicted, confidence] => {
                first.add_answers(&as_i32(targets)[..run.images], predicted.i32s(), confidence.words());
            }
            [outputs] => first.add_values(&targets[..run.images * model.target_words()], outputs.words()),
            _ => {}
        }
        Ok(())
    }

    /// Takes the results of all shards of a batch, one after the other.
    pub fn complete_shards(
        &mut self,
        model: &LoadedModel,
        results: &[f32],
        images: usize,
        shards: usize,
        targets: &[f32],
    ) {
        let Some(first) = self.queue.front_mut() else { return };
        let (sums_end, width) = (2 + model.sum_words(), model.target_words());
        let mut rest = results;
        for range in Shard::ranges(images, shards) {
            let answers = match model.answer_names().len() {
                1 => width * range.len(),
                names => names * range.len(),
            };
            let (own, others) = rest.split_at(sums_end + answers);
            first.add(range.len(), [own[0], own[1]], &own[2..sums_end]);
            let answers = &own[sums_end..];
            match model.schema().target {
                Target::Class { .. } => {
                    let (predicted, confidence) = answers.split_at(range.len());
                    first.add_answers(&as_i32(targets)[range], as_i32(predicted), confidence);
                }
                Target::Values { .. } => first.add_values(&targets[range.start * width..range.end * width], answers),
                Target::Input => {}
            }
            rest = others;
        }
    }

    /// Takes the first evaluation out if it is done.
    pub fn take_done(&mut self, model: &LoadedModel) -> Option<(Purpose, Evaluation, Predictions)> {
        let is_done = self.queue.front().is_some_and(EvaluationRun::is_done);
        if is_done { self.queue.pop_front().map(|first| first.result(model)) } else { None }
    }
}

/// One evaluation.
pub(super) struct EvaluationRun {
    purpose: Purpose,
    part: Part,
    images: Range<usize>,
    next: usize,
    loss: f64,
    penalty: f32,
    /// Sums of the metrics that have their own.
    sums: Vec<f64>,
    confusion: Confusion,
    predictions: Predictions,
}

impl EvaluationRun {
    /// Makes an evaluation of these images of a part by a model.
    pub fn new(purpose: Purpose, part: Part, images: Range<usize>, model: &LoadedModel) -> Self {
        let (next, answers) = (images.start, model.answers());
        let predictions = Predictions { confusion: vec![0.0; answers * answers], ..Predictions::default() };
        let confusion = Confusion::new(model.classes(), answers);
        Self {
            purpose,
            part,
            images,
            next,
            loss: 0.0,
            penalty: 0.0,
            sums: vec![0.0; model.sum_words()],
            confusion,
            predictions,
        }
    }

    fn restart(&mut self, model: &LoadedModel) {
        let purpose = std::mem::replace(&mut self.purpose, Purpose::Requested);
        *self = Self::new(purpose, self.part, self.images.clone(), model);
    }

    /// Returns the next images for a number of workers; empty at the end.
    fn next_batch(&self, workers: usize) -> Range<usize> {
        self.next..(self.next + workers * BATCH).min(self.images.end)
    }

    fn is_done(&self) -> bool {
        self.next >= self.images.end
    }

    /// Takes the results of the next images: the sum of the losses, the penalty, and the sums of metrics.
    fn add(&mut self, images: usize, [loss, penalty]: [f32; 2], sums: &[f32]) {
        self.next += images;
        self.loss += f64::from(loss);
        self.penalty = penalty;
        self.sums.iter_mut().zip(sums).for_each(|(sum, own)| *sum += f64::from(*own));
    }

    /// Takes for each of these images the predicted class and its score.
    fn add_answers(&mut self, labels: &[i32], predicted: &[i32], confidence: &[f32]) {
        let answers = self.predictions.confusion.len().isqrt();
        for (&label, &class) in labels.iter().zip(predicted) {
            // A prediction may name no class.
            let (row, column) = (label as usize, usize::try_from(class).ok());
            self.confusion.count(row, column);
            if let Some(column) = column.filter(|column| row < answers && *column < answers) {
                self.predictions.confusion[row * answers + column] += 1.0;
            }
        }
        // A validation reports no single images.
        if matches!(self.purpose, Purpose::Requested) {
            self.predictions.labels.extend(labels.iter().map(|&label| label as u8));
            self.predictions.predicted.extend(predicted.iter().map(|&class| class as f32));
            self.predictions.confidence.extend_from_slice(confidence);
        }
    }

    /// Takes the true values and the outputs of these examples, both `[n,columns]`.
    fn add_values(&mut self, values: &[f32], outputs: &[f32]) {
        // A validation reports no single examples.
        if matches!(self.purpose, Purpose::Requested) {
            self.predictions.values.extend_from_slice(values);
            self.predictions.predicted.extend_from_slice(outputs);
        }
    }

    fn result(self, model: &LoadedModel) -> (Purpose, Evaluation, Predictions) {
        let samples = self.images.len();
        let has_classes = model.classes() > 0;
        let accuracy = (self.confusion.correct() / samples.max(1) as f64) as f32;
        let evaluation = Evaluation {
            loss: (self.loss / samples.max(1) as f64) as f32 + self.penalty,
            accuracy: has_classes.then_some(accuracy),
            samples: samples as u32,
            classes: model.answers() as u32,
            metrics: metric_values(model, &self.confusion, &self.sums, samples as f64),
            class_scores: self.confusion.class_scores(),
            class_names: model.schema().target.class_names().to_vec(),
        };
        (self.purpose, evaluation, self.predictions)
    }
}
