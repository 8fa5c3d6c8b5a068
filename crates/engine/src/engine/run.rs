//! One training run: its reports, its speed, its remaining time.

use std::collections::VecDeque;

use crate::protocol::{BatchReport, EpochReport, History, RunState};
use crate::train::{Goal, StepReport};

/// The time over which speed is measured.
const WINDOW_MS: f64 = 3_000.0;
const SAMPLE_EVERY_MS: f64 = 100.0;

/// One run, from the command that asked for it to its end. Times are in milliseconds of any clock; pauses and
/// evaluations that were asked for do not count.
pub struct Run {
    /// The request that is answered when the run ends.
    pub request_id: u32,
    goal: Goal,
    history: History,
    /// Losses and accuracies of the steps since the last batch event. The engine keeps no others.
    losses: Vec<f32>,
    accuracies: Vec<f32>,
    last: StepReport,
    /// Steps until the goal, known with the first step.
    total_steps: Option<u32>,
    images: u64,
    active_ms: f64,
    /// When the clock was last read; `None` while it does not count.
    mark_ms: Option<f64>,
    /// Images and time when the running epoch began, as far as this run is concerned.
    epoch_start: (u64, f64),
    /// Images done and time, within the window.
    window: VecDeque<(u64, f64)>,
    /// The paused run within which this one takes its steps. They count for both.
    outer: Option<Box<Run>>,
}

impl Run {
    /// Makes a run. `goal` is a number of epochs or steps.
    pub fn new(request_id: u32, goal: Goal, now_ms: f64) -> Self {
        Self {
            request_id,
            goal,
            history: History::default(),
            losses: Vec::new(),
            accuracies: Vec::new(),
            last: StepReport::default(),
            total_steps: None,
            images: 0,
            active_ms: 0.0,
            mark_ms: Some(now_ms),
            epoch_start: (0, 0.0),
            window: VecDeque::new(),
            outer: None,
        }
    }

    /// Takes its steps within a paused run.
    pub fn within(mut self, outer: Run) -> Self {
        self.outer = Some(Box::new(outer));
        self
    }

    pub fn is_inner(&self) -> bool {
        self.outer.is_some()
    }

    /// Takes out the paused run within which this one takes its steps.
    pub fn take_outer(&mut self) -> Option<Run> {
        self.outer.take().map(|outer| *outer)
    }

    /// Counts a step that an inner run has taken.
    fn count_inner_step(&mut self, report: StepReport) {
        self.total_steps.get_or_insert_with(|| total_steps(self.goal, &report));
        self.history.steps += 1;
        self.last = report;
        if let Some(outer) = &mut self.outer {
            outer.count_inner_step(report);
        }
    }

    /// Takes a completed epoch into the history, also into that of the outer run.
    fn count_epoch(&mut self, report: &EpochReport) {
        self.epoch_start = (self.images, self.active_ms);
        self.history.stopped_by = report.stopped_by;
        self.history.epochs += 1;
        self.history.epoch_loss.push(report.loss);
        if !report.accuracy.is_nan() {
            self.history.epoch_accuracy.push(report.accuracy);
        }
        for (name, value) in report.named_metrics() {
            self.history.metrics.entry(name).or_default().push(value);
        }
        self.history.val_loss.extend(report.val_loss);
        self.history.val_accuracy.extend(report.val_accuracy);
        if let Some(outer) = &mut self.outer {
            outer.count_epoch(report);
        }
    }

    /// Starts the clock.
    pub fn mark(&mut self, now_ms: f64) {
        self.mark_ms = Some(now_ms);
    }

    /// Stops the clock.
    pub fn halt(&mut self, now_ms: f64) {
        self.read_clock(now_ms);
        self.mark_ms = None;
    }

    /// Counts a step, and returns the number of steps.
    pub fn step(&mut self, report: StepReport, now_ms: f64) -> u32 {
        self.read_clock(now_ms);
        self.total_steps.get_or_insert_with(|| total_steps(self.goal, &report));
        self.images += u64::from(report.images);
        self.losses.push(report.loss);
        self.accuracies.push(report.accuracy);
        self.history.steps += 1;
        self.last = report;
        if let Some(outer) = &mut self.outer {
            outer.count_inner_step(report);
        }
        if self.window.back().is_none_or(|&(_, at_ms)| self.active_ms - at_ms >= SAMPLE_EVERY_MS) {
            self.window.push_back((self.images, self.active_ms));
            while self.window.len() > 2 && self.window[1].1 < self.active_ms - WINDOW_MS {
                self.window.pop_front();
            }
        }
        self.history.steps
    }

    /// Completes an epoch's report.
    pub fn epoch(&mut self, mut report: EpochReport, now_ms: f64) -> EpochReport {
        self.read_clock(now_ms);
        let (images, started_ms) = self.epoch_start;
        report.run_id = self.request_id;
        report.seconds = (self.active_ms - started_ms) / 1000.0;
        report.images_per_second = per_second(self.images - images, self.active_ms - started_ms);
        self.count_epoch(&report);
        report
    }

