//! Losses of a run as a chart draws them: smoothed, and thinned out to a bounded size.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// The usual smoothing: about the last 50 steps.
pub const SMOOTHING: f32 = 0.98;

/// The largest number of groups, more than a screen has columns. It is even, so that groups can be joined in pairs.
const MAX_GROUPS: usize = 4096;

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

/// Exponential mean with the start's bias taken out, as Adam does.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Smoother {
    /// Weight of the past.
    smoothing: f32,
    steps: u32,
    mean: f32,
}

impl Smoother {
    pub fn new(smoothing: f32) -> Self {
        Self { smoothing, steps: 0, mean: 0.0 }
    }

    /// Takes in the loss of a step, and returns the smoothed one. Losses that are no numbers leave it as it is.
    pub fn push(&mut self, loss: f32) -> f32 {
        self.steps += 1;
        if loss.is_finite() {
            self.mean = self.smoothing * self.mean + (1.0 - self.smoothing) * loss;
        }
        self.value()
    }

    fn value(&self) -> f32 {
        self.mean / (1.0 - self.smoothing.powi(self.steps as i32))
    }
}

/// Steps that follow each other.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Group {
    /// State after the group's first step.
    smoother: Smoother,
    /// Lowest and highest loss; the wrong way round if there is none.
    low: f32,
    high: f32,
}

/// See the [module](self).
#[derive(Clone, PartialEq, Debug)]
pub struct LossSeries {
    groups: Vec<Group>,
    /// Steps in each group but the last.
    group_steps: usize,
    smoother: Smoother,
    /// The highest smoothed loss.
    top: f32,
}

impl LossSeries {
    pub fn new(smoothing: f32) -> Self {
        Self { groups: Vec::new(), group_steps: 1, smoother: Smoother::new(smoothing), top: 0.0 }
    }

    pub fn smoothing(&self) -> f32 {
        self.smoother.smoothing
    }

    /// Takes in the losses that follow those that it has. `losses` are all of the run's.
    pub fn follow(&mut self, losses: &[f32]) {
        for loss in losses.get(self.smoother.steps as usize..).unwrap_or_default() {
            self.push(*loss);
        }
    }

    fn push(&mut self, loss: f32) {
        let begins_group = (self.smoother.steps as usize).is_multiple_of(self.group_steps);
        if begins_group && self.groups.len() == MAX_GROUPS {
            self.join_groups();
        }
        let smooth = self.smoother.push(loss);
        if smooth.is_finite() {
            self.top = self.top.max(smooth);
        }
        let index = (self.smoother.steps as usize - 1) / self.group_steps;
        if index == self.groups.len() {
            self.groups.push(Group { smoother: self.smoother, low: f32::INFINITY, high: f32::NEG_INFINITY });
        }
        if let Some(group) = self.groups.last_mut()
            && loss.is_finite()
        {
            (group.low, group.high) = (group.low.min(loss), group.high.max(loss));
        }
    }

    /// Joins groups in pairs. All of them are full.
    fn join_groups(&mut self) {
        let joined = |pair: &[Group]| pair.iter().copied().reduce(Group::joined);
        self.groups = self.groups.chunks(2).filter_map(joined).collect();
        self.group_steps *= 2;
    }

    /// Returns the smoothed loss of a step, from 1. `losses` are all of the run's.
    pub fn smooth_at(&self, step: u32, losses: &[f32]) -> Option<f32> {
        let index = step.checked_sub(1)? as usize / self.group_steps;
        let mut smoother = self.groups.get(index)?.smoother;
        for loss in losses.get(smoother.steps as usize..step as usize)? {
            smoother.push(*loss);
        }
        Some(smoother.value())
    }

