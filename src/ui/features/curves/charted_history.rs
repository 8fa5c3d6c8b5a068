//! The history of the current weights as the charts show it. No canvas here.

use std::ops::Range;

use crate::shared_history::SharedHistory;
use crate::ui::charts::axis::{Scale, Unit};
use crate::ui::charts::series::{Sample, Series};
use crate::ui::format::fixed;
use chalkgrad_engine::history::TrainingHistory;
use chalkgrad_engine::protocol::EpochReport;

/// The usual reach of the smoothing, in steps to both sides.
pub const REACH: u32 = 50;

/// A curve.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quantity {
    Loss,
    Accuracy,
}

/// See the [module](self).
pub struct ChartedHistory {
    history: SharedHistory,
    loss: Series,
    accuracy: Series,
    /// Steps to both sides that count in a smoothed value.
    reach: u32,
}

impl Default for ChartedHistory {
    fn default() -> Self {
        let (loss, accuracy) = (Series::default(), Series::default());
        Self { history: SharedHistory::default(), loss, accuracy, reach: REACH }
    }
}

impl ChartedHistory {
    /// Shows a history, and what it has gained since.
    pub fn follow(&mut self, history: &SharedHistory) {
        if !self.history.is_same(history) {
            *self = Self { history: history.clone(), reach: self.reach, ..Self::default() };
        }
        let history = self.history.read();
        self.loss.follow(history.losses());
        self.accuracy.follow(history.accuracies());
    }

    /// Shows an empty history.
    pub fn clear(&mut self) {
        self.follow(&SharedHistory::default());
    }

    /// Returns true if this is the history that is shown.
    pub fn shows(&self, history: &SharedHistory) -> bool {
        self.history.is_same(history)
    }

    pub fn is_empty(&self) -> bool {
        self.steps() == 0
    }

    /// Returns the number of steps that are shown.
    pub fn steps(&self) -> u32 {
        self.loss.steps()
    }

    /// Returns the number of steps to both sides that count in a smoothed value.
    pub fn reach(&self) -> u32 {
        self.reach
    }

    pub fn set_reach(&mut self, reach: u32) {
        self.reach = reach;
    }

    /// Returns the value of a step (from 1) on its batch, and the smoothed one, as far as they are known.
    pub fn at(&self, quantity: Quantity, step: u32) -> Option<(f32, f32)> {
        self.with_values(quantity, |series, values| {
            let value = *values.get(step.checked_sub(1)? as usize)?;
            Some((value, series.smooth_at(values, step, self.reach)?))
        })
    }

    /// Returns the smoothed values of the visible steps, thinned out to about `columns` samples.
    pub fn smooth(&self, quantity: Quantity, visible: Range<u32>, columns: usize) -> Vec<Sample> {
        self.with_values(quantity, |series, values| series.smooth(values, visible, columns, self.reach))
    }

    /// Returns the lowest and highest value in each of about `columns` groups of the visible steps.
    pub fn ranges(&self, quantity: Quantity, visible: Range<u32>, columns: usize) -> Vec<(u32, Range<f32>)> {
        self.with_values(quantity, |series, values| series.ranges(values, visible, columns))
    }

    fn with_values<R>(&self, quantity: Quantity, read: impl FnOnce(&Series, &[f32]) -> R) -> R {
        let history = self.history.read();
        match quantity {
            Quantity::Loss => read(&self.loss, history.losses()),
            Quantity::Accuracy => read(&self.accuracy, history.accuracies()),
        }
    }

    /// Returns the mean of every epoch, at its end.
    pub fn epoch_means(&self, quantity: Quantity) -> Vec<Sample> {
        self.of_epochs(|epoch| {
            Some(match quantity {
                Quantity::Loss => epoch.loss,
                Quantity::Accuracy => epoch.accuracy,
            })
        })
    }

    /// Returns the value on the validation images at the end of every epoch.
    pub fn validation(&self, quantity: Quantity) -> Vec<Sample> {
        self.of_epochs(|epoch| match quantity {
            Quantity::Loss => epoch.val_loss,
            Quantity::Accuracy => epoch.val_accuracy,
        })
    }

    fn of_epochs(&self, value: impl Fn(&EpochReport) -> Option<f32>) -> Vec<Sample> {
        let sample = |epoch: &EpochReport| Some(Sample { step: epoch.step, value: value(epoch)? });
        self.with_epochs(|epochs| epochs.iter().filter_map(sample).filter(|sample| sample.value.is_finite()).collect())
    }

    /// Returns the steps at which epochs ended, with the numbers of the epochs from 1.
    pub fn epoch_ends(&self) -> Vec<(u32, u32)> {
        self.with_epochs(|epochs| epochs.iter().map(|epoch| (epoch.step, epoch.epoch + 1)).collect())
    }

