//! Matrix products of any transposition, in blocks of [`BLOCK_STEPS`] along the reduction.

use std::ops::Range;

use super::gemm::{BLOCK_ROWS, Product, gemm};
use super::pack::{pack_rows, pack_transposed, packed_len};
use super::reserve;

/// Steps of the reduction per pass. A panel of B (16 KiB) then stays in the first-level cache.
const BLOCK_STEPS: usize = 512;

/// Extents of `C[rows, columns] = A[rows, steps] * B[steps, columns]`, and which operands are stored transposed.
#[derive(Clone, Copy, Debug)]
pub struct MatmulGeometry {
    pub rows: usize,
    pub steps: usize,
    pub columns: usize,
    /// A is stored as `[steps, rows]`.
    pub transpose_a: bool,
    /// B is stored as `[columns, steps]`.
    pub transpose_b: bool,
}

/// Computes these rows of `c`, and calls `finish` once on each finished run of whole rows, with its offset. A row's
/// result does not depend on which other rows are computed with it.
pub fn matmul(
    geometry: &MatmulGeometry,
    wanted: Range<usize>,
    a: &[f32],
    b: &[f32],
    c: &mut [f32],
    scratch: &mut Vec<f32>,
    finish: &mut dyn FnMut(&mut [f32], usize),
) {
    let MatmulGeometry { rows, steps, columns, transpose_a, transpose_b } = *geometry;
    if wanted.is_empty() || columns == 0 {
        return;
    }
    if steps == 0 {
        let first = wanted.start * columns;
        let part = &mut c[first..wanted.end * columns];
        part.fill(0.0);
        return finish(part, first);
    }
    let packed_words = packed_len(steps, columns);
    let scratch = reserve(scratch, packed_words + 2 * BLOCK_ROWS + BLOCK_STEPS);
    let (packed, tables) = scratch.split_at_mut(packed_words);
    let (a_rows, tables) = bytemuck::cast_slice_mut::<f32, u32>(tables).split_at_mut(BLOCK_ROWS);
    let (c_rows, a_steps) = tables.split_at_mut(BLOCK_ROWS);
    let (row_stride, step_stride) = if transpose_a { (1, rows) } else { (steps, 1) };

    let mut rest = &mut *packed;
    for first in (0..steps).step_by(BLOCK_STEPS) {
        let count = BLOCK_STEPS.min(steps - first);
        let (block, after) = rest.split_at_mut(packed_len(count, columns));
        if transpose_b {
            pack_transposed(&b[first..], steps, count, columns, block);
        } else {
            pack_rows(&b[first * columns..], columns, count, columns, block);
        }
        rest = after;
    }
    for first_row in wanted.clone().step_by(BLOCK_ROWS) {
        let row_count = BLOCK_ROWS.min(wanted.end - first_row);
        for (index, (a_row, c_row)) in a_rows.iter_mut().zip(c_rows.iter_mut()).enumerate().take(row_count) {
            *a_row = ((first_row + index) * row_stride) as u32;
            *c_row = (index * columns) as u32;
        }
        let chunk = &mut c[first_row * columns..][..row_count * columns];
        let mut packed = &*packed;
        for first in (0..steps).step_by(BLOCK_STEPS) {
            let count = BLOCK_STEPS.min(steps - first);
            for (index, step) in a_steps.iter_mut().enumerate().take(count) {
                *step = ((first + index) * step_stride) as u32;
            }
            let product = Product {
                a,
                a_rows: &a_rows[..row_count],
                a_steps: &a_steps[..count],
                b: packed,
                c_rows: &c_rows[..row_count],
                columns,
                accumulate: first > 0,
            };
            gemm(&product, chunk);
            packed = &packed[packed_len(count, columns)..];
        }
        finish(chunk, first_row * columns);
    }
}
