//! History of training since the weights were initialised: the loss of every step, accuracies, and the reports of epochs.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::protocol::{ArrayData, BatchReport, EpochReport, Event, History};

/// Names of the tensors in a file. They are part of the file format.
const LOSSES: &str = "course losses";
const ACCURACIES: &str = "course step accuracies";
/// In older files: pairs of a step, and the accuracy of its epoch until then.
const RUNNING_ACCURACIES: &str = "course accuracies";
const EPOCHS: &str = "course epochs";
/// Values of a metric in each epoch, NaN where it was not measured.
const METRIC: &str = "course metric ";

/// Numbers that a file holds per epoch.
const EPOCH_WIDTH: usize = 8;

/// See the [module](self). Batch and epoch events extend it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TrainingHistory {
    /// Loss of every step; index 0 is step 1. Unknown losses are NaN.
    losses: Vec<f32>,
    /// Accuracy of every step on its batch, as many as losses. Unknown accuracies are NaN.
    accuracies: Vec<f32>,
    epochs: Vec<EpochReport>,
    /// Pairs of an older file, until [`Self::complete_reading`].
    running_accuracies: Vec<[f32; 2]>,
    /// Metrics of a file by name, one value for each epoch, until [`Self::complete_reading`].
    read_metrics: Vec<(String, Vec<f32>)>,
}

/// A tensor of a file.
pub struct HistoryTensor<'a> {
    pub name: Cow<'static, str>,
    pub shape: Vec<usize>,
    pub values: Cow<'a, [f32]>,
}

impl TrainingHistory {
    /// Makes a history. Missing accuracies are unknown.
    pub fn new(losses: Vec<f32>, mut accuracies: Vec<f32>, epochs: Vec<EpochReport>) -> Self {
        accuracies.resize(losses.len(), f32::NAN);
        Self { losses, accuracies, epochs, running_accuracies: Vec::new(), read_metrics: Vec::new() }
    }

    /// Returns the loss of every step; index 0 is step 1. Unknown losses are NaN.
    pub fn losses(&self) -> &[f32] {
        &self.losses
    }

    /// Returns the accuracy of every step on its batch; index 0 is step 1. Unknown accuracies are NaN.
    pub fn accuracies(&self) -> &[f32] {
        &self.accuracies
    }

    pub fn epochs(&self) -> &[EpochReport] {
        &self.epochs
    }

    /// Returns the number of steps.
    pub fn steps(&self) -> u32 {
        self.losses.len() as u32
    }

    /// Takes in a batch event with its losses and accuracies, or an epoch event. A batch whose first step is there already replaces
    /// everything from there on, because the weights were reset or an earlier state was restored.
    pub fn extend(&mut self, event: &Event, arrays: &[ArrayData]) {
        match event {
            Event::Batch(batch) => self.add_batch(batch.step, losses_of(batch, arrays), accuracies_of(batch, arrays)),
            Event::Epoch(epoch) => self.add_epoch(epoch.clone()),
            _ => {}
        }
    }

    /// Returns the step after which [`Self::extend`] would replace what is there, or `None` if it would only add to it.
    pub fn replaced_after(&self, event: &Event, arrays: &[ArrayData]) -> Option<u32> {
        let Event::Batch(batch) = event else { return None };
        let before = steps_before(batch.step, losses_of(batch, arrays));
        (before < self.steps()).then_some(before)
    }

    /// Adds the losses of the steps that end with `last_step`, and their accuracies. Missing accuracies are unknown.
    pub fn add_batch(&mut self, last_step: u32, losses: &[f32], accuracies: &[f32]) {
        let before = steps_before(last_step, losses);
        self.truncate(before);
        // Steps of which nothing was reported leave a gap.
        self.losses.resize(before as usize, f32::NAN);
        self.accuracies.resize(before as usize, f32::NAN);
        self.losses.extend_from_slice(losses);
        self.accuracies.extend_from_slice(&accuracies[..accuracies.len().min(losses.len())]);
        self.accuracies.resize(self.losses.len(), f32::NAN);
    }

