//! The history of the current weights as the charts show it. No canvas here.

use std::ops::Range;

use super::format::fixed;
use super::loss_series::{LossSeries, SMOOTHING, Sample, Smoother};
use crate::shared_history::SharedHistory;
use chalkgrad_engine::history::TrainingHistory;
use chalkgrad_engine::protocol::EpochReport;

/// See the [module](self).
pub struct ChartedHistory {
    history: SharedHistory,
    loss: LossSeries,
}

impl Default for ChartedHistory {
    fn default() -> Self {
        Self { history: SharedHistory::default(), loss: LossSeries::new(SMOOTHING) }
    }
}

impl ChartedHistory {
    /// Shows a history, and what it has gained since.
    pub fn follow(&mut self, history: &SharedHistory) {
        if !self.history.is_same(history) {
            self.history = history.clone();
            self.loss = LossSeries::new(self.smoothing());
        }
        self.loss.follow(self.history.read().losses());
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

    pub fn steps(&self) -> u32 {
        self.history.read().steps()
    }

    /// Returns the share of the past that the smoothed loss keeps, from 0 to less than 1.
    pub fn smoothing(&self) -> f32 {
        self.loss.smoothing()
    }

    pub fn set_smoothing(&mut self, smoothing: f32) {
        self.loss = LossSeries::new(smoothing);
        self.loss.follow(self.history.read().losses());
    }

    /// Returns the loss of a step (from 1), and the smoothed one.
    pub fn loss_at(&self, step: u32) -> Option<(f32, f32)> {
        let history = self.history.read();
        let loss = *history.losses().get(step.checked_sub(1)? as usize)?;
        Some((loss, self.loss.smooth_at(step, history.losses())?))
    }

    /// Returns the smoothed loss, thinned out to about `columns` samples.
    pub fn smooth_loss(&self, columns: usize) -> Vec<Sample> {
        self.loss.smooth(columns)
    }

    /// Returns the lowest and highest loss in each of about `columns` groups of steps.
    pub fn loss_range(&self, columns: usize) -> Vec<(u32, Range<f32>)> {
        self.loss.range(columns)
    }

    /// Returns the training accuracy, thinned out to about `columns` samples.
    pub fn accuracy(&self, columns: usize) -> Vec<Sample> {
        thinned(self.history.read().accuracies(), columns).into_iter().map(accuracy_sample).collect()
    }

    /// Returns the training accuracy that was reported first and last.
    pub fn accuracy_ends(&self) -> Option<[f32; 2]> {
        let history = self.history.read();
        Some([history.accuracies().first()?[1], history.accuracies().last()?[1]])
    }

    /// Returns the training accuracy at a step, or at the next one of which it was reported, or the last one.
    pub fn accuracy_at(&self, step: u32) -> Option<f32> {
        let history = self.history.read();
        let accuracies = history.accuracies();
        let index = accuracies.partition_point(|[own, _]| *own < step as f32);
        accuracies.get(index).or(accuracies.last()).map(|[_, accuracy]| *accuracy)
    }

    /// Returns the validation loss of every epoch.
    pub fn validation_loss(&self) -> Vec<Sample> {
        self.validation(|epoch| epoch.val_loss)
    }

    /// Returns the validation accuracy of every epoch.
    pub fn validation_accuracy(&self) -> Vec<Sample> {
        self.validation(|epoch| epoch.val_accuracy)
    }

    fn validation(&self, value: impl Fn(&EpochReport) -> Option<f32>) -> Vec<Sample> {
        let sample = |epoch: &EpochReport| Some(Sample { step: epoch.step, value: value(epoch)? });
        self.history.read().epochs().iter().filter_map(sample).collect()
    }

    /// Returns the steps at which epochs ended.
    pub fn epoch_ends(&self) -> Vec<u32> {
        self.with_epochs(|epochs| epochs.iter().map(|epoch| epoch.step).collect())
    }

    pub fn with_epochs<R>(&self, read: impl FnOnce(&[EpochReport]) -> R) -> R {
        read(self.history.read().epochs())
    }

    /// Writes a table with a line for every step, with accuracy and validation at the ends of epochs.
    pub fn csv(&self) -> String {
        csv(&self.history.read(), self.smoothing())
    }

    /// Returns the top of the loss axis, above the smoothed loss and the validation loss but not above every outlier.
    pub fn loss_top(&self) -> f32 {
        let validation = self.validation_loss().into_iter().map(|sample| sample.value);
        let top = validation.filter(|value| value.is_finite()).fold(self.loss.top(), f32::max);
        if top > 0.0 { top * 1.08 } else { 1.0 }
    }

    /// Returns the bottom of the accuracy axis.
    pub fn accuracy_bottom(&self) -> f32 {
        let history = self.history.read();
        if history.accuracies().is_empty() {
            return 0.0;
        }
        // The first batches say little about where the curve will live.
        let settled = history.accuracies().iter().filter(|[step, _]| step * 20.0 > history.steps() as f32);
        let validated = history.epochs().iter().filter_map(|epoch| epoch.val_accuracy);
        let values = settled.map(|[_, accuracy]| *accuracy).chain(validated);
        let low = values.filter(|value| value.is_finite()).fold(1.0, f32::min);
        [0.98, 0.95, 0.9, 0.8, 0.5].into_iter().find(|bottom| low > bottom + (1.0 - bottom) * 0.1).unwrap_or(0.0)
    }
}

fn accuracy_sample([step, value]: [f32; 2]) -> Sample {
    Sample { step: step as u32, value }
}

/// Returns about `columns` of the values, always with the last one.
pub fn thinned<T: Copy>(values: &[T], columns: usize) -> Vec<T> {
    let stride = values.len().div_ceil(columns.max(1)).max(1);
    let last = values.len().saturating_sub(1);
    let is_kept = |index: &usize| index.is_multiple_of(stride) || *index == last;
    values.iter().enumerate().filter(|(index, _)| is_kept(index)).map(|(_, value)| *value).collect()
}

fn csv(history: &TrainingHistory, smoothing: f32) -> String {
    let mut text = String::from("step,loss,smoothed_loss,accuracy,validation_loss,validation_accuracy\n");
    let mut smoother = Smoother::new(smoothing);
    let mut accuracies = history.accuracies().iter().copied().map(accuracy_sample).peekable();
    let mut epochs = history.epochs().iter().peekable();
    for (step, loss) in (1..).zip(history.losses()) {
        let accuracy = accuracies.next_if(|sample| sample.step == step).map(|sample| sample.value);
        let epoch = epochs.next_if(|epoch| epoch.step == step);
        let [val_loss, val_accuracy] =
            [epoch.and_then(|epoch| epoch.val_loss), epoch.and_then(|epoch| epoch.val_accuracy)];
        text.push_str(&step.to_string());
        for value in [Some(*loss), Some(smoother.push(*loss)), accuracy, val_loss, val_accuracy] {
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
    use chalkgrad_engine::protocol::{BatchReport, Event};

    fn charted(parts: &[(u32, &[f32], f32)]) -> (SharedHistory, ChartedHistory) {
        let mut history = TrainingHistory::default();
        for (last_step, losses, accuracy) in parts {
            history.add_batch(*last_step, losses, *accuracy);
        }
        let history = SharedHistory::from(history);
        let mut charted = ChartedHistory::default();
        charted.follow(&history);
        (history, charted)
    }

    fn batch(step: u32, loss: f32) -> Event {
        Event::Batch(BatchReport { step, loss, epoch_accuracy: 0.5, ..Default::default() })
    }

    #[test]
    fn losses_are_read_step_by_step() {
        let (_, charted) = charted(&[(2, &[2.0, 1.0], 0.5), (3, &[0.5], 0.6)]);
        assert_eq!(charted.steps(), 3);
        assert_eq!(charted.loss_at(3).unwrap().0, 0.5);
        assert_eq!((charted.loss_at(0), charted.loss_at(4)), (None, None));
        assert_eq!(charted.loss_at(1).unwrap(), (2.0, 2.0), "the first value needs no smoothing");
        assert_eq!([1, 3, 9].map(|step| charted.accuracy_at(step)), [Some(0.5), Some(0.6), Some(0.6)]);
        assert_eq!(charted.accuracy_ends(), Some([0.5, 0.6]));
    }

    #[test]
    fn it_follows_a_history_and_changes_over_to_another_one() {
        let (mut history, mut charted) = charted(&[(2, &[2.0, 1.0], 0.5)]);
        charted.set_smoothing(0.0);
        history.extend(&batch(3, 0.5), &[]);
        charted.follow(&history);
        assert_eq!(charted.smooth_loss(10).len(), 3);
        history.extend(&batch(2, 7.0), &[]);
        assert!(!charted.shows(&history));
        assert_eq!(charted.loss_at(2), Some((1.0, 1.0)), "still the old one");
        charted.follow(&history);
        assert_eq!((charted.steps(), charted.loss_at(2)), (2, Some((7.0, 7.0))));
        charted.clear();
        assert!(charted.is_empty() && charted.smooth_loss(10).is_empty());
        assert_eq!(charted.smoothing(), 0.0);
    }

    #[test]
    fn a_gap_and_a_loss_that_is_no_number_leave_holes() {
        let (_, charted) = charted(&[(10, &[1.0, f32::NAN], 0.5)]);
        assert_eq!(charted.steps(), 10);
        assert_eq!(charted.loss_range(10), [(9, 1.0..1.0)]);
        assert!(charted.loss_top().is_finite());
    }

    #[test]
    fn smoothing_changes_what_is_there_already() {
        let (mut history, mut charted) = charted(&[(4, &[4.0, 2.0, 2.0, 2.0], 0.5)]);
        charted.set_smoothing(0.0);
        assert_eq!((1..5).map(|step| charted.loss_at(step).unwrap().1).collect::<Vec<_>>(), [4.0, 2.0, 2.0, 2.0]);
        charted.set_smoothing(0.5);
        assert!((charted.loss_at(2).unwrap().1 - 8.0 / 3.0).abs() < 1e-6);
        history.extend(&batch(5, 2.0), &[]);
        charted.follow(&history);
        assert!(charted.loss_at(5).unwrap().1 > 2.0);
    }

    #[test]
    fn the_table_has_a_line_for_every_step() {
        let mut history = TrainingHistory::default();
        history.add_batch(2, &[2.0, f32::NAN], 0.25);
        let (val_loss, val_accuracy) = (Some(1.5), Some(0.75));
        history.add_epoch(EpochReport { step: 2, val_loss, val_accuracy, ..Default::default() });
        let expected = "step,loss,smoothed_loss,accuracy,validation_loss,validation_accuracy\n\
            1,2.000000,2.000000,,,\n2,,2.000000,0.250000,1.500000,0.750000\n";
        assert_eq!(csv(&history, 0.0), expected);
        assert_eq!(ChartedHistory::default().csv().lines().count(), 1);
    }

    #[test]
    fn the_accuracy_axis_follows_the_curve() {
        assert_eq!(ChartedHistory::default().accuracy_bottom(), 0.0);
        assert_eq!(charted(&[(1, &[2.0], 0.1)]).1.accuracy_bottom(), 0.0);
        assert_eq!(charted(&[(1, &[2.0], 0.1), (1000, &[0.1; 999], 0.97)]).1.accuracy_bottom(), 0.95);
    }
}
