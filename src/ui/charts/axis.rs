//! Limits of the axes, and the units of the horizontal one.

use std::ops::Range;

/// Ratio of the largest to the smallest value from which the axis of a loss is logarithmic by default.
const LOG_RATIO: f32 = 30.0;

/// Multiple of its first value up to which an earlier run may stretch the axis.
const EARLIER_REACH: f32 = 1.5;

/// Vertical axis.
#[derive(Clone, PartialEq, Debug)]
pub struct Axis {
    pub limits: Range<f64>,
    pub is_log: bool,
}

/// Visible values of an earlier run.
pub struct Earlier {
    /// The run's first value.
    pub start: f32,
    pub values: Vec<f32>,
}

/// Chooses the axis of a loss: the present run's values set it, and earlier runs stretch it only to
/// [`EARLIER_REACH`] times their start, so that a diverged one cannot. `is_log` overrides the default.
pub fn loss_axis(own: &[f32], earlier: &[Earlier], is_log: Option<bool>) -> Axis {
    let is_shown = |value: &f32| value.is_finite() && *value >= 0.0;
    let bounded = earlier.iter().flat_map(|run| {
        let cap = run.start * EARLIER_REACH;
        run.values.iter().copied().filter(move |value| *value <= cap)
    });
    let values: Vec<f32> = own.iter().copied().chain(bounded).filter(is_shown).collect();
    let high = values.iter().copied().fold(0.0, f32::max);
    let low = values.iter().copied().filter(|value| *value > 0.0).fold(f32::INFINITY, f32::min);
    // 0 has no logarithm, and a curve that reaches it no lower end.
    let low = low.max(high * 1e-8);
    let is_log = is_log.unwrap_or(high > low * LOG_RATIO) && low < f32::INFINITY;
    let limits = match is_log {
        _ if high <= 0.0 => 0.0..1.0,
        true => f64::from(low) / 1.2..f64::from(high) * 1.2,
        false => 0.0..f64::from(high) * 1.08,
    };
    Axis { limits, is_log: is_log && high > 0.0 }
}

/// Chooses the axis of an accuracy: from a round number below all values to 1.
pub fn accuracy_axis(values: impl Iterator<Item = f32>) -> Axis {
    let low = values.filter(|value| value.is_finite()).fold(f32::INFINITY, f32::min);
    let bottoms = [0.99, 0.98, 0.95, 0.9, 0.8, 0.5];
    let bottom = bottoms.into_iter().find(|bottom| low < f32::INFINITY && low >= *bottom as f32).unwrap_or(0.0);
    Axis { limits: bottom..1.0, is_log: false }
}

/// Unit of the horizontal axis.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Unit {
    #[default]
    Steps,
    Epochs,
    Seconds,
}

/// Positions of a run's steps on the horizontal axis, and back: straight between known points.
#[derive(Clone, PartialEq, Debug)]
pub struct Scale(Vec<[f64; 2]>);

impl Scale {
    /// Makes the scale on which a step is where its number is.
    pub fn steps() -> Self {
        Self(vec![[0.0, 0.0], [1.0, 1.0]])
    }

    /// Makes a scale of points with a step and its position, which begins at the origin and goes on beyond the last point
    /// at `per_step`, or as before if that is not known. Points that do not rise are left out.
    pub fn new(points: impl IntoIterator<Item = [f64; 2]>, per_step: Option<f64>) -> Self {
        let mut known = vec![[0.0, 0.0]];
        for [step, position] in points {
            let before = known[known.len() - 1];
            if step > before[0] && position > before[1] && position.is_finite() {
                known.push([step, position]);
            }
        }
        let slope = match known.as_slice() {
            [.., before, last] => (last[1] - before[1]) / (last[0] - before[0]),
            _ => 1.0,
        };
        let slope = per_step.filter(|slope| slope.is_finite() && *slope > 0.0).unwrap_or(slope);
        let last = known[known.len() - 1];
        known.push([last[0] + 1.0, last[1] + slope]);
        Self(known)
    }

    pub fn position(&self, step: f64) -> f64 {
        self.map(step, 0)
    }

    pub fn step(&self, position: f64) -> f64 {
        self.map(position, 1)
    }

    fn map(&self, value: f64, from: usize) -> f64 {
        let after = self.0.partition_point(|point| point[from] < value).clamp(1, self.0.len() - 1);
        let (one, other) = (self.0[after - 1], self.0[after]);
        one[1 - from] + (value - one[from]) * (other[1 - from] - one[1 - from]) / (other[from] - one[from])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diverged_run_does_not_set_the_axis() {
        let own = [2.3, 1.0, 0.4];
        let diverged = || [Earlier { start: 2.3, values: vec![2.3, 3.0, 1e9, 1e22] }];
        let axis = loss_axis(&own, &diverged(), None);
        assert!(!axis.is_log && axis.limits.start == 0.0);
        assert!((3.0..3.6).contains(&axis.limits.end), "{axis:?}");
        let axis = loss_axis(&[], &diverged(), None);
        assert!((3.0..3.6).contains(&axis.limits.end), "before the first step: {axis:?}");
        assert_eq!(loss_axis(&[], &[], None), Axis { limits: 0.0..1.0, is_log: false });
        assert_eq!(loss_axis(&[f32::NAN, f32::INFINITY], &[], Some(true)).limits, 0.0..1.0);
    }

    #[test]
    fn an_axis_of_many_decades_is_logarithmic() {
        assert!(loss_axis(&[2.3, 0.05], &[], None).is_log);
        assert!(!loss_axis(&[2.3, 0.05], &[], Some(false)).is_log);
        assert!(!loss_axis(&[2.3, 0.1], &[], None).is_log);
        let forced = loss_axis(&[2.3, 0.1], &[], Some(true));
        assert!(forced.is_log && forced.limits.start > 0.05 && forced.limits.contains(&2.3));
        let zero = loss_axis(&[1.0, 0.0], &[], Some(true));
        assert!(zero.limits.start > 0.0);
    }

    #[test]
    fn the_accuracy_axis_covers_all_that_is_shown() {
        assert_eq!(accuracy_axis([].into_iter()).limits, 0.0..1.0);
        assert_eq!(accuracy_axis([0.1, 0.97].into_iter()).limits, 0.0..1.0);
        assert_eq!(accuracy_axis([0.955, 0.97, f32::NAN].into_iter()).limits, 0.95..1.0);
        assert_eq!(accuracy_axis([0.9999].into_iter()).limits, 0.99..1.0);
    }

    #[test]
    fn steps_are_placed_by_epochs_and_seconds() {
        let steps = Scale::steps();
        assert_eq!((steps.position(7.0), steps.step(1e6)), (7.0, 1e6));
        // Two epochs of ten steps: one second, then three.
        let seconds = Scale::new([[10.0, 1.0], [20.0, 4.0]], None);
        for (step, second) in [(0.0, 0.0), (5.0, 0.5), (10.0, 1.0), (15.0, 2.5), (30.0, 7.0)] {
            assert!((seconds.position(step) - second).abs() < 1e-9);
        }
        for step in [0.0, 5.0, 10.0, 15.0, 33.0] {
            assert!((seconds.step(seconds.position(step)) - step).abs() < 1e-9);
        }
        assert_eq!(Scale::new([], Some(0.5)).position(4.0), 2.0);
        assert_eq!(Scale::new([[0.0, 1.0], [5.0, f64::NAN]], None).position(3.0), 3.0);
    }
}