    pub fn with_epochs<R>(&self, read: impl FnOnce(&[EpochReport]) -> R) -> R {
        read(self.history.read().epochs())
    }

    /// Returns the time that training took until the last step, given the steps per second of now.
    pub fn seconds(&self, steps_per_second: Option<f64>) -> f64 {
        self.scale(Unit::Seconds, None, steps_per_second).position(self.steps().into())
    }

    /// Places the steps on an axis of this unit, given the steps of an epoch and the steps per second of now.
    pub fn scale(&self, unit: Unit, epoch_steps: Option<u32>, steps_per_second: Option<f64>) -> Scale {
        let share = |per_unit: Option<f64>| per_unit.map(|per_unit| 1.0 / per_unit);
        self.with_epochs(|epochs| match unit {
            Unit::Steps => Scale::steps(),
            Unit::Epochs => {
                let ends = epochs.iter().map(|epoch| [f64::from(epoch.step), f64::from(epoch.epoch + 1)]);
                Scale::new(ends, share(epoch_steps.map(f64::from)))
            }
            Unit::Seconds => {
                let mut seconds = 0.0;
                let ends = epochs.iter().map(|epoch| {
                    seconds += epoch.seconds;
                    [f64::from(epoch.step), seconds]
                });
                Scale::new(ends, share(steps_per_second))
            }
        })
    }

    /// Writes a table with a line for every step, with validation at the ends of epochs.
    pub fn csv(&self) -> String {
        self.with_history(|history| csv(self, history))
    }

    fn with_history<R>(&self, read: impl FnOnce(&TrainingHistory) -> R) -> R {
        read(&self.history.read())
    }
}

/// Returns about `columns` of the values, always with the last one.
pub fn thinned<T: Copy>(values: &[T], columns: usize) -> Vec<T> {
    let stride = values.len().div_ceil(columns.max(1)).max(1);
    let last = values.len().saturating_sub(1);
    let is_kept = |index: &usize| index.is_multiple_of(stride) || *index == last;
    values.iter().enumerate().filter(|(index, _)| is_kept(index)).map(|(_, value)| *value).collect()
}

