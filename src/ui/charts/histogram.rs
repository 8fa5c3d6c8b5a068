//! Histogram of a tensor's numbers. No canvas here.

/// Counts of numbers by size, in bins of equal width, and what they are like on the whole.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Histogram {
    pub low: f32,
    pub high: f32,
    pub counts: Vec<u32>,
    pub mean: f32,
    /// Standard deviation.
    pub deviation: f32,
    pub zeros: usize,
    /// Values that are not finite count nowhere else.
    pub not_finite: usize,
    pub total: usize,
}

impl Histogram {
    pub fn new(values: &[f32], bins: usize) -> Self {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let count = finite().count();
        if count == 0 {
            return Self { not_finite: values.len(), total: values.len(), ..Self::default() };
        }
        let (low, high) = finite().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let mean = finite().map(f64::from).sum::<f64>() / count as f64;
        let variance = finite().map(|value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count as f64;
        let mut counts = vec![0; bins.max(1)];
        let scale = bins as f32 / (high - low).max(f32::MIN_POSITIVE);
        for value in finite() {
            counts[(((value - low) * scale) as usize).min(bins.max(1) - 1)] += 1;
        }
        Self {
            low,
            high,
            counts,
            mean: mean as f32,
            deviation: variance.sqrt() as f32,
            zeros: finite().filter(|value| *value == 0.0).count(),
            not_finite: values.len() - count,
            total: values.len(),
        }
    }

    /// Returns the bin of a number.
    pub fn bin(&self, value: f32) -> Option<usize> {
        let last = self.counts.len().checked_sub(1)?;
        let scale = self.counts.len() as f32 / (self.high - self.low).max(f32::MIN_POSITIVE);
        value.is_finite().then(|| (((value - self.low) * scale) as usize).min(last))
    }

    /// Returns the lower and the upper end of a bin.
    pub fn ends(&self, bin: usize) -> [f32; 2] {
        let width = (self.high - self.low) / self.counts.len().max(1) as f32;
        [bin, bin + 1].map(|at| self.low + width * at as f32)
    }

    /// Returns the bin that holds 0, if any does.
    pub fn zero_bin(&self) -> Option<usize> {
        (self.low <= 0.0 && 0.0 <= self.high).then(|| self.bin(0.0)).flatten()
    }

    /// Returns the middle of a bin.
    pub fn middle(&self, bin: usize) -> f32 {
        self.low + (self.high - self.low) * (bin as f32 + 0.5) / self.counts.len().max(1) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_counted_once() {
        let histogram = Histogram::new(&[-1.0, -0.9, 0.0, 0.0, 1.0, f32::NAN], 4);
        assert_eq!(histogram.counts, [2, 0, 2, 1]);
        assert_eq!((histogram.low, histogram.high, histogram.zeros, histogram.not_finite), (-1.0, 1.0, 2, 1));
        assert!((histogram.mean + 0.18).abs() < 1e-6);
        assert_eq!(histogram.middle(0), -0.75);
        assert_eq!((histogram.zero_bin(), histogram.ends(2)), (Some(2), [0.0, 0.5]));
        assert_eq!([-1.0, 0.99, 1.0, f32::NAN].map(|value| histogram.bin(value)), [Some(0), Some(3), Some(3), None]);
        assert_eq!(Histogram::new(&[1.0, 2.0], 4).zero_bin(), None);
    }

    #[test]
    fn equal_numbers_and_none_have_a_histogram() {
        assert_eq!(Histogram::new(&[2.0; 5], 8).counts.iter().sum::<u32>(), 5);
        assert_eq!(Histogram::new(&[], 8), Histogram::default());
        assert_eq!(Histogram::new(&[f32::INFINITY], 8).not_finite, 1);
    }
}
