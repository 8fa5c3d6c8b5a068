//! Reports of a session while it trains, and its position.

use super::model::LoadedModel;
use super::training_loop::StepResult;
use crate::error::Error;
use crate::model::metrics::{ACCURACY, Basis, Confusion, Metric, Sums};
use crate::protocol::{EpochReport, Evaluation, MetricValues};

/// The length of a run, from where the model stands; if both are given, whichever comes first; if neither, as many epochs
/// as the configuration says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Goal {
    /// The number of epochs to complete; the first may be one that had begun before.
    pub epochs: Option<u32>,
    pub steps: Option<u32>,
}

/// The outcome of [`Session::advance`](super::Session::advance).
#[derive(Clone, PartialEq, Debug)]
pub enum Progress {
    /// `has_time` said no; call again.
    OutOfTime,
    Step(StepReport),
    /// An epoch, and its validation, came to its end. `seconds` and `images_per_second` are 0: a session has no clock.
    Epoch(EpochReport),
    /// A requested evaluation, with its prediction for each image.
    Evaluated(Evaluation, Predictions),
    /// A fault that training survives.
    Warning(Error),
    /// The images of the next batch have not arrived.
    WaitingForData,
    /// The goal is reached. Reported once.
    Finished,
    /// Nothing to do.
    Idle,
}

/// The predictions of an evaluation, in the order of the split.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Predictions {
    /// `[classes,classes]`, `confusion[true][predicted]`.
    pub confusion: Vec<f32>,
    /// `[n]`, the true class: classes of a data set are labels of a byte.
    pub labels: Vec<u8>,
    /// `[n]`: the predicted class, -1 where there is no answer; for values the outputs `[n,columns]`.
    pub predicted: Vec<f32>,
    /// `[n]`: the score of the predicted class; after a softmax, its probability.
    pub confidence: Vec<f32>,
    /// `[n,columns]`: the true values, if the target is values.
    pub values: Vec<f32>,
}

/// One step of training.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct StepReport {
    /// Steps since the weights were initialised, this one included.
    pub step: u32,
    /// From 0, since the weights were initialised.
    pub epoch: u32,
    /// Batches of this epoch, this one included.
    pub batch_in_epoch: u32,
    pub batches_per_epoch: u32,
    /// Images of this batch.
    pub images: u32,
    pub loss: f32,
    /// Share of this batch that the network classified correctly, before the step; NaN if the target is no class.
    pub accuracy: f32,
    /// Mean over the images of this epoch so far.
    pub epoch_loss: f32,
    pub epoch_accuracy: f32,
}

/// The position of a model in its training.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Position {
    /// Steps since the weights were initialised.
    pub step: u32,
    /// Epochs completed.
    pub epoch: u32,
    /// Batches of the running epoch that are done.
    pub batch: u32,
}

/// Sums over the running epoch.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct EpochMetrics {
    pub loss: f64,
    pub correct: f64,
    pub images: f64,
    /// The number of counted samples and their counts, from which metrics follow. They begin anew when the metrics change.
    pub counts: Vec<f64>,
}

impl EpochMetrics {
    pub(super) fn add(&mut self, step: &StepResult) {
        self.loss += f64::from(step.loss) * step.images as f64;
        self.correct += f64::from(step.correct);
        self.images += step.images as f64;
        if self.counts.len() != 1 + step.counts.len() {
            self.counts = vec![0.0; 1 + step.counts.len()];
        }
        let own = std::iter::once(step.images as f64).chain(step.counts.iter().map(|count| f64::from(*count)));
        self.counts.iter_mut().zip(own).for_each(|(sum, count)| *sum += count);
    }

    /// Returns the metrics of the epoch so far besides the accuracy, by name.
    pub fn values(&self, model: &LoadedModel) -> MetricValues {
        let confusion_words = model.count_words() - model.sum_words();
        let (samples, counts) = self.counts.split_first().unwrap_or((&0.0, &[]));
        let (confusion, sums) = counts.split_at(confusion_words.min(counts.len()));
        let confusion = Confusion::from_sums(confusion, model.classes(), model.answers());
        let mut values = metric_values(model, &confusion, sums, *samples);
        values.remove(ACCURACY);
        values
    }

    /// Returns mean loss and accuracy.
    pub fn means(&self) -> [f32; 2] {
        let images = self.images.max(1.0);
        [(self.loss / images) as f32, (self.correct / images) as f32]
    }

    /// Splits each sum into three numbers for a snapshot: two would lose the last bits.
    pub fn to_f32(self) -> Vec<f32> {
        let parts = |value: f64| {
            let high = value as f32;
            let middle = (value - f64::from(high)) as f32;
            [high, middle, (value - f64::from(high) - f64::from(middle)) as f32]
        };
        [self.loss, self.correct, self.images].into_iter().chain(self.counts.iter().copied()).flat_map(parts).collect()
    }

    /// Reads the numbers of [`EpochMetrics::to_f32`]; missing ones are 0.
    pub fn from_f32(values: &[f32]) -> Self {
        let sum = |index: usize| values.iter().skip(3 * index).take(3).map(|&value| f64::from(value)).sum();
        let counts = (3..values.len() / 3).map(sum).collect();
        Self { loss: sum(0), correct: sum(1), images: sum(2), counts }
    }
}

/// Returns the metrics of a model, by name: from a confusion matrix, and from the sums of those that have their own.
pub(super) fn metric_values(model: &LoadedModel, confusion: &Confusion, sums: &[f64], samples: f64) -> MetricValues {
    let mut rest = sums;
    let value = |metric: &&'static dyn Metric| {
        let value = match metric.basis() {
            Basis::Confusion => metric.value(&Sums::Confusion(confusion)),
            Basis::Sums(count) => {
                let (own, others) = rest.split_at(count.min(rest.len()));
                rest = others;
                metric.value(&Sums::Own { sums: own, samples })
            }
        };
        (metric.name().to_owned(), value as f32)
    };
    model.metrics().iter().map(value).collect()
}
