//! GPU kernels: one number of the result per invocation.

use super::{DepthwiseConv2d, DepthwiseInputGradient, DepthwiseKernelGradient, Geometry};
use crate::ir::gpu::{GpuCall, Pass, division, signed_constants};

fn pass(g: &Geometry, call: &GpuCall<'_>, body: &str) -> Vec<Pass> {
    let sizes = signed_constants(&[
        ("N", g.batch),
        ("H", g.input[0]),
        ("W", g.input[1]),
        ("OH", g.output[0]),
        ("OW", g.output[1]),
        ("KH", g.kernel[0]),
        ("KW", g.kernel[1]),
        ("C", g.channels),
        ("M", g.multiplier),
        ("F", g.filters()),
        ("SH", g.strides[0]),
        ("SW", g.strides[1]),
        ("DH", g.dilations[0]),
        ("DW", g.dilations[1]),
        ("PT", g.pads[0]),
        ("PL", g.pads[1]),
    ]);
    let most = (g.batch * g.channels * g.input[0] * g.input[1]).max(g.output_shape().len());
    vec![Pass::elements(call, [&sizes, division(most), body].concat())]
}

pub(super) fn forward(op: &DepthwiseConv2d, call: &GpuCall<'_>) -> Vec<Pass> {
    // `infer` has checked the types.
    op.forward_geometry(call.input_types).map_or_else(|_| Vec::new(), |g| pass(&g, call, include_str!("forward.wgsl")))
}

pub(super) fn input_gradient(op: &DepthwiseInputGradient, call: &GpuCall<'_>) -> Vec<Pass> {
    op.geometry(call.input_types).map_or_else(|_| Vec::new(), |g| pass(&g, call, include_str!("input_gradient.wgsl")))
}

pub(super) fn kernel_gradient(op: &DepthwiseKernelGradient, call: &GpuCall<'_>) -> Vec<Pass> {
    op.geometry(call.input_types).map_or_else(|_| Vec::new(), |g| pass(&g, call, include_str!("kernel_gradient.wgsl")))
}
