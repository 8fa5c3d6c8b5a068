//! The microkernel: 4 rows by 8 columns of a matrix product whose left operand is gathered through tables of offsets.
//!
//! `C[c_rows[i] + j] (+)= sum over k of A[a_rows[i] + a_steps[k]] * B[k, j]`, B packed (see [`pack`](super::pack)).
//!
//! 4x8 are eight accumulators of four lanes: browsers' compilers spill more than about that many. Each sum runs over `k`
//! in order, so the result is that of the plain triple loop to the last bit.

use super::lanes::F32x4;
use super::pack::PANEL;

/// Rows of the microkernel.
pub const TILE_ROWS: usize = 4;

/// Rows that go through all panels before the next ones do, so that their parts of A and C stay in the first-level
/// cache.
pub const BLOCK_ROWS: usize = 64;

/// One product. The tables hold offsets in words.
pub struct Product<'a> {
    pub a: &'a [f32],
    /// One offset in `a` per row.
    pub a_rows: &'a [u32],
    /// One offset per step of the reduction.
    pub a_steps: &'a [u32],
    /// Packed panels, `[columns / 8][a_steps.len()][8]`.
    pub b: &'a [f32],
    /// One offset in `c` per row; rows must not overlap.
    pub c_rows: &'a [u32],
    pub columns: usize,
    /// Adds to the values of `c` instead of overwriting them.
    pub accumulate: bool,
}

/// Computes a product and writes it to `c`.
///
/// # Panics
/// If a table points outside its operand.
pub fn gemm(product: &Product<'_>, c: &mut [f32]) {
    let Product { a, a_rows, a_steps, b, c_rows, columns, accumulate } = *product;
    if a_rows.is_empty() || columns == 0 {
        return;
    }
    let max = |table: &[u32]| table.iter().copied().max().unwrap_or(0) as usize;
    let steps = a_steps.len();
    let panels = columns.div_ceil(PANEL);
    assert!(a_rows.len() == c_rows.len() && b.len() >= panels * steps * PANEL);
    assert!(steps == 0 || max(a_rows) + max(a_steps) < a.len());
    assert!(max(c_rows) + columns <= c.len());
    for (a_block, c_block) in a_rows.chunks(BLOCK_ROWS).zip(c_rows.chunks(BLOCK_ROWS)) {
        for panel in 0..panels {
            let first = panel * PANEL;
            let width = PANEL.min(columns - first);
            let panel_b = b[panel * steps * PANEL..].as_ptr();
            for (a_tile, c_tile) in a_block.chunks(TILE_ROWS).zip(c_block.chunks(TILE_ROWS)) {
                // SAFETY: the assertions above bound every offset that the tile loads from or stores to.
                unsafe {
                    if let (&[a0, a1, a2, a3], &[c0, c1, c2, c3], PANEL) = (a_tile, c_tile, width) {
                        let rows = [a0, a1, a2, a3].map(|offset| a.as_ptr().add(offset as usize));
                        let sums = tile(rows, a_steps, panel_b);
                        for (row, sums) in [c0, c1, c2, c3].into_iter().zip(sums) {
                            let target = c.as_mut_ptr().add(row as usize + first);
                            if accumulate {
                                (F32x4::load_unchecked(target) + sums[0]).store_unchecked(target);
                                let target = target.add(4);
                                (F32x4::load_unchecked(target) + sums[1]).store_unchecked(target);
                            } else {
                                sums[0].store_unchecked(target);
                                sums[1].store_unchecked(target.add(4));
                            }
                        }
                    } else {
                        // At an edge, missing rows repeat the first one, and only the existing rows are stored.
                        let rows =
                            std::array::from_fn(|row| a.as_ptr().add(*a_tile.get(row).unwrap_or(&a_tile[0]) as usize));
                        let sums = tile(rows, a_steps, panel_b);
                        for (&row, sums) in c_tile.iter().zip(sums) {
                            let values = [sums[0].to_array(), sums[1].to_array()];
                            let target = &mut c[row as usize + first..][..width];
                            for (target, value) in target.iter_mut().zip(values.as_flattened()) {
                                *target = if accumulate { *target + value } else { *value };
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Computes the sums of one tile.
///
/// # Safety
/// `b` must have 8 readable words per step, and each row one at each of the steps' offsets.
#[inline(always)]
unsafe fn tile(a: [*const f32; TILE_ROWS], steps: &[u32], mut b: *const f32) -> [[F32x4; 2]; TILE_ROWS] {
    let mut sums = [[F32x4::zero(); 2]; TILE_ROWS];
    for &step in steps {
        // SAFETY: the caller guarantees this.
        unsafe {
            let (b0, b1) = (F32x4::load_unchecked(b), F32x4::load_unchecked(b.add(4)));
            for (sums, row) in sums.iter_mut().zip(a) {
                let value = F32x4::load_splat_unchecked(row.add(step as usize));
                sums[0] = sums[0].mul_add(value, b0);
                sums[1] = sums[1].mul_add(value, b1);
            }
            b = b.add(PANEL);
        }
    }
    sums
}