fn csv(charted: &ChartedHistory, history: &TrainingHistory) -> String {
    let mut text =
        String::from("step,loss,smoothed_loss,accuracy,smoothed_accuracy,validation_loss,validation_accuracy\n");
    let mut epochs = history.epochs().iter().peekable();
    for (step, (loss, accuracy)) in (1..).zip(history.losses().iter().zip(history.accuracies())) {
        let smooth = |series: &Series, values: &[f32]| series.smooth_at(values, step, charted.reach);
        let smooth_loss = smooth(&charted.loss, history.losses());
        let smooth_accuracy = smooth(&charted.accuracy, history.accuracies());
        let epoch = epochs.next_if(|epoch| epoch.step == step);
        let [val_loss, val_accuracy] =
            [epoch.and_then(|epoch| epoch.val_loss), epoch.and_then(|epoch| epoch.val_accuracy)];
        text.push_str(&step.to_string());
        for value in [Some(*loss), smooth_loss, Some(*accuracy), smooth_accuracy, val_loss, val_accuracy] {
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

#[cfg(test)]
mod tests {
    use super::*;
    use chalkgrad_engine::protocol::{ArrayData, BatchReport, Event};

    fn charted(parts: &[(u32, &[f32], &[f32])]) -> (SharedHistory, ChartedHistory) {
        let mut history = TrainingHistory::default();
        for (last_step, losses, accuracies) in parts {
            history.add_batch(*last_step, losses, accuracies);
        }
        let history = SharedHistory::from(history);
        let mut charted = ChartedHistory::default();
        charted.follow(&history);
        (history, charted)
    }

    fn batch(step: u32, loss: f32) -> (Event, [ArrayData; 2]) {
        let report = BatchReport { step, loss, ..Default::default() };
        (Event::Batch(report), [ArrayData::F32(vec![loss]), ArrayData::F32(vec![0.5])])
    }

    #[test]
    fn values_are_read_step_by_step() {
        let (_, mut charted) = charted(&[(2, &[2.0, 1.0], &[0.5, 0.25]), (3, &[0.5], &[1.0])]);
        charted.set_reach(0);
        assert_eq!(charted.steps(), 3);
        assert_eq!(charted.at(Quantity::Loss, 3), Some((0.5, 0.5)));
        assert_eq!((charted.at(Quantity::Loss, 0), charted.at(Quantity::Loss, 4)), (None, None));
        assert_eq!([1, 2, 3].map(|step| charted.at(Quantity::Accuracy, step).unwrap().0), [0.5, 0.25, 1.0]);
    }

    #[test]
    fn it_follows_a_history_and_changes_over_to_another_one() {
        let (mut history, mut charted) = charted(&[(2, &[2.0, 1.0], &[0.5; 2])]);
        charted.set_reach(0);
        let (event, arrays) = batch(3, 0.5);
        history.extend(&event, &arrays);
        assert_eq!((charted.steps(), charted.shows(&history)), (2, true), "not before it follows");
        charted.follow(&history);
        assert_eq!((charted.steps(), charted.smooth(Quantity::Loss, 0..4, 10).len()), (3, 3));
        let (event, arrays) = batch(2, 7.0);
        history.extend(&event, &arrays);
        assert!(!charted.shows(&history));
        assert_eq!(charted.at(Quantity::Loss, 2), Some((1.0, 1.0)), "still the old one");
        charted.follow(&history);
        assert_eq!((charted.steps(), charted.at(Quantity::Loss, 2)), (2, Some((7.0, 7.0))));
        charted.clear();
        assert!(charted.is_empty() && charted.smooth(Quantity::Loss, 0..9, 10).is_empty());
        assert_eq!(charted.reach(), 0);
    }

    #[test]
    fn the_end_of_an_epoch_makes_no_cliff_in_the_accuracy() {
        // Accuracy rises evenly; the running mean of an epoch would fall back at its end.
        let accuracies: Vec<f32> = (0..400).map(|step| 0.1 + 0.002 * step as f32).collect();
        let mut history = TrainingHistory::default();
        history.add_batch(200, &[1.0; 200], &accuracies[..200]);
        history.add_epoch(EpochReport { step: 200, accuracy: 0.299, ..Default::default() });
        history.add_batch(400, &[1.0; 200], &accuracies[200..]);
        let mut charted = ChartedHistory::default();
        charted.follow(&history.into());
        let smooth = charted.smooth(Quantity::Accuracy, 0..401, 1000);
        let jumps = smooth.windows(2).map(|pair| (pair[1].value - pair[0].value).abs());
        assert!(jumps.fold(0.0, f32::max) < 0.004);
        assert_eq!(charted.epoch_means(Quantity::Accuracy), [Sample { step: 200, value: 0.299 }]);
    }

    #[test]
    fn a_gap_and_a_loss_that_is_no_number_leave_holes() {
        let (_, charted) = charted(&[(10, &[1.0, f32::NAN], &[])]);
        assert_eq!(charted.steps(), 10);
        assert_eq!(charted.ranges(Quantity::Loss, 0..11, 10), [(9, 1.0..1.0)]);
        assert!(charted.smooth(Quantity::Accuracy, 0..11, 10).is_empty());
    }

    #[test]
    fn steps_are_placed_by_what_is_known_of_epochs() {
        let mut history = TrainingHistory::default();
        history.add_batch(30, &[1.0; 30], &[]);
        for epoch in 0..2 {
            history.add_epoch(EpochReport { epoch, step: 10 * (epoch + 1), seconds: 2.0, ..Default::default() });
        }
        let mut charted = ChartedHistory::default();
        charted.follow(&history.into());
        let is_near = |value: f64, expected: f64| (value - expected).abs() < 1e-9;
        assert!(is_near(charted.scale(Unit::Epochs, Some(10), None).position(25.0), 2.5));
        assert!(is_near(charted.scale(Unit::Seconds, None, Some(10.0)).position(30.0), 5.0));
        assert!(is_near(charted.seconds(None), 6.0));
        assert_eq!(ChartedHistory::default().scale(Unit::Epochs, Some(100), None).position(50.0), 0.5);
    }

    #[test]
    fn the_table_has_a_line_for_every_step() {
        let mut history = TrainingHistory::default();
        history.add_batch(2, &[2.0, f32::NAN], &[0.25, 0.5]);
        let (val_loss, val_accuracy) = (Some(1.5), Some(0.75));
        history.add_epoch(EpochReport { step: 2, val_loss, val_accuracy, ..Default::default() });
        let mut charted = ChartedHistory::default();
        charted.follow(&history.into());
        charted.set_reach(0);
        let expected = "step,loss,smoothed_loss,accuracy,smoothed_accuracy,validation_loss,validation_accuracy\n\
            1,2.000000,2.000000,0.250000,0.250000,,\n2,,,0.500000,0.500000,1.500000,0.750000\n";
        assert_eq!(charted.csv(), expected);
        assert_eq!(ChartedHistory::default().csv().lines().count(), 1);
    }
}
