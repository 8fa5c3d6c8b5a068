//! `Orthogonal` (Saxe et al. 2013): rows or columns, whichever are fewer, that are orthogonal and of length 1.

use super::{Initializer, Named};
use crate::random::Philox;

/// As Keras draws it: all axes but the last are the rows, and one matrix is drawn for the gates of a cell together. The
/// decomposition QR of a normal matrix, with the signs that make R's diagonal positive, is what Gram and Schmidt's method
/// gives.
pub struct Orthogonal;

impl Named for Orthogonal {
    fn name(&self) -> &'static str {
        "orthogonal"
    }
}

impl Initializer for Orthogonal {
    fn values(&self, shape: &[usize], random: &mut Philox) -> Vec<f32> {
        let columns = shape.last().copied().unwrap_or(1);
        let rows: usize = shape.iter().rev().skip(1).product();
        let (long, short) = (rows.max(columns), rows.min(columns));
        let mut vectors: Vec<Vec<f64>> = vec![vec![0.0; long]; short];
        // The normal matrix is [long, short], row by row.
        for at in 0..long {
            vectors.iter_mut().for_each(|vector| vector[at] = f64::from(random.normal()));
        }
        for index in 0..short {
            let (done, rest) = vectors.split_at_mut(index);
            let vector = &mut rest[0];
            for other in done.iter() {
                let along = dot(vector, other);
                vector.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
            }
            let length = dot(vector, vector).sqrt().max(f64::MIN_POSITIVE);
            vector.iter_mut().for_each(|value| *value /= length);
        }
        let value = |row: usize, column: usize| {
            if rows < columns { vectors[row][column] } else { vectors[column][row] }
        };
        (0..rows * columns).map(|at| value(at / columns, at % columns) as f32).collect()
    }
}

/// Sums in four lanes, which the compiler turns into the processor's vectors.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    let mut sums = [0.0; 4];
    for (a, b) in a.zip(b) {
        (0..4).for_each(|lane| sums[lane] += a[lane] * b[lane]);
    }
    sums.iter().sum::<f64>() + rest
}
