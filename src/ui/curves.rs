//! The course of a run: what the charts draw. No canvas here.

use std::ops::Range;

use crate::ui::format::fixed;
use chalkgrad_engine::checkpoint::Course;
use chalkgrad_engine::protocol::EpochReport;
use serde::{Deserialize, Serialize};

/// A value at a step. JSON has it as a pair.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(into = "(u32, f32)", from = "(u32, f32)")]
pub struct Sample {
    pub step: u32,
    pub value: f32,
}

impl From<(u32, f32)> for Sample {
    fn from((step, value): (u32, f32)) -> Self {
        Self { step, value }
    }
}

impl From<Sample> for (u32, f32) {
    fn from(sample: Sample) -> Self {
        (sample.step, sample.value)
    }
}

/// Loss and accuracy since the weights were initialised.
#[derive(Clone, PartialEq, Debug)]
pub struct Curves {
    /// The loss of every step; index 0 is step 1.
    step_loss: Vec<f32>,
    /// The same, smoothed: an exponential mean with the start's bias taken out (as Adam does).
    smooth_loss: Vec<f32>,
    smoother: f32,
    /// The running accuracy of the epoch, one entry per batch event.
    pub train_accuracy: Vec<Sample>,
    /// One entry per epoch.
    pub validation_loss: Vec<Sample>,
    pub validation_accuracy: Vec<Sample>,
    /// Steps at which epochs ended.
    pub epoch_ends: Vec<u32>,
    /// The same with what was reported.
    pub epochs: Vec<EpochReport>,
    /// The weight of the past in the smoothed loss.
    smoothing: f32,
}

/// The usual smoothing: about the last 50 steps.
pub const SMOOTHING: f32 = 0.98;

impl Default for Curves {
    fn default() -> Self {
        Self {
            step_loss: Vec::new(),
            smooth_loss: Vec::new(),
            smoother: 0.0,
            train_accuracy: Vec::new(),
            validation_loss: Vec::new(),
            validation_accuracy: Vec::new(),
            epoch_ends: Vec::new(),
            epochs: Vec::new(),
            smoothing: SMOOTHING,
        }
    }
}

impl Curves {
    /// Makes the curves of an experiment's history, with the same smoothing.
    pub fn followed(&self, course: &Course) -> Self {
        let mut curves = self.cleared();
        course.losses.iter().for_each(|loss| curves.push(*loss));
        let sample = |[step, value]: &[f32; 2]| Sample { step: *step as u32, value: *value };
        curves.train_accuracy = course.accuracies.iter().map(sample).collect();
        for epoch in &course.epochs {
            curves.add_epoch(epoch.step, epoch.val_loss.zip(epoch.val_accuracy));
            curves.note_epoch(epoch.clone());
        }
        curves
    }

    pub fn is_empty(&self) -> bool {
        self.step_loss.is_empty()
    }

    /// Steps seen.
    pub fn steps(&self) -> u32 {
        self.step_loss.len() as u32
    }

    /// Appends the losses of the steps up to `last_step`. A step that exists already starts a new history, because the
    /// weights were reset or an earlier state was restored.
    pub fn add_batches(&mut self, last_step: u32, losses: &[f32], epoch_accuracy: f32) {
        let before = last_step.saturating_sub(losses.len() as u32);
        if before < self.steps() {
            self.truncate(before);
        }
        // Steps that were missed (the page was opened late) leave a gap without a line.
        while self.steps() < before {
            self.push(f32::NAN);
        }
        losses.iter().for_each(|loss| self.push(*loss));
        self.train_accuracy.push(Sample { step: last_step, value: epoch_accuracy });
    }

    pub fn add_epoch(&mut self, step: u32, validation: Option<(f32, f32)>) {
        if self.epoch_ends.last().is_some_and(|last| *last >= step) {
            return;
        }
        self.epoch_ends.push(step);
        if let Some((loss, accuracy)) = validation {
            self.validation_loss.push(Sample { step, value: loss });
            self.validation_accuracy.push(Sample { step, value: accuracy });
        }
    }

    /// Takes in what was reported of an epoch.
    pub fn note_epoch(&mut self, report: EpochReport) {
        self.epochs.retain(|earlier| earlier.step < report.step);
        self.epochs.push(report);
    }

    pub fn smoothing(&self) -> f32 {
        self.smoothing
    }

    /// Makes empty curves with the same smoothing.
    pub fn cleared(&self) -> Self {
        Self { smoothing: self.smoothing, ..Self::default() }
    }

    /// Sets the share of the past that the smoothed loss keeps, from 0 to less than 1.
    pub fn set_smoothing(&mut self, smoothing: f32) {
        self.smoothing = smoothing;
        self.smooth_again();
    }

    fn smooth_again(&mut self) {
        let kept = std::mem::take(&mut self.step_loss);
        self.smooth_loss.clear();
        self.smoother = 0.0;
        kept.into_iter().for_each(|loss| self.push(loss));
    }