    pub fn add_epoch(&mut self, report: EpochReport) {
        let earlier = self.epochs.partition_point(|epoch| epoch.step < report.step);
        self.epochs.truncate(earlier);
        self.epochs.push(report);
    }

    /// Forgets everything after a step.
    pub fn truncate(&mut self, step: u32) {
        let (steps, epochs) = self.lengths_until(step);
        self.losses.truncate(steps);
        self.accuracies.truncate(steps);
        self.epochs.truncate(epochs);
    }

    /// Copies everything until a step.
    pub fn until(&self, step: u32) -> Self {
        let (steps, epochs) = self.lengths_until(step);
        Self::new(self.losses[..steps].to_vec(), self.accuracies[..steps].to_vec(), self.epochs[..epochs].to_vec())
    }

    /// Returns the losses of the steps after a step.
    pub fn losses_after(&self, step: u32) -> &[f32] {
        self.losses.get(step as usize..).unwrap_or_default()
    }

    /// Returns the mean loss and the mean accuracy over the last `steps` steps, as far as they are known; NaN if none is.
    pub fn means_of_last(&self, steps: u32) -> [f32; 2] {
        let from = self.losses.len().saturating_sub(steps as usize);
        [&self.losses[from..], &self.accuracies[from..]].map(|values| {
            let known: Vec<f64> =
                values.iter().filter(|value| !value.is_nan()).map(|value| f64::from(*value)).collect();
            (known.iter().sum::<f64>() / known.len() as f64) as f32
        })
    }

    /// Returns the reports of the epochs that ended after a step.
    pub fn epochs_after(&self, step: u32) -> &[EpochReport] {
        &self.epochs[self.epochs.partition_point(|epoch| epoch.step <= step)..]
    }

    /// Completes the answer to a run that ended with the last step, and returns the loss of each of its steps. If the run
    /// began on another engine, `start` is the number of steps before it: the epochs there are added to the answer.
    pub fn complete_run(&self, run: &mut History, start: Option<u32>) -> Vec<f32> {
        let own_start = self.steps().saturating_sub(run.steps);
        let start = start.unwrap_or(own_start).min(own_start);
        let earlier = self.epochs_after(start);
        let earlier = &earlier[..earlier.partition_point(|epoch| epoch.step <= own_start)];
        run.steps = self.steps() - start;
        run.epochs += earlier.len() as u32;
        run.seconds += earlier.iter().map(|epoch| epoch.seconds).sum::<f64>();
        run.epoch_loss.splice(0..0, earlier.iter().map(|epoch| epoch.loss));
        let accuracies = earlier.iter().map(|epoch| epoch.accuracy).filter(|accuracy| !accuracy.is_nan());
        run.epoch_accuracy.splice(0..0, accuracies);
        for (name, value) in earlier.iter().rev().flat_map(EpochReport::named_metrics) {
            run.metrics.entry(name).or_default().insert(0, value);
        }
        run.val_loss.splice(0..0, earlier.iter().filter_map(|epoch| epoch.val_loss));
        run.val_accuracy.splice(0..0, earlier.iter().filter_map(|epoch| epoch.val_accuracy));
        self.losses_after(start).to_vec()
    }

