//! Reports of a session while it trains, and its position.

use crate::error::Error;
use crate::protocol::{EpochReport, Evaluation};

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
    /// `[n]`: the predicted class, -1 where there is no answer.
    pub predicted: Vec<f32>,
    /// `[n]`: the score of the predicted class; after a softmax, its probability.
    pub confidence: Vec<f32>,
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
    /// Share of this batch that the network classified correctly, before the step.
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
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct EpochMetrics {
    pub loss: f64,
    pub correct: f64,
    pub images: f64,
}

impl EpochMetrics {
    pub fn add(&mut self, loss: f32, correct: f32, images: usize) {
        self.loss += f64::from(loss) * images as f64;
        self.correct += f64::from(correct);
        self.images += images as f64;
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
        [self.loss, self.correct, self.images].into_iter().flat_map(parts).collect()
    }

    /// Reads the numbers of [`EpochMetrics::to_f32`]; missing ones are 0.
    pub fn from_f32(values: &[f32]) -> Self {
        let sum = |index: usize| values.iter().skip(3 * index).take(3).map(|&value| f64::from(value)).sum();
        Self { loss: sum(0), correct: sum(1), images: sum(2) }
    }
}