    /// Writes a table with a line for every step, with accuracy and validation at the ends of epochs.
    pub fn csv(&self) -> String {
        let mut text = String::from("step,loss,smoothed_loss,accuracy,validation_loss,validation_accuracy\n");
        let at = |series: &[Sample], next: &mut usize, step: u32| {
            let sample = series.get(*next).filter(|sample| sample.step == step)?;
            *next += 1;
            Some(sample.value)
        };
        let mut next = [0; 3];
        for (index, (loss, smooth)) in self.step_loss.iter().zip(&self.smooth_loss).enumerate() {
            let step = index as u32 + 1;
            let [of_accuracy, of_loss, of_validation] = &mut next;
            let rest = [
                at(&self.train_accuracy, of_accuracy, step),
                at(&self.validation_loss, of_loss, step),
                at(&self.validation_accuracy, of_validation, step),
            ];
            text.push_str(&step.to_string());
            for value in [Some(*loss), Some(*smooth)].into_iter().chain(rest) {
                text.push(',');
                // Unknown values and NaN become empty cells.
                if let Some(value) = value.filter(|value| value.is_finite()) {
                    text.push_str(&fixed(value.into(), 6));
                }
            }
            text.push('\n');
        }
        text
    }

    /// Forgets everything after a step.
    pub fn truncate(&mut self, step: u32) {
        self.step_loss.truncate(step as usize);
        self.smooth_again();
        self.epochs.retain(|epoch| epoch.step <= step);
        for series in [&mut self.train_accuracy, &mut self.validation_loss, &mut self.validation_accuracy] {
            series.retain(|sample| sample.step <= step);
        }
        self.epoch_ends.retain(|end| *end <= step);
    }

    fn push(&mut self, loss: f32) {
        self.step_loss.push(loss);
        let steps = self.step_loss.len() as i32;
        if loss.is_finite() {
            self.smoother = self.smoothing * self.smoother + (1.0 - self.smoothing) * loss;
        }
        self.smooth_loss.push(self.smoother / (1.0 - self.smoothing.powi(steps)));
    }

    /// Returns the loss of a step (from 1), and the smoothed one.
    pub fn loss_at(&self, step: u32) -> Option<(f32, f32)> {
        let index = step.checked_sub(1)? as usize;
        Some((*self.step_loss.get(index)?, *self.smooth_loss.get(index)?))
    }

    /// Returns the smoothed loss, thinned out to about `columns` samples.
    pub fn smooth(&self, columns: usize) -> Vec<Sample> {
        let stride = self.smooth_loss.len().div_ceil(columns.max(1)).max(1);
        let last = self.smooth_loss.len().saturating_sub(1);
        self.smooth_loss
            .iter()
            .enumerate()
            .filter(|(index, value)| (index.is_multiple_of(stride) || *index == last) && value.is_finite())
            .map(|(index, value)| Sample { step: index as u32 + 1, value: *value })
            .collect()
    }

    /// Returns the lowest and highest loss in each of about `columns` groups of steps.
    pub fn loss_range(&self, columns: usize) -> Vec<(u32, Range<f32>)> {
        let stride = self.step_loss.len().div_ceil(columns.max(1)).max(1);
        let group = |(group, values): (usize, &[f32])| {
            let finite = || values.iter().copied().filter(|value| value.is_finite());
            let low = finite().fold(f32::INFINITY, f32::min);
            let high = finite().fold(f32::NEG_INFINITY, f32::max);
            (low <= high).then_some(((group * stride + values.len().div_ceil(2)) as u32, low..high))
        };
        self.step_loss.chunks(stride).enumerate().filter_map(group).collect()
    }

    /// Returns the top of the loss axis, above the smoothed loss and the validation loss but not above every outlier.
    pub fn loss_top(&self) -> f32 {
        let smooth = self.smooth_loss.iter().copied();
        let validation = self.validation_loss.iter().map(|sample| sample.value);
        let top = smooth.chain(validation).filter(|value| value.is_finite()).fold(0.0, f32::max);
        if top > 0.0 { top * 1.08 } else { 1.0 }
    }

    /// Returns the bottom of the accuracy axis.
    pub fn accuracy_bottom(&self) -> f32 {
        if self.train_accuracy.is_empty() {
            return 0.0;
        }
        // The first batches say little about where the curve will live.
        let settled = self.train_accuracy.iter().filter(|sample| sample.step * 20 > self.steps());
        let values = settled.chain(&self.validation_accuracy).map(|sample| sample.value);
        let low = values.filter(|value| value.is_finite()).fold(1.0, f32::min);
        [0.98, 0.95, 0.9, 0.8, 0.5].into_iter().find(|bottom| low > bottom + (1.0 - bottom) * 0.1).unwrap_or(0.0)
    }
}

/// Chooses three to six round numbers within `low..=high`.
pub fn ticks(low: f64, high: f64) -> Vec<f64> {
    let span = high - low;
    if span <= 0.0 || !span.is_finite() {
        return Vec::new();
    }
    let rough = span / 4.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(10.0 * power);
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|at| at as f64 * step).collect()
}