    /// Returns the smoothed loss, thinned out to about `columns` samples, the last step among them.
    pub fn smooth(&self, columns: usize) -> Vec<Sample> {
        let firsts = self.groups.iter().step_by(self.stride(columns)).map(|group| group.smoother);
        let mut smoothers: Vec<Smoother> = firsts.collect();
        if smoothers.last().is_some_and(|last| last.steps < self.smoother.steps) {
            smoothers.push(self.smoother);
        }
        let samples = smoothers.iter().map(|smoother| Sample { step: smoother.steps, value: smoother.value() });
        samples.filter(|sample| sample.value.is_finite()).collect()
    }

    /// Returns the lowest and highest loss in each of about `columns` groups of steps, at the group's middle.
    pub fn range(&self, columns: usize) -> Vec<(u32, Range<f32>)> {
        let stride = self.stride(columns);
        let steps = (stride * self.group_steps) as u32;
        let wide = |groups: &[Group]| {
            let group = groups.iter().copied().reduce(Group::joined)?;
            let before = group.smoother.steps - 1;
            let own = steps.min(self.smoother.steps - before);
            (group.low <= group.high).then_some((before + own.div_ceil(2), group.low..group.high))
        };
        self.groups.chunks(stride).filter_map(wide).collect()
    }

    /// Returns the highest smoothed loss, or 0.
    pub fn top(&self) -> f32 {
        self.top
    }

    fn stride(&self, columns: usize) -> usize {
        self.groups.len().div_ceil(columns.max(1)).max(1)
    }
}

impl Group {
    fn joined(self, next: Self) -> Self {
        Self { low: self.low.min(next.low), high: self.high.max(next.high), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(losses: &[f32], smoothing: f32) -> LossSeries {
        let mut series = LossSeries::new(smoothing);
        // In parts, as batch events bring them.
        for end in (0..losses.len()).step_by(7).chain([losses.len()]) {
            series.follow(&losses[..end]);
        }
        series
    }

    #[test]
    fn a_short_run_is_drawn_step_by_step() {
        let losses = [4.0, 2.0, f32::NAN, 2.0];
        let plain = series(&losses, 0.0);
        assert_eq!(plain.smooth(100).iter().map(|sample| sample.value).collect::<Vec<_>>(), [4.0, 2.0, 2.0, 2.0]);
        assert_eq!(plain.range(100), [(1, 4.0..4.0), (2, 2.0..2.0), (4, 2.0..2.0)]);
        assert_eq!(plain.range(2), [(1, 2.0..4.0), (3, 2.0..2.0)]);
        assert_eq!(plain.top(), 4.0);
        let half = series(&losses[..2], 0.5);
        assert!((half.smooth_at(2, &losses).unwrap() - 8.0 / 3.0).abs() < 1e-6);
        assert_eq!((half.smooth_at(0, &losses), half.smooth_at(3, &losses)), (None, None));
    }

    #[test]
    fn a_long_run_takes_no_more_memory_and_every_step_can_be_read() {
        let losses: Vec<f32> = (0..30_001).map(|step| 1.0 + (step % 100) as f32 / 50.0).collect();
        let long = series(&losses, SMOOTHING);
        assert!(long.groups.len() <= MAX_GROUPS && long.groups.len() * 4 > MAX_GROUPS);
        let mut smoother = Smoother::new(SMOOTHING);
        for (step, loss) in (1..).zip(&losses) {
            assert_eq!(long.smooth_at(step, &losses), Some(smoother.push(*loss)), "step {step}");
        }
        for columns in [1, 300, 1000, 10_000] {
            let smooth = long.smooth(columns);
            assert!(smooth.len() <= columns + 1);
            assert_eq!(smooth.last(), Some(&Sample { step: 30_001, value: smoother.value() }));
            assert!(smooth.iter().all(|sample| long.smooth_at(sample.step, &losses) == Some(sample.value)));
            let range = long.range(columns);
            assert!(range.len() <= columns && range.iter().map(|(step, _)| step).is_sorted());
            assert_eq!(range.iter().map(|(_, range)| range.end).fold(0.0, f32::max), 1.0 + 99.0 / 50.0);
        }
    }
}
