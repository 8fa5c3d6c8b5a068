//! CPU kernel.

use super::Matmul;
use crate::ir::CpuCall;
use crate::simd::matmul::matmul;

/// Minimum number of rows of a part.
const MIN_ROWS: usize = 64;

pub(super) fn run(op: &Matmul, call: &mut CpuCall<'_>) {
    // `infer` has checked the types.
    let Ok(geometry) = op.geometry(call.input_types) else { return };
    // Each part packs the right operand again, so a part needs enough rows to make that worthwhile.
    let blocks = call.part.of(geometry.rows.div_ceil(MIN_ROWS));
    let rows = blocks.start * MIN_ROWS..(blocks.end * MIN_ROWS).min(geometry.rows);
    matmul(&geometry, rows, call.inputs[0], call.inputs[1], call.output, call.scratch, call.finish);
}
