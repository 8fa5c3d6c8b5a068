//! Reduction kernels. Neighbouring axes merge, so that nearly every reduction is three loops: outer, reduced and inner.

use crate::ir::pointwise::Broadcast;
use crate::simd::reduce::{column_maxima, column_sums, row_max, row_sum};
use crate::tensor::Shape;

/// Functions that reduce values: over rows, over columns, and two values.
pub struct Reducer {
    start: f32,
    row: fn(&[f32]) -> f32,
    columns: fn(&[f32], &mut [f32]),
    combine: fn(f32, f32) -> f32,
}

pub const SUM: Reducer = Reducer { start: 0.0, row: row_sum, columns: column_sums, combine: |a, b| a + b };

/// Maximum; keeps a NaN on either side.
pub const MAX: Reducer = Reducer {
    start: f32::NEG_INFINITY,
    row: row_max,
    columns: column_maxima,
    combine: |a, b| if a > b || a.is_nan() { a } else { b },
};

impl Reducer {
    /// Reduces `input` over `axes` (ascending). `kept` is the shape with those axes at extent 1.
    pub fn run(&self, shape: &Shape, kept: &Shape, axes: &[usize], input: &[f32], output: &mut [f32]) {
        output.fill(self.start);
        let dims = shape.dims();
        let neighbours = axes.windows(2).all(|pair| dims[pair[0] + 1..pair[1]].iter().all(|&extent| extent == 1));
        match (axes.first(), axes.last()) {
            (Some(&first), Some(&last)) if neighbours => {
                let inner: usize = dims[last + 1..].iter().product();
                let count: usize = dims[first..=last].iter().product();
                if inner == 1 {
                    for (result, row) in output.iter_mut().zip(input.chunks_exact(count.max(1))) {
                        *result = (self.row)(row);
                    }
                } else {
                    let slabs = input.chunks_exact((count * inner).max(1));
                    for (results, slab) in output.chunks_exact_mut(inner.max(1)).zip(slabs) {
                        (self.columns)(slab, results);
                    }
                }
            }
            _ => {
                let target = Broadcast::new(kept, shape);
                for (index, &value) in input.iter().enumerate() {
                    let result = &mut output[target.index(index)];
                    *result = (self.combine)(*result, value);
                }
            }
        }
    }
}
