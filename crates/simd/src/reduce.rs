//! Sums and maxima over rows and over columns.
//!
//! Values are summed in blocks, and then the sums of the blocks, so that the rounding error grows with the number of
//! blocks and not with the number of elements. Loops over lanes have a fixed length, which the compiler turns into
//! SIMD.

use super::lanes::{F32x4, LANES};

/// Commutative combination of two numbers.
trait Combine {
    const START: f32;
    fn combine(a: F32x4, b: F32x4) -> F32x4;
    fn combine_two(a: f32, b: f32) -> f32;
}

struct Sum;
struct Max;

impl Combine for Sum {
    const START: f32 = 0.0;

    #[inline(always)]
    fn combine(a: F32x4, b: F32x4) -> F32x4 {
        a + b
    }

    #[inline(always)]
    fn combine_two(a: f32, b: f32) -> f32 {
        a + b
    }
}

/// Keeps a NaN on either side.
impl Combine for Max {
    const START: f32 = f32::NEG_INFINITY;

    #[inline(always)]
    fn combine(a: F32x4, b: F32x4) -> F32x4 {
        a.greater(b).or(a.not_equal(a)).select(a, b)
    }

    #[inline(always)]
    fn combine_two(a: f32, b: f32) -> f32 {
        if a > b || a.is_nan() { a } else { b }
    }
}

/// Values per round of accumulators: four vectors.
const STRIP: usize = 4 * LANES;
/// Values that one accumulator takes before it is added to the total.
const BLOCK: usize = 64;

/// Computes the sum of all values.
pub fn row_sum(row: &[f32]) -> f32 {
    row_total::<Sum>(row)
}

/// Computes the largest value, NaN if there is one; minus infinity for an empty row.
pub fn row_max(row: &[f32]) -> f32 {
    row_total::<Max>(row)
}

/// Computes the sums of the columns of rows as long as `sums`, such as a bias gradient.
pub fn column_sums(rows: &[f32], sums: &mut [f32]) {
    column_totals::<Sum>(rows, sums);
}

/// Computes the largest value of each column of rows as long as `maxima`, NaN if there is one.
pub fn column_maxima(rows: &[f32], maxima: &mut [f32]) {
    column_totals::<Max>(rows, maxima);
}

#[inline(always)]
fn strip<C: Combine>(total: &mut [F32x4; STRIP / LANES], values: &[f32]) {
    for (total, values) in total.iter_mut().zip(values[..STRIP].chunks_exact(LANES)) {
        *total = C::combine(*total, F32x4::load(values));
    }
}

#[inline(always)]
fn row_total<C: Combine>(row: &[f32]) -> f32 {
    let mut total = C::START;
    for block in row.chunks(BLOCK * STRIP) {
        let mut lanes = [F32x4::splat(C::START); STRIP / LANES];
        let chunks = block.chunks_exact(STRIP);
        let rest = chunks.remainder().iter().fold(C::START, |a, &b| C::combine_two(a, b));
        for chunk in chunks {
            strip::<C>(&mut lanes, chunk);
        }
        let block_total = lanes.into_iter().flat_map(F32x4::to_array).fold(rest, C::combine_two);
        total = C::combine_two(total, block_total);
    }
    total
}

#[inline(always)]
fn column_totals<C: Combine>(slab: &[f32], results: &mut [f32]) {
    results.fill(C::START);
    let width = results.len();
    if width == 0 {
        return;
    }
    for rows in slab.chunks(BLOCK * width) {
        let mut tiles = results.chunks_exact_mut(STRIP);
        let mut first = 0;
        for tile in &mut tiles {
            let mut lanes = [F32x4::splat(C::START); STRIP / LANES];
            for row in rows.chunks_exact(width) {
                strip::<C>(&mut lanes, &row[first..]);
            }
            for (result, lane) in tile.chunks_exact_mut(LANES).zip(lanes) {
                C::combine(F32x4::load(result), lane).store(result);
            }
            first += STRIP;
        }
        for (column, result) in (first..).zip(tiles.into_remainder()) {
            let block_total = rows.chunks_exact(width).fold(C::START, |total, row| C::combine_two(total, row[column]));
            *result = C::combine_two(*result, block_total);
        }
    }
}
