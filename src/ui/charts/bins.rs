//! Distribution of a tensor's numbers, and its changes while the network trains.

/// The most histograms that are kept of a tensor.
const MAX_SNAPSHOTS: usize = 160;

/// Shares of the numbers that lie below each quantile of a [`Snapshot`].
pub const QUANTILES: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];

/// The most numbers from which quantiles are computed; more would hardly move them.
const MAX_SAMPLED: usize = 10_000;

/// Distribution of a tensor's numbers at a step.
#[derive(Clone, PartialEq, Debug)]
pub struct Snapshot {
    pub step: u32,
    /// The largest magnitude.
    pub scale: f32,
    /// The numbers below which the shares [`QUANTILES`] lie.
    pub quantiles: [f32; 7],
    pub mean: f32,
    pub deviation: f32,
}

impl Snapshot {
    /// Computes the statistics of the finite values.
    pub fn new(step: u32, values: &[f32]) -> Self {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let count = (finite().count() as f32).max(1.0);
        let mean = (finite().map(f64::from).sum::<f64>() / f64::from(count)) as f32;
        let square = |value: f32| f64::from(value - mean) * f64::from(value - mean);
        let deviation = ((finite().map(square).sum::<f64>() / f64::from(count)) as f32).sqrt();
        let (low, high) = finite().fold((0.0f32, 0.0f32), |(low, high), value| (low.min(value), high.max(value)));
        let mut sampled: Vec<f32> = finite().step_by(values.len().div_ceil(MAX_SAMPLED).max(1)).collect();
        sampled.sort_unstable_by(f32::total_cmp);
        let mut quantiles = QUANTILES.map(|share| {
            let at = (sampled.len().saturating_sub(1) as f64 * share).round() as usize;
            sampled.get(at).copied().unwrap_or_default()
        });
        // The ends are those of all numbers.
        quantiles[0] = finite().reduce(f32::min).unwrap_or_default();
        quantiles[6] = finite().reduce(f32::max).unwrap_or_default();
        Self { step, scale: high.max(-low), quantiles, mean, deviation }
    }
}

/// The histograms of a tensor, the oldest first.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Track {
    pub name: String,
    pub snapshots: Vec<Snapshot>,
}

impl Track {
    /// Adds a snapshot. When there are too many, every second one is dropped, so that the whole history stays covered.
    pub fn add(&mut self, snapshot: Snapshot) {
        match self.snapshots.last_mut() {
            // Read twice at the same step: the later one counts, since a weight may have been written.
            Some(last) if last.step == snapshot.step => *last = snapshot,
            // Training has gone back to an earlier state.
            Some(last) if last.step > snapshot.step => {
                self.snapshots.retain(|kept| kept.step < snapshot.step);
                self.snapshots.push(snapshot);
            }
            _ => self.snapshots.push(snapshot),
        }
        if self.snapshots.len() > MAX_SNAPSHOTS {
            let last = self.snapshots.len() - 1;
            let mut at = 0..;
            self.snapshots.retain(|_| at.next().is_none_or(|at: usize| at.is_multiple_of(2) || at == last));
        }
    }

    /// Returns the smallest and the largest number of all.
    pub fn range(&self) -> [f32; 2] {
        self.snapshots.iter().fold([0.0f32; 2], |[low, high], snapshot| {
            [low.min(snapshot.quantiles[0]), high.max(snapshot.quantiles[6])]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_say_where_the_numbers_lie() {
        let values: Vec<f32> = (0..=100).rev().map(|at| at as f32 / 100.0 - 0.5).chain([f32::NAN]).collect();
        let snapshot = Snapshot::new(3, &values);
        for (quantile, share) in snapshot.quantiles.iter().zip(QUANTILES) {
            assert!((f64::from(*quantile) - (share - 0.5)).abs() < 1e-6, "{share}: {quantile}");
        }
        assert_eq!((snapshot.step, snapshot.scale), (3, 0.5));
        assert!(snapshot.mean.abs() < 1e-6 && (snapshot.deviation - 0.2915).abs() < 1e-3);
        assert_eq!(Snapshot::new(0, &[]).quantiles, [0.0; 7]);
        assert_eq!(Snapshot::new(0, &[2.0; 4]).quantiles, [2.0; 7]);
    }

    #[test]
    fn large_tensors_are_sampled_but_keep_their_ends() {
        let mut values: Vec<f32> = (0..100_001).map(|at| (at as f32 * 0.618_034).fract()).collect();
        values[77_777] = 9.0;
        let snapshot = Snapshot::new(0, &values);
        assert_eq!((snapshot.quantiles[6], snapshot.scale), (9.0, 9.0));
        assert!((snapshot.quantiles[3] - 0.5).abs() < 0.02, "{:?}", snapshot.quantiles);
    }

    #[test]
    fn the_whole_course_is_kept_in_bounded_memory() {
        let mut track = Track::default();
        for step in 0..1000 {
            track.add(Snapshot::new(step, &[step as f32]));
        }
        assert!(track.snapshots.len() <= MAX_SNAPSHOTS);
        assert_eq!((track.snapshots[0].step, track.snapshots.last().unwrap().step), (0, 999));
        assert!(track.snapshots.is_sorted_by_key(|snapshot| snapshot.step));
        assert_eq!(track.range(), [0.0, 999.0]);
        track.add(Snapshot::new(500, &[1.0]));
        assert_eq!(track.snapshots.last().unwrap().step, 500);
        track.add(Snapshot::new(500, &[2.0]));
        assert_eq!(track.snapshots.last().unwrap().scale, 2.0);
    }
}
