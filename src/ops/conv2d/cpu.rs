//! The kernels on the CPU. Types have been checked by `infer`, so the geometries exist.

use super::{Conv2d, Conv2dInputGradient, Conv2dKernelGradient};
use crate::ir::CpuCall;
use crate::simd::conv::{conv2d, conv2d_input_gradient, conv2d_kernel_gradient};

pub(super) fn forward(op: &Conv2d, call: &mut CpuCall<'_>) {
    let Ok(geometry) = op.forward_geometry(call.input_types) else { return };
    conv2d(&geometry, call.inputs[0], call.inputs[1], call.output, call.scratch, call.finish);
}

pub(super) fn input_gradient(op: &Conv2dInputGradient, call: &mut CpuCall<'_>) {
    let Ok(geometry) = op.geometry(call.input_types) else { return };
    conv2d_input_gradient(&geometry, call.inputs[0], call.inputs[1], call.output, call.scratch, call.finish);
}

pub(super) fn kernel_gradient(op: &Conv2dKernelGradient, call: &mut CpuCall<'_>) {
    let Ok(geometry) = op.geometry(call.input_types) else { return };
    conv2d_kernel_gradient(&geometry, call.inputs[0], call.inputs[1], call.output, call.scratch);
}
