//! Inputs of a table whose columns have mean 0 and standard deviation 1 on the first training examples.

use super::Part;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Standardized {
    /// The number of training examples that mean and deviation are taken of.
    pub examples: usize,
    /// Mean and deviation of each column.
    pub scales: Vec<[f64; 2]>,
    /// `[n, columns]`
    train: Vec<f32>,
    test: Vec<f32>,
}

impl Standardized {
    /// Shifts and scales the columns of both parts, `[n,width]`.
    pub fn new(examples: usize, train: &[f32], test: &[f32], width: usize) -> Self {
        let scales = column_scales(&train[..train.len().min(examples * width)], width);
        let apply = |values: &[f32]| {
            let rows = values.chunks_exact(width).flat_map(|row| row.iter().zip(&scales));
            rows.map(|(value, [mean, deviation])| ((f64::from(*value) - mean) / deviation) as f32).collect()
        };
        let (train, test) = (apply(train), apply(test));
        Self { examples, scales, train, test }
    }

    pub fn values(&self, part: Part) -> &[f32] {
        match part {
            Part::Train => &self.train,
            Part::Test => &self.test,
        }
    }
}

/// Returns mean and standard deviation of each column; 1 in place of a deviation of 0.
fn column_scales(values: &[f32], width: usize) -> Vec<[f64; 2]> {
    let count = (values.len() / width).max(1) as f64;
    (0..width)
        .map(|column| {
            let own = || values.iter().skip(column).step_by(width).map(|value| f64::from(*value));
            let mean = own().sum::<f64>() / count;
            let variance = own().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
            [mean, if variance > 0.0 { variance.sqrt() } else { 1.0 }]
        })
        .collect()
}
