//! The kernel on the CPU.

use super::Matmul;
use crate::ir::CpuCall;
use crate::simd::matmul::matmul;

pub(super) fn run(op: &Matmul, call: &mut CpuCall<'_>) {
    // Types have been checked by `infer`.
    let Ok(geometry) = op.geometry(call.input_types) else { return };
    matmul(&geometry, call.inputs[0], call.inputs[1], call.output, call.scratch, call.finish);
}
