//! The kernels on a GPU, one element each.

use super::{Pool2d, Pool2dGradient, PoolKind};
use crate::ir::gpu::{GpuCall, Pass, division, signed_constants};
use crate::simd::pool::PoolGeometry;

fn sizes(g: &PoolGeometry) -> String {
    signed_constants(&[
        ("H", g.height),
        ("W", g.width),
        ("C", g.channels),
        ("KH", g.window_height),
        ("KW", g.window_width),
        ("OH", g.out_height),
        ("OW", g.out_width),
        ("SH", g.stride_height),
        ("SW", g.stride_width),
        ("PT", g.pad_top),
        ("PL", g.pad_left),
    ]) + division(g.batch * g.channels * (g.height * g.width).max(g.out_height * g.out_width))
}

pub(super) fn forward(op: &Pool2d, call: &GpuCall<'_>) -> Vec<Pass> {
    // Types have been checked by `infer`.
    let Ok(g) = op.forward_geometry(call.input_types) else { return Vec::new() };
    let body = match op.kind {
        PoolKind::Max => include_str!("gpu/max.wgsl"),
        PoolKind::Average => include_str!("gpu/average.wgsl"),
    };
    vec![Pass::elements(call, sizes(&g) + body)]
}

pub(super) fn gradient(op: &Pool2dGradient, call: &GpuCall<'_>) -> Vec<Pass> {
    let Ok(g) = op.geometry(call.input_types) else { return Vec::new() };
    let share = match op.pool.kind {
        PoolKind::Max => include_str!("gpu/max_gradient.wgsl"),
        PoolKind::Average => include_str!("gpu/average_gradient.wgsl"),
    };
    vec![Pass::elements(call, [&sizes(&g), include_str!("gpu/gradient.wgsl"), share].concat())]
}
