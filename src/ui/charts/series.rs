//! Values of every step as a chart draws them: smoothed, and as lowest and highest values of a bounded number of columns.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Steps of a block.
const BLOCK: usize = 64;

/// Reach of the kernel from which the means of blocks are smoothed instead of single values.
const BLOCKWISE: usize = 8 * BLOCK;

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

/// Summary of [`BLOCK`] steps, as far as their values are finite.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Block {
    low: f32,
    high: f32,
    sum: f64,
    count: u32,
}

impl Block {
    const EMPTY: Self = Self { low: f32::INFINITY, high: f32::NEG_INFINITY, sum: 0.0, count: 0 };

    fn add(&mut self, value: f32) {
        if value.is_finite() {
            (self.low, self.high) = (self.low.min(value), self.high.max(value));
            self.sum += f64::from(value);
            self.count += 1;
        }
    }

    fn join(&mut self, other: &Self) {
        (self.low, self.high) = (self.low.min(other.low), self.high.max(other.high));
        self.sum += other.sum;
        self.count += other.count;
    }
}

/// Index of a growing list of values, one for each step from step 1, which its methods are given. It makes the drawing of
/// a long run as fast as that of a short one.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Series {
    blocks: Vec<Block>,
    steps: usize,
}

impl Series {
    /// Returns the number of steps that were taken in.
    pub fn steps(&self) -> u32 {
        self.steps as u32
    }

    /// Takes in the values that follow those that it has.
    pub fn follow(&mut self, values: &[f32]) {
        for value in values.get(self.steps..).unwrap_or_default() {
            if self.steps.is_multiple_of(BLOCK) {
                self.blocks.push(Block::EMPTY);
            }
            if let Some(block) = self.blocks.last_mut() {
                block.add(*value);
            }
            self.steps += 1;
        }
    }

    /// Smooths the values around a step with a Gaussian kernel that reaches `reach` steps to both sides. Near the start it
    /// is as narrow as the steps before allow, so that a curve begins at its first value; at the end it has one side only.
    pub fn smooth_at(&self, values: &[f32], step: u32, reach: u32) -> Option<f32> {
        let at = step.checked_sub(1)? as usize;
        (at < self.steps).then(|| self.mean_around(values, at, reach as usize, &kernel(reach as usize)))?
    }

    /// Smooths the values of the visible steps, thinned out to about `columns` samples, the last visible step among them.
    /// If a column has several steps, the kernel reaches over them at least.
    pub fn smooth(&self, values: &[f32], visible: Range<u32>, columns: usize, reach: u32) -> Vec<Sample> {
        let visible = self.indices(&visible);
        let stride = visible.len().div_ceil(columns.max(1)).max(1);
        let reach = (reach as usize).max(stride / 2);
        let weights = kernel(reach);
        let last = visible.clone().last();
        let steps = visible.step_by(stride).chain(last);
        let mut samples: Vec<Sample> = Vec::with_capacity(columns + 2);
        for at in steps {
            let step = at as u32 + 1;
            if samples.last().is_none_or(|sample| sample.step < step)
                && let Some(value) = self.mean_around(values, at, reach, &weights)
            {
                samples.push(Sample { step, value });
            }
        }
        samples
    }

    /// Returns the lowest and highest value in each of about `columns` groups of the visible steps, at the group's middle.
    pub fn ranges(&self, values: &[f32], visible: Range<u32>, columns: usize) -> Vec<(u32, Range<f32>)> {
        let visible = self.indices(&visible);
        let stride = visible.len().div_ceil(columns.max(1)).max(1);
        let groups = visible.clone().step_by(stride).filter_map(|from| {
            let to = (from + stride).min(visible.end);
            let block = self.summary(values, from..to);
            (block.count > 0).then_some(((from + 1 + (to - from) / 2) as u32, block.low..block.high))
        });
        groups.collect()
    }

    /// Returns the indices of the steps that are there.
    fn indices(&self, visible: &Range<u32>) -> Range<usize> {
        let end = (visible.end as usize).min(self.steps + 1).saturating_sub(1);
        (visible.start.max(1) as usize - 1).min(end)..end
    }

    fn summary(&self, values: &[f32], range: Range<usize>) -> Block {
        let mut all = Block::EMPTY;
        let mut at = range.start;
        while at < range.end {
            if at.is_multiple_of(BLOCK) && at + BLOCK <= range.end {
                all.join(&self.blocks[at / BLOCK]);
                at += BLOCK;
            } else {
                all.add(values.get(at).copied().unwrap_or(f32::NAN));
                at += 1;
            }
        }
        all
    }

    /// Returns the mean with these weights by distance; `None` if there is no finite value in reach.
    fn mean_around(&self, values: &[f32], at: usize, reach: usize, weights: &[f32]) -> Option<f32> {
        let own_reach = reach.min(at);
        let window = at - own_reach..(at + own_reach + 1).min(self.steps);
        let weight = |distance: usize| f64::from(weights[(distance * reach / own_reach.max(1)).min(reach)]);
        let (mut sum, mut weight_sum) = (0.0, 0.0);
        if own_reach < BLOCKWISE {
            for (index, value) in window.clone().zip(values.get(window)?) {
                if value.is_finite() {
                    let weight = weight(at.abs_diff(index));
                    sum += weight * f64::from(*value);
                    weight_sum += weight;
                }
            }
        } else {
            for index in window.start / BLOCK..window.end.div_ceil(BLOCK) {
                let block = &self.blocks[index];
                let weight = weight(at.abs_diff(index * BLOCK + BLOCK / 2));
                sum += weight * block.sum;
                weight_sum += weight * f64::from(block.count);
            }
        }
        (weight_sum > 0.0).then_some((sum / weight_sum) as f32)
    }
}

