//! The kernel on a GPU.

use super::Matmul;
use crate::ir::gpu::{GpuCall, Pass};
use crate::ops::gemm::{Along, Gemm, Left, Run};

pub(super) fn passes(op: &Matmul, call: &GpuCall<'_>) -> Vec<Pass> {
    // Types have been checked by `infer`.
    let Ok(g) = op.geometry(call.input_types) else { return Vec::new() };
    // The axis along which A lies in memory, its length, and how far apart two rows and two steps are.
    let (along, length, row, step) = match g.transpose_a {
        true => (Along::Rows, g.rows, 1, g.rows),
        false => (Along::Steps, g.steps, g.steps, 1),
    };
    let source = format!(
        "fn a_row(row: u32) -> vec4<i32> {{ return vec4<i32>(i32(row * {row}u), 0, 0, 0); }}\n\
         fn a_step(step: u32) -> vec4<i32> {{ return vec4<i32>(i32(step * {step}u), 0, 0, 0); }}\n\
         fn a_at(row: vec4<i32>, step: vec4<i32>) -> i32 {{ return row.x + step.x; }}\n"
    );
    Gemm {
        rows: g.rows,
        steps: g.steps,
        columns: g.columns,
        a: Left {
            source,
            input: 0,
            along,
            wide: length.is_multiple_of(4),
            run: Run { steps: g.steps, stride: step },
            zeros: false,
        },
        b_input: 1,
        b_at: g
            .transpose_b
            .then(|| "fn b_at(step: u32, column: u32) -> u32 { return column * STEPS + step; }".to_owned()),
        tiling: call.tiling,
    }
    .passes()
}
