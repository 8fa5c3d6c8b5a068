//! Reduction kernels: neighbouring axes merge, so that nearly every reduction is three loops, outer, reduced and inner.
//!
//! Values are added up in blocks and then the blocks' sums, so that the rounding error grows with the number of blocks
//! rather than of elements. Loops over lanes have a fixed length, which the compiler turns into SIMD.

use crate::ir::pointwise::Broadcast;
use crate::tensor::Shape;

/// A commutative way to combine two numbers.
pub trait Combine {
    const START: f32;
    fn combine(a: f32, b: f32) -> f32;
}

pub struct Sum;
pub struct Max;

impl Combine for Sum {
    const START: f32 = 0.0;

    #[inline(always)]
    fn combine(a: f32, b: f32) -> f32 {
        a + b
    }
}

impl Combine for Max {
    const START: f32 = f32::NEG_INFINITY;

    /// A NaN on either side stays.
    #[inline(always)]
    fn combine(a: f32, b: f32) -> f32 {
        if a > b || a.is_nan() { a } else { b }
    }
}

const LANES: usize = 16;
/// Values that one accumulator takes before it is added to the total.
const BLOCK: usize = 64;

/// Reduces `input` over `axes` (ascending). `kept` is the shape with those axes at extent 1.
pub fn reduce<C: Combine>(shape: &Shape, kept: &Shape, axes: &[usize], input: &[f32], output: &mut [f32]) {
    output.fill(C::START);
    let dims = shape.dims();
    let neighbours = axes.windows(2).all(|pair| dims[pair[0] + 1..pair[1]].iter().all(|&extent| extent == 1));
    match (axes.first(), axes.last()) {
        (Some(&first), Some(&last)) if neighbours => {
            let inner: usize = dims[last + 1..].iter().product();
            let count: usize = dims[first..=last].iter().product();
            if inner == 1 {
                for (result, row) in output.iter_mut().zip(input.chunks_exact(count.max(1))) {
                    *result = row_total::<C>(row);
                }
            } else {
                let slabs = input.chunks_exact((count * inner).max(1));
                for (results, slab) in output.chunks_exact_mut(inner.max(1)).zip(slabs) {
                    column_totals::<C>(slab, results);
                }
            }
        }
        _ => {
            let target = Broadcast::new(kept, shape);
            for (index, &value) in input.iter().enumerate() {
                let result = &mut output[target.index(index)];
                *result = C::combine(*result, value);
            }
        }
    }
}

/// The sum of all values.
pub fn row_sum(values: &[f32]) -> f32 {
    row_total::<Sum>(values)
}

/// The sums of the columns of rows as long as `output`; a bias gradient is one.
pub fn column_sums(rows: &[f32], output: &mut [f32]) {
    output.fill(0.0);
    if !output.is_empty() {
        column_totals::<Sum>(rows, output);
    }
}

fn row_total<C: Combine>(row: &[f32]) -> f32 {
    let mut total = C::START;
    for block in row.chunks(BLOCK * LANES) {
        let mut lanes = [C::START; LANES];
        let chunks = block.chunks_exact(LANES);
        let rest = chunks.remainder().iter().fold(C::START, |a, &b| C::combine(a, b));
        for chunk in chunks {
            for (lane, &value) in lanes.iter_mut().zip(chunk) {
                *lane = C::combine(*lane, value);
            }
        }
        let block_total = lanes.into_iter().fold(rest, C::combine);
        total = C::combine(total, block_total);
    }
    total
}

/// For every column of a slab of rows as long as `results`, which hold the totals so far.
fn column_totals<C: Combine>(slab: &[f32], results: &mut [f32]) {
    let width = results.len();
    for rows in slab.chunks(BLOCK * width) {
        let mut tiles = results.chunks_exact_mut(LANES);
        let mut first = 0;
        for tile in &mut tiles {
            let mut lanes = [C::START; LANES];
            for row in rows.chunks_exact(width) {
                for (lane, &value) in lanes.iter_mut().zip(&row[first..first + LANES]) {
                    *lane = C::combine(*lane, value);
                }
            }
            for (result, lane) in tile.iter_mut().zip(lanes) {
                *result = C::combine(*result, lane);
            }
            first += LANES;
        }
        for (column, result) in (first..).zip(tiles.into_remainder()) {
            let block_total = rows.chunks_exact(width).fold(C::START, |total, row| C::combine(total, row[column]));
            *result = C::combine(*result, block_total);
        }
    }
}