    /// Returns the tensors for a file, without empty ones.
    pub fn tensors(&self) -> impl Iterator<Item = HistoryTensor<'_>> {
        let losses =
            HistoryTensor { name: LOSSES.into(), shape: vec![self.losses.len()], values: Cow::Borrowed(&self.losses) };
        let accuracies = HistoryTensor {
            name: ACCURACIES.into(),
            shape: vec![self.accuracies.len()],
            values: Cow::Borrowed(&self.accuracies),
        };
        let epochs = HistoryTensor {
            name: EPOCHS.into(),
            shape: vec![self.epochs.len(), EPOCH_WIDTH],
            values: Cow::Owned(self.epochs.iter().flat_map(epoch_row).collect()),
        };
        let own = [losses, accuracies, epochs].into_iter().filter(|tensor| !tensor.values.is_empty());
        own.chain(self.metric_names().into_iter().map(|name| {
            let value =
                |epoch: &EpochReport| epoch.other_metrics().find(|(own, _)| *own == name).map(|(_, value)| value);
            let values = self.epochs.iter().map(|epoch| value(epoch).unwrap_or(f32::NAN)).collect();
            let shape = vec![self.epochs.len()];
            HistoryTensor { name: format!("{METRIC}{name}").into(), shape, values: Cow::Owned(values) }
        }))
    }

    /// Returns the names of the metrics of all epochs besides the accuracy, which has numbers of its own.
    fn metric_names(&self) -> BTreeSet<String> {
        self.epochs.iter().flat_map(EpochReport::other_metrics).map(|(name, _)| name).collect()
    }

    /// Takes in a tensor of [`Self::tensors`]. Returns the values if the name is that of another tensor.
    pub fn read_tensor(&mut self, name: &str, values: Vec<f32>) -> Option<Vec<f32>> {
        match name {
            LOSSES => self.losses = values,
            ACCURACIES => self.accuracies = values,
            RUNNING_ACCURACIES => self.running_accuracies = values.as_chunks().0.to_vec(),
            EPOCHS => self.epochs = values.as_chunks().0.iter().map(epoch_report).collect(),
            _ => match name.strip_prefix(METRIC) {
                Some(metric) => self.read_metrics.push((metric.to_owned(), values)),
                None => return Some(values),
            },
        }
        None
    }

    /// Completes a history when all tensors of a file have been read. From the running means of an older file, computes
    /// the mean accuracy of the steps between two of them.
    pub fn complete_reading(&mut self) {
        self.accuracies.resize(self.losses.len(), f32::NAN);
        for (name, values) in std::mem::take(&mut self.read_metrics) {
            let measured = self.epochs.iter_mut().zip(values).filter(|(_, value)| !value.is_nan());
            for (epoch, value) in measured {
                match name.strip_prefix("val_") {
                    Some(name) => epoch.val_metrics.insert(name.to_owned(), value),
                    None => epoch.metrics.insert(name.clone(), value),
                };
            }
        }
        let epoch_ends: Vec<u32> = self.epochs.iter().map(|epoch| epoch.step).collect();
        let mut before = [0.0; 2];
        for [step, accuracy] in std::mem::take(&mut self.running_accuracies) {
            // An epoch's steps have batches of one size, except the last.
            let epoch_start = epoch_ends.iter().rfind(|end| (**end as f32) < step).map_or(0.0, |end| *end as f32);
            let [from, hits] = if before[0] > epoch_start { before } else { [epoch_start, 0.0] };
            let hits_now = accuracy * (step - epoch_start);
            let mean = ((hits_now - hits) / (step - from)).clamp(0.0, 1.0);
            let to = (step as usize).min(self.accuracies.len());
            self.accuracies.get_mut(from as usize..to).unwrap_or_default().fill(mean);
            before = [step, hits_now];
        }
    }

    /// Returns the numbers of steps and epochs until a step.
    fn lengths_until(&self, step: u32) -> (usize, usize) {
        (self.losses.len().min(step as usize), self.epochs.partition_point(|epoch| epoch.step <= step))
    }
}

/// Returns the losses of a batch event: the steps since the last one, or the last step alone if the array is missing.
fn losses_of<'a>(batch: &'a BatchReport, arrays: &'a [ArrayData]) -> &'a [f32] {
    match arrays {
        [ArrayData::F32(losses), ..] => losses,
        _ => std::slice::from_ref(&batch.loss),
    }
}

/// Returns the accuracies of a batch event: of the steps since the last one, or of the last step alone if the losses are
/// missing too.
fn accuracies_of<'a>(batch: &'a BatchReport, arrays: &'a [ArrayData]) -> &'a [f32] {
    match arrays {
        [_, ArrayData::F32(accuracies), ..] => accuracies,
        [] => std::slice::from_ref(&batch.accuracy),
        _ => &[],
    }
}

