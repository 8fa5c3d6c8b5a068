//! How the numbers of a tensor are spread, and how that changes while it trains.

/// Bins of a histogram, an odd number: the middle one holds the zeros.
pub const BINS: usize = 41;

/// The most histograms that are kept of a tensor.
const MAX_SNAPSHOTS: usize = 160;

/// The histogram of a tensor at a step.
#[derive(Clone, PartialEq, Debug)]
pub struct Snapshot {
    pub step: u32,
    /// The largest magnitude; the bins reach from minus this to this.
    pub scale: f32,
    /// Shares of all values.
    pub bins: Vec<f32>,
    pub mean: f32,
    pub deviation: f32,
}

impl Snapshot {
    /// Computes the statistics of the finite values.
    pub fn new(step: u32, values: &[f32]) -> Self {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let scale = finite().fold(0.0, |top: f32, value| top.max(value.abs()));
        let count = (finite().count() as f32).max(1.0);
        let mean = (finite().map(f64::from).sum::<f64>() / f64::from(count)) as f32;
        let square = |value: f32| f64::from(value - mean) * f64::from(value - mean);
        let deviation = ((finite().map(square).sum::<f64>() / f64::from(count)) as f32).sqrt();
        let mut bins = vec![0.0; BINS];
        for value in finite() {
            bins[bin(value, scale)] += 1.0 / count;
        }
        Self { step, scale, bins, mean, deviation }
    }

    /// Returns the share of values around `value`, per bin of a histogram from `-scale` to `scale`.
    pub fn density(&self, value: f32, scale: f32) -> f32 {
        if value.abs() > self.scale || self.scale == 0.0 {
            return if value == 0.0 && self.scale == 0.0 { 1.0 } else { 0.0 };
        }
        self.bins[bin(value, self.scale)] * (scale / self.scale).min(BINS as f32)
    }
}

/// Returns the bin of a value in a histogram from `-scale` to `scale`.
fn bin(value: f32, scale: f32) -> usize {
    if scale == 0.0 {
        return BINS / 2;
    }
    (((value / scale + 1.0) / 2.0 * BINS as f32) as usize).min(BINS - 1)
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

    /// Returns the largest magnitude of all.
    pub fn scale(&self) -> f32 {
        self.snapshots.iter().map(|snapshot| snapshot.scale).fold(0.0, f32::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_where_they_lie() {
        let snapshot = Snapshot::new(3, &[-1.0, 0.0, 0.0, 1.0, f32::NAN]);
        assert_eq!((snapshot.scale, snapshot.mean), (1.0, 0.0));
        assert!((snapshot.deviation - 0.5f32.sqrt()).abs() < 1e-6);
        assert_eq!((snapshot.bins[0], snapshot.bins[BINS / 2], snapshot.bins[BINS - 1]), (0.25, 0.5, 0.25));
        assert_eq!(snapshot.density(0.0, 1.0), 0.5);
        assert_eq!(snapshot.density(0.0, 2.0), 1.0, "bins of twice the width hold more");
        assert_eq!(snapshot.density(1.5, 2.0), 0.0);
        let zeros = Snapshot::new(0, &[0.0; 4]);
        assert_eq!((zeros.scale, zeros.bins[BINS / 2]), (0.0, 1.0));
        assert!(Snapshot::new(0, &[]).bins.iter().all(|share| *share == 0.0));
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
        assert_eq!(track.scale(), 999.0);
        track.add(Snapshot::new(500, &[1.0]));
        assert_eq!(track.snapshots.last().unwrap().step, 500);
        track.add(Snapshot::new(500, &[2.0]));
        assert_eq!(track.snapshots.last().unwrap().scale, 2.0);
    }
}
