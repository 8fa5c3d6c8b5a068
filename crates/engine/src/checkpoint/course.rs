//! History of training since the weights were initialised.

use crate::protocol::EpochReport;

/// The losses, accuracies and epochs of a model so far.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Course {
    /// Loss of every step; index 0 is step 1. Unknown losses are NaN.
    pub losses: Vec<f32>,
    /// A step, and the accuracy of its epoch until then.
    pub accuracies: Vec<[f32; 2]>,
    pub epochs: Vec<EpochReport>,
}

impl Course {
    /// Takes in the losses of the steps that end with `last_step`. A step that was there already starts a new course from
    /// there: an earlier state was restored.
    pub fn add_batches(&mut self, last_step: u32, losses: &[f32], epoch_accuracy: f32) {
        let before = (last_step as usize).saturating_sub(losses.len());
        if before < self.losses.len() {
            self.truncate(before as u32);
        }
        self.losses.resize(before, f32::NAN);
        self.losses.extend_from_slice(losses);
        self.accuracies.push([last_step as f32, epoch_accuracy]);
    }

    pub fn add_epoch(&mut self, report: EpochReport) {
        self.epochs.retain(|earlier| earlier.step < report.step);
        self.epochs.push(report);
    }

    /// Forgets everything after a step.
    pub fn truncate(&mut self, step: u32) {
        self.losses.truncate(step as usize);
        self.accuracies.retain(|[own, _]| *own <= step as f32);
        self.epochs.retain(|epoch| epoch.step <= step);
    }

    /// Epochs as rows of numbers, `[epochs,8]`; what was not validated is NaN.
    pub(super) fn epoch_rows(&self) -> Vec<f32> {
        let row = |epoch: &EpochReport| {
            let validation = [epoch.val_loss, epoch.val_accuracy].map(|value| value.unwrap_or(f32::NAN));
            let [val_loss, val_accuracy] = validation;
            let (seconds, speed) = (epoch.seconds as f32, epoch.images_per_second as f32);
            let [number, step] = [epoch.epoch as f32, epoch.step as f32];
            [number, step, epoch.loss, epoch.accuracy, val_loss, val_accuracy, seconds, speed]
        };
        self.epochs.iter().flat_map(row).collect()
    }

    /// Reads the rows that [`Course::epoch_rows`] gave.
    pub(super) fn read_epochs(&mut self, rows: &[f32]) {
        let report = |row: &[f32; 8]| {
            let [epoch, step, loss, accuracy, val_loss, val_accuracy, seconds, images_per_second] = *row;
            let validated = |value: f32| (!value.is_nan()).then_some(value);
            EpochReport {
                run_id: 0,
                epoch: epoch as u32,
                step: step as u32,
                loss,
                accuracy,
                val_loss: validated(val_loss),
                val_accuracy: validated(val_accuracy),
                seconds: seconds.into(),
                images_per_second: images_per_second.into(),
                stopped_by: None,
            }
        };
        self.epochs = rows.chunks_exact(8).filter_map(|row| row.try_into().ok()).map(|row| report(&row)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_follows_steps_gaps_and_restarts() {
        let mut course = Course::default();
        course.add_batches(2, &[2.0, 1.5], 0.1);
        course.add_batches(5, &[1.0], 0.2);
        assert_eq!(course.losses.len(), 5);
        assert!(course.losses[2].is_nan() && course.losses[3].is_nan());
        course.add_epoch(EpochReport { step: 5, ..Default::default() });
        course.add_batches(3, &[9.0], 0.3);
        assert_eq!((course.losses[1], course.losses[2], course.losses.len()), (1.5, 9.0, 3));
        assert!(course.epochs.is_empty());
        assert_eq!(course.accuracies, [[2.0, 0.1], [3.0, 0.3]]);
    }
}