fn steps_before(last_step: u32, losses: &[f32]) -> u32 {
    last_step.saturating_sub(losses.len() as u32)
}

/// Writes an epoch as numbers; missing validation is NaN.
fn epoch_row(epoch: &EpochReport) -> [f32; EPOCH_WIDTH] {
    let [val_loss, val_accuracy] = [epoch.val_loss, epoch.val_accuracy].map(|value| value.unwrap_or(f32::NAN));
    let (seconds, images_per_second) = (epoch.seconds as f32, epoch.images_per_second as f32);
    let [number, step] = [epoch.epoch as f32, epoch.step as f32];
    [number, step, epoch.loss, epoch.accuracy, val_loss, val_accuracy, seconds, images_per_second]
}

/// Reads an epoch that [`epoch_row`] wrote.
fn epoch_report(row: &[f32; EPOCH_WIDTH]) -> EpochReport {
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
        ..EpochReport::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn epoch(number: u32, step: u32) -> EpochReport {
        let loss = 1.0 / step as f32;
        let metrics = BTreeMap::from([("auc".to_owned(), loss / 2.0)]);
        let val_metrics = BTreeMap::from([("auc".to_owned(), loss / 4.0)]);
        let val_loss = Some(loss);
        EpochReport { epoch: number, step, loss, val_loss, metrics, val_metrics, seconds: 2.0, ..Default::default() }
    }

    /// Three epochs of ten steps; the loss of step `s` is `s`.
    fn three_epochs() -> TrainingHistory {
        let mut history = TrainingHistory::default();
        for number in 0..3 {
            let step = 10 * (number + 1);
            let losses: Vec<f32> = (step - 9..=step).map(|step| step as f32).collect();
            let batch = BatchReport { step, ..Default::default() };
            history.extend(&Event::Batch(batch), &[ArrayData::F32(losses), ArrayData::F32(vec![0.25; 10])]);
            history.extend(&Event::Epoch(epoch(number, step)), &[]);
        }
        history
    }

    #[test]
    fn events_extend_it_with_gaps_and_restarts() {
        let mut history = TrainingHistory::default();
        history.add_batch(2, &[2.0, 1.5], &[0.1, 0.2]);
        history.add_batch(5, &[1.0], &[0.5, 0.7]);
        assert_eq!((history.steps(), history.accuracies().len()), (5, 5));
        assert!(history.losses()[2].is_nan() && history.losses()[3].is_nan());
        assert!(history.accuracies()[3].is_nan() && history.accuracies()[4] == 0.5);
        history.add_epoch(EpochReport { step: 5, ..Default::default() });
        let batch = Event::Batch(BatchReport { step: 3, loss: 9.0, accuracy: 0.3, ..Default::default() });
        assert_eq!(history.replaced_after(&batch, &[]), Some(2));
        history.extend(&batch, &[]);
        assert_eq!(history.losses(), [2.0, 1.5, 9.0]);
        assert!(history.epochs().is_empty());
        assert_eq!(history.accuracies(), [0.1, 0.2, 0.3]);
        assert_eq!(history.means_of_last(2), [5.25, 0.25]);
        let next = Event::Batch(BatchReport { step: 4, ..Default::default() });
        assert_eq!(history.replaced_after(&next, &[]), None);
    }

    #[test]
    fn an_epoch_is_reported_once() {
        let mut history = three_epochs();
        history.add_epoch(epoch(1, 20));
        assert_eq!(history.epochs().iter().map(|epoch| epoch.step).collect::<Vec<_>>(), [10, 20]);
    }

    #[test]
    fn it_is_cut_at_a_step() {
        let mut history = three_epochs();
        let until = history.until(15);
        history.truncate(15);
        assert_eq!(history, until);
        assert_eq!((history.steps(), history.accuracies().len(), history.epochs().len()), (15, 15, 1));
        history.truncate(100);
        assert_eq!(history, until);
        assert_eq!(history.losses_after(13), [14.0, 15.0]);
        assert!(history.losses_after(15).is_empty() && history.losses_after(99).is_empty());
        history.truncate(0);
        assert_eq!(history, TrainingHistory::default());
    }

    #[test]
    fn a_restored_run_goes_on_from_its_snapshot() {
        let (mut history, whole) = (three_epochs(), three_epochs());
        history.truncate(20);
        history.add_batch(30, whole.losses_after(20), &[0.25; 10]);
        history.add_epoch(epoch(2, 30));
        assert_eq!(history, whole);
    }

    #[test]
    fn a_run_is_completed_with_its_losses_and_its_part_on_another_engine() {
        let history = three_epochs();
        let answer = || History {
            steps: 12,
            epochs: 1,
            seconds: 0.5,
            epoch_loss: vec![7.0],
            val_loss: vec![8.0],
            ..Default::default()
        };
        let mut run = answer();
        assert_eq!(history.complete_run(&mut run, None), history.losses()[18..]);
        assert_eq!(run, answer(), "nothing was elsewhere");
        assert_eq!(history.complete_run(&mut run, Some(5)), history.losses()[5..]);
        assert_eq!((run.steps, run.epochs, run.seconds), (25, 2, 2.5));
        assert_eq!((run.epoch_loss, run.val_loss), (vec![0.1, 7.0], vec![0.1, 8.0]));
        assert!(run.val_accuracy.is_empty());
        let mut nothing = History::default();
        assert!(history.complete_run(&mut nothing, None).is_empty());
        assert!(TrainingHistory::default().complete_run(&mut answer(), Some(3)).is_empty());
    }

    #[test]
    fn tensors_hold_all_of_it() {
        let mut history = three_epochs();
        history.add_batch(35, &[f32::INFINITY], &[0.5]);
        let mut read = TrainingHistory::default();
        for tensor in history.tensors() {
            assert_eq!(tensor.shape.iter().product::<usize>(), tensor.values.len());
            assert!(read.read_tensor(&tensor.name, tensor.values.into_owned()).is_none());
        }
        read.complete_reading();
        assert_eq!(read.epochs(), history.epochs());
        let bits = |history: &TrainingHistory| history.accuracies().iter().map(|a| a.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&read), bits(&history));
        assert_eq!(read.losses()[34], f32::INFINITY);
        assert_eq!(read.read_tensor("dense.bias", vec![1.0]), Some(vec![1.0]));
        assert_eq!(TrainingHistory::default().tensors().count(), 0);
    }

    #[test]
    fn an_older_file_has_means_between_its_reports() {
        let mut read = TrainingHistory::default();
        // In the first epoch, 1 of 2 and then 3 of 4 batches were right; in the second, 1 of 2, and 3 of 3 in the running one.
        let pairs = vec![2.0, 0.5, 4.0, 0.75, 6.0, 0.5, 7.0, 2.0 / 3.0];
        assert!(read.read_tensor(RUNNING_ACCURACIES, pairs).is_none());
        assert!(read.read_tensor(LOSSES, vec![1.0; 8]).is_none());
        let epochs: Vec<f32> = epoch_row(&epoch(0, 4)).to_vec();
        assert!(read.read_tensor(EPOCHS, epochs).is_none());
        read.complete_reading();
        assert_eq!(read.accuracies()[..7], [0.5, 0.5, 1.0, 1.0, 0.5, 0.5, 1.0]);
        assert!(read.accuracies()[7].is_nan(), "nothing is known of it");
        let mut none = TrainingHistory::default();
        none.read_tensor(RUNNING_ACCURACIES, vec![9.0, 0.5, 0.0, f32::NAN, -1.0, 2.0]);
        none.complete_reading();
        assert!(none.accuracies().is_empty());
    }
}
