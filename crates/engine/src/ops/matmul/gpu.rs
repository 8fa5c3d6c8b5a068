//! GPU kernel.

use super::Matmul;
use crate::ir::gpu::{Buffer, GpuCall, Pass};
use crate::ops::gemm::{self, Along, Gemm, Left, UniformSteps};

pub(super) fn passes(op: &Matmul, call: &GpuCall<'_>) -> Vec<Pass> {
    // `infer` has checked the types.
    let Ok(g) = op.geometry(call.input_types) else { return Vec::new() };
    // The axis along which A is contiguous in memory, its length, and the strides of rows and steps.
    let (along, length, row, step) = match g.transpose_a {
        true => (Along::Rows, g.rows, 1, g.rows),
        false => (Along::Steps, g.steps, g.steps, 1),
    };
    Gemm {
        rows: g.rows,
        steps: g.steps,
        columns: g.columns,
        a: Left {
            source: gemm::plain(row, step),
            input: 0,
            along,
            wide: length.is_multiple_of(4),
            run: UniformSteps { steps: g.steps, stride: step },
            zeros: false,
        },
        b_input: 1,
        b_at: g
            .transpose_b
            .then(|| "fn b_at(step: u32, column: u32) -> u32 { return column * STEPS + step; }".to_owned()),
        c: Buffer::Output,
        tiling: call.tiling,
    }
    .passes()
}