/// Returns the weights of a Gaussian kernel by distance: two standard deviations on both sides.
fn kernel(reach: usize) -> Vec<f32> {
    let deviation = reach.max(1) as f32 / 2.0;
    (0..=reach).map(|distance| (-0.5 * (distance as f32 / deviation).powi(2)).exp()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f32]) -> Series {
        let mut series = Series::default();
        // In parts, as batch events bring them.
        for end in (0..values.len()).step_by(7).chain([values.len()]) {
            series.follow(&values[..end]);
        }
        series
    }

    #[test]
    fn a_short_run_is_drawn_step_by_step() {
        let values = [4.0, 2.0, f32::NAN, 2.0];
        let plain = series(&values);
        let samples = |visible, columns| -> Vec<(u32, f32)> {
            plain.smooth(&values, visible, columns, 0).into_iter().map(Into::into).collect()
        };
        assert_eq!(samples(0..5, 100), [(1, 4.0), (2, 2.0), (4, 2.0)]);
        assert_eq!(samples(2..3, 100), [(2, 2.0)]);
        assert!(samples(9..20, 100).is_empty() && samples(3..4, 100).is_empty());
        assert_eq!(plain.ranges(&values, 0..5, 100), [(1, 4.0..4.0), (2, 2.0..2.0), (4, 2.0..2.0)]);
        assert_eq!(plain.ranges(&values, 0..5, 2), [(2, 2.0..4.0), (4, 2.0..2.0)]);
        assert_eq!((plain.smooth_at(&values, 0, 5), plain.smooth_at(&values, 5, 5)), (None, None));
        let single = series(&[3.0]);
        assert_eq!(single.smooth(&[3.0], 0..11, 800, 50), [Sample { step: 1, value: 3.0 }]);
    }

    #[test]
    fn smoothing_does_not_lag() {
        // A straight line stays where it is, wherever the kernel has values on both sides.
        let falling: Vec<f32> = (0..1000).map(|step| 5.0 - step as f32 / 250.0).collect();
        let series = series(&falling);
        for step in 1..950 {
            let smooth = series.smooth_at(&falling, step, 50).unwrap();
            assert!((smooth - falling[step as usize - 1]).abs() < 1e-4, "step {step}");
        }
        // A jump is halfway in its middle.
        let jump: Vec<f32> = (0..200).map(|step| if step < 100 { 0.0 } else { 1.0 }).collect();
        let around = [100, 101].map(|step| self::series(&jump).smooth_at(&jump, step, 40).unwrap());
        assert!((around[0] + around[1] - 1.0).abs() < 1e-5 && around[0] > 0.45, "{around:?}");
    }

    #[test]
    fn a_long_run_is_summed_up_in_blocks() {
        let values: Vec<f32> = (0..30_001).map(|step| 1.0 + (step % 100) as f32 / 50.0).collect();
        let long = series(&values);
        for (visible, columns) in [(0..30_002, 1), (0..30_002, 300), (77..20_000, 1000), (500..700, 10_000)] {
            let smooth = long.smooth(&values, visible.clone(), columns, 50);
            assert!(smooth.len() <= columns + 1 && smooth.iter().map(|sample| sample.step).is_sorted());
            assert_eq!(smooth.last().unwrap().step, visible.end - 1);
            // Steps with values on both sides of the kernel.
            let whole = smooth.iter().filter(|sample| (60..29_900).contains(&sample.step));
            assert!(whole.map(|sample| sample.value).all(|value| (1.75..2.25).contains(&value)), "{visible:?}");
            let ranges = long.ranges(&values, visible.clone(), columns);
            assert!(ranges.len() <= columns && ranges.iter().map(|(step, _)| step).is_sorted());
            assert_eq!(ranges.iter().map(|(_, range)| range.end).fold(0.0, f32::max), 1.0 + 99.0 / 50.0);
            assert_eq!(ranges.iter().map(|(_, range)| range.start).fold(9.0, f32::min), 1.0);
        }
        // Block by block it is nearly what it is value by value.
        let wave: Vec<f32> = (0..20_000).map(|step| (step as f32 / 2000.0).sin()).collect();
        let series = series(&wave);
        let exact = |at: usize| {
            let weights = kernel(BLOCKWISE);
            let window = at - BLOCKWISE..=at + BLOCKWISE;
            let sum: f32 = window.clone().map(|index| weights[at.abs_diff(index)] * wave[index]).sum();
            sum / window.map(|index| weights[at.abs_diff(index)]).sum::<f32>()
        };
        for at in [1000, 7777, 15_000] {
            let smooth = series.smooth_at(&wave, at as u32 + 1, BLOCKWISE as u32).unwrap();
            assert!((smooth - exact(at)).abs() < 5e-3, "{smooth} {}", exact(at));
        }
    }
}
