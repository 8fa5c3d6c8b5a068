//! Sums over rows, such as a bias gradient's.

use super::lanes::{F32x4, LANES};

/// Column sums of `[rows, columns]`: `output[j] = sum over i of input[i, j]`, in the order of the rows.
pub fn column_sums(input: &[f32], columns: usize, output: &mut [f32]) {
    let output = &mut output[..columns];
    output.fill(0.0);
    if columns == 0 {
        return;
    }
    // A strip of sixteen columns is summed in registers.
    const STRIP: usize = 4 * LANES;
    let whole = columns / STRIP * STRIP;
    for first in (0..whole).step_by(STRIP) {
        let mut sums = [F32x4::zero(); STRIP / LANES];
        for row in input.chunks_exact(columns) {
            let values = &row[first..][..STRIP];
            for (sum, values) in sums.iter_mut().zip(values.chunks_exact(LANES)) {
                *sum = *sum + F32x4::load(values);
            }
        }
        for (sum, target) in sums.into_iter().zip(output[first..].chunks_exact_mut(LANES)) {
            sum.store(target);
        }
    }
    if whole < columns {
        for row in input.chunks_exact(columns) {
            for (sum, value) in output[whole..].iter_mut().zip(&row[whole..]) {
                *sum += value;
            }
        }
    }
}