/// Formats a tick with as many decimals as its neighbours need.
pub fn tick_text(value: f64, ticks: &[f64]) -> String {
    let step = ticks.windows(2).map(|pair| pair[1] - pair[0]).next().unwrap_or(1.0);
    let decimals = (0..6).find(|decimals| {
        let scaled = step * 10f64.powi(*decimals);
        (scaled - scaled.round()).abs() < 1e-6
    });
    super::format::fixed(value, decimals.unwrap_or(6) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_kept_step_by_step() {
        let mut curves = Curves::default();
        curves.add_batches(2, &[2.0, 1.0], 0.5);
        curves.add_batches(3, &[0.5], 0.6);
        assert_eq!(curves.steps(), 3);
        assert_eq!(curves.loss_at(3).unwrap().0, 0.5);
        assert_eq!(curves.loss_at(0), None);
        assert_eq!(curves.loss_at(4), None);
        assert_eq!(curves.loss_at(1).unwrap(), (2.0, 2.0), "the first value needs no smoothing");
    }

    #[test]
    fn a_reset_starts_anew_and_a_restored_state_goes_on_from_there() {
        let mut curves = Curves::default();
        curves.add_batches(100, &[1.0; 100], 0.9);
        curves.add_epoch(100, Some((0.3, 0.9)));
        curves.add_batches(200, &[1.0; 100], 0.9);
        curves.add_batches(103, &[0.5; 3], 0.8);
        assert_eq!(curves.steps(), 103);
        assert_eq!(curves.epoch_ends, [100]);
        curves.add_batches(4, &[2.0; 4], 0.1);
        assert_eq!(curves.steps(), 4);
        assert!(curves.epoch_ends.is_empty() && curves.validation_loss.is_empty());
        assert_eq!(curves.train_accuracy.len(), 1);
    }

    #[test]
    fn a_gap_and_a_loss_that_is_no_number_leave_holes() {
        let mut curves = Curves::default();
        curves.add_batches(10, &[1.0, f32::NAN], 0.5);
        assert_eq!(curves.steps(), 10);
        let ranges = curves.loss_range(10);
        assert_eq!(ranges, [(9, 1.0..1.0)]);
        assert!(curves.loss_top().is_finite());
    }

    #[test]
    fn long_runs_are_thinned_out() {
        let mut curves = Curves::default();
        curves.add_batches(10_000, &vec![1.0; 10_000], 0.5);
        assert!(curves.smooth(300).len() <= 302);
        assert!(curves.loss_range(300).len() <= 300);
        assert_eq!(curves.smooth(300).last().unwrap().step, 10_000);
    }

    #[test]
    fn smoothing_changes_what_is_there_already() {
        let mut curves = Curves::default();
        curves.add_batches(4, &[4.0, 2.0, 2.0, 2.0], 0.5);
        curves.set_smoothing(0.0);
        assert_eq!((1..5).map(|step| curves.loss_at(step).unwrap().1).collect::<Vec<_>>(), [4.0, 2.0, 2.0, 2.0]);
        curves.set_smoothing(0.5);
        assert!((curves.loss_at(2).unwrap().1 - 8.0 / 3.0).abs() < 1e-6);
        curves.add_batches(5, &[2.0], 0.5);
        assert!(curves.loss_at(5).unwrap().1 > 2.0);
    }

    #[test]
    fn the_table_has_a_line_for_every_step() {
        let mut curves = Curves::default();
        curves.add_batches(2, &[2.0, f32::NAN], 0.25);
        curves.add_epoch(2, Some((1.5, 0.75)));
        curves.set_smoothing(0.0);
        let expected = "step,loss,smoothed_loss,accuracy,validation_loss,validation_accuracy\n\
            1,2.000000,2.000000,,,\n2,,2.000000,0.250000,1.500000,0.750000\n";
        assert_eq!(curves.csv(), expected);
        assert_eq!(Curves::default().csv().lines().count(), 1);
    }

    #[test]
    fn the_accuracy_axis_follows_the_curve() {
        let mut curves = Curves::default();
        assert_eq!(curves.accuracy_bottom(), 0.0);
        curves.add_batches(1, &[2.0], 0.1);
        assert_eq!(curves.accuracy_bottom(), 0.0);
        curves.add_batches(1000, &[0.1; 999], 0.97);
        assert_eq!(curves.accuracy_bottom(), 0.95);
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(0.0, 1.0), [0.0, 0.25, 0.5, 0.75, 1.0]);
        for (low, high) in [(0.0, 2.5), (0.0, 9375.0), (0.9, 1.0), (0.0, 1e-3), (0.0, 1.0)] {
            let ticks = ticks(low, high);
            assert!((3..=6).contains(&ticks.len()), "{ticks:?}");
        }
        assert!(ticks(1.0, 1.0).is_empty());
        assert!(ticks(0.0, f64::NAN).is_empty());
        assert_eq!(tick_text(0.9, &ticks(0.9, 1.0)), "0.900");
        assert_eq!(tick_text(2000.0, &ticks(0.0, 9000.0)), "2000");
    }
}