    /// Returns the report of the last step, with losses and accuracies of the steps since the last such report; `None`
    /// without a new step.
    pub fn batch(&mut self) -> Option<(BatchReport, [Vec<f32>; 2])> {
        if self.losses.is_empty() {
            return None;
        }
        // About as many steps come until the next event.
        let count = self.losses.len();
        let values =
            [&mut self.losses, &mut self.accuracies].map(|values| std::mem::replace(values, Vec::with_capacity(count)));
        let (done, total) = (f64::from(self.history.steps), f64::from(self.total_steps.unwrap_or(0)));
        let last = self.last;
        let ms_per_step = self.active_ms / done;
        let report = BatchReport {
            run_id: self.request_id,
            step: last.step,
            epoch: last.epoch,
            batch_in_epoch: last.batch_in_epoch,
            batches_per_epoch: last.batches_per_epoch,
            loss: last.loss,
            accuracy: last.accuracy,
            epoch_loss: last.epoch_loss,
            epoch_accuracy: last.epoch_accuracy,
            images_per_second: self.images_per_second(),
            remaining_seconds: (total - done).max(0.0) * ms_per_step / 1000.0,
            progress: if total > 0.0 { (done / total).min(1.0) } else { 0.0 },
        };
        Some((report, values))
    }

    /// Ends the run, and returns its history. Its outer run must have been taken out.
    pub fn finish(mut self, state: RunState, now_ms: f64) -> History {
        self.halt(now_ms);
        self.history.state = state;
        self.history.seconds = self.active_ms / 1000.0;
        self.history.images_per_second = per_second(self.images, self.active_ms);
        self.history.examples_per_second = self.history.images_per_second;
        self.history
    }

    fn images_per_second(&self) -> f64 {
        match self.window.front() {
            Some(&(images, at_ms)) if self.images > images => per_second(self.images - images, self.active_ms - at_ms),
            _ => per_second(self.images, self.active_ms),
        }
    }

    fn read_clock(&mut self, now_ms: f64) {
        if let Some(mark_ms) = self.mark_ms {
            self.active_ms += (now_ms - mark_ms).max(0.0);
            self.mark_ms = Some(now_ms);
        }
    }
}

/// Steps from before the run's first step, whose report this is, until its goal.
fn total_steps(goal: Goal, first: &StepReport) -> u32 {
    let done_of_epoch = first.batch_in_epoch.saturating_sub(1);
    let by_epochs =
        goal.epochs.map(|epochs| epochs.saturating_mul(first.batches_per_epoch).saturating_sub(done_of_epoch));
    by_epochs.into_iter().chain(goal.steps).min().unwrap_or(1)
}

fn per_second(count: u64, ms: f64) -> f64 {
    if ms > 0.0 { count as f64 * 1000.0 / ms } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(step: u32) -> StepReport {
        StepReport {
            step,
            batch_in_epoch: step,
            batches_per_epoch: 100,
            images: 32,
            loss: 1.0 / step as f32,
            accuracy: 0.5,
            ..Default::default()
        }
    }

    #[test]
    fn speed_and_remaining_time_leave_pauses_out() {
        let mut run = Run::new(1, Goal { epochs: Some(2), steps: None }, 0.0);
        for step in 1..=50 {
            run.step(report(step), f64::from(step) * 10.0);
        }
        run.halt(500.0);
        run.mark(60_000.0);
        run.step(report(51), 60_010.0);
        let (batch, [losses, accuracies]) = run.batch().unwrap();
        assert_eq!((losses.len(), accuracies.len()), (51, 51));
        assert_eq!((batch.accuracy, accuracies[50]), (0.5, 0.5));
        assert!((batch.images_per_second - 3200.0).abs() < 1.0, "{}", batch.images_per_second);
        assert!((batch.remaining_seconds - 1.49).abs() < 1e-6, "{}", batch.remaining_seconds);
        assert!((batch.progress - 51.0 / 200.0).abs() < 1e-9);
        assert!(run.batch().is_none(), "nothing new");
        let history = run.finish(RunState::Stopped, 60_010.0);
        assert_eq!((history.steps, history.state), (51, RunState::Stopped));
        assert!((history.seconds - 0.51).abs() < 1e-9);
    }

    #[test]
    fn a_run_from_the_middle_of_an_epoch_counts_to_its_end() {
        assert_eq!(total_steps(Goal { epochs: Some(2), steps: None }, &report(41)), 160);
        assert_eq!(total_steps(Goal { epochs: Some(2), steps: Some(7) }, &report(41)), 7);
    }

    #[test]
    fn the_window_forgets() {
        let mut run = Run::new(1, Goal { epochs: None, steps: Some(10_000) }, 0.0);
        let mut now_ms = 0.0;
        for step in 1..=1000 {
            now_ms += if step <= 500 { 100.0 } else { 10.0 };
            run.step(report(step), now_ms);
        }
        let (batch, _) = run.batch().unwrap();
        assert!((batch.images_per_second - 3200.0).abs() < 150.0, "{}", batch.images_per_second);
        assert!(run.window.len() < 40);
    }

    #[test]
    fn an_epoch_is_timed_from_its_beginning() {
        let mut run = Run::new(1, Goal { epochs: Some(1), steps: None }, 1_000.0);
        run.step(report(1), 1_500.0);
        let epoch = run.epoch(EpochReport { loss: 0.5, val_loss: Some(0.25), ..Default::default() }, 2_000.0);
        assert_eq!((epoch.seconds, epoch.images_per_second), (1.0, 32.0));
        let history = run.finish(RunState::Done, 2_000.0);
        assert_eq!((history.epochs, history.epoch_loss, history.val_loss), (1, vec![0.5], vec![0.25]));
        assert!(history.val_accuracy.is_empty());
    }
}
