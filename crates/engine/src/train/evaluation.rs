//! An evaluation on its way: batch by batch, exact for a shorter last one.

use std::ops::Range;

use crate::data::Part;
use crate::protocol::{EpochReport, Evaluation};
use crate::train::progress::Predictions;

/// Images that are evaluated at a time.
pub(super) const BATCH: usize = 128;

/// Why there is an evaluation.
pub enum Purpose {
    Requested,
    /// The end of an epoch, which is reported with its validation.
    Validation(EpochReport),
}

pub struct EvaluationRun {
    pub purpose: Purpose,
    pub part: Part,
    images: Range<usize>,
    next: usize,
    classes: usize,
    loss: f64,
    penalty: f32,
    correct: usize,
    predictions: Predictions,
}

impl EvaluationRun {
    /// An evaluation of these images of a part, by a model with so many outputs.
    pub fn new(purpose: Purpose, part: Part, images: Range<usize>, classes: usize) -> Self {
        let next = images.start;
        let predictions = Predictions { confusion: vec![0.0; classes * classes], ..Predictions::default() };
        Self { purpose, part, images, next, classes, loss: 0.0, penalty: 0.0, correct: 0, predictions }
    }

    /// Begins again, for a model with so many outputs.
    pub fn restart(&mut self, classes: usize) {
        let purpose = std::mem::replace(&mut self.purpose, Purpose::Requested);
        *self = Self::new(purpose, self.part, self.images.clone(), classes);
    }

    /// The next images for so many workers; empty at the end.
    pub fn next_batch(&self, workers: usize) -> Range<usize> {
        self.next..(self.next + workers * BATCH).min(self.images.end)
    }

    pub fn is_done(&self) -> bool {
        self.next >= self.images.end
    }

    /// Takes the results of the next images: the sum of the losses, and of each image the predicted
    /// class and its score.
    pub fn add(&mut self, loss: f32, penalty: f32, labels: &[i32], predicted: &[i32], confidence: &[f32]) {
        self.next += labels.len();
        self.loss += f64::from(loss);
        self.penalty = penalty;
        for (&label, &class) in labels.iter().zip(predicted) {
            self.correct += usize::from(label == class);
            // A prediction may name no class.
            let (row, column) = (label as usize, usize::try_from(class).unwrap_or(usize::MAX));
            if row < self.classes && column < self.classes {
                self.predictions.confusion[row * self.classes + column] += 1.0;
            }
        }
        // A validation is not asked image by image.
        if matches!(self.purpose, Purpose::Requested) {
            self.predictions.labels.extend(labels.iter().map(|&label| label as u8));
            self.predictions.predicted.extend(predicted.iter().map(|&class| class as f32));
            self.predictions.confidence.extend_from_slice(confidence);
        }
    }

    pub fn result(self) -> (Purpose, Evaluation, Predictions) {
        let samples = self.images.len();
        let evaluation = Evaluation {
            loss: (self.loss / samples.max(1) as f64) as f32 + self.penalty,
            accuracy: (self.correct as f64 / samples.max(1) as f64) as f32,
            samples: samples as u32,
            classes: self.classes as u32,
        };
        (self.purpose, evaluation, self.predictions)
    }
}
