//! The kernels on a GPU: implicit matrix products, see [`gemm`](crate::ops::gemm).

use super::{Conv2d, Conv2dInputGradient, Conv2dKernelGradient};
use crate::ir::gpu::{GpuCall, Pass, division, signed_constants};
use crate::ops::gemm::{Along, Gemm, Left, Run};
use crate::simd::conv::ConvGeometry;

const FORWARD: &str = include_str!("gpu/forward.wgsl");
const INPUT_GRADIENT: &str = include_str!("gpu/input_gradient.wgsl");
const KERNEL_GRADIENT: &str = include_str!("gpu/kernel_gradient.wgsl");

/// Whether no window reaches beyond the image.
fn inside(g: &ConvGeometry) -> bool {
    let span = |outputs: usize, stride: usize, kernel: usize, dilation: usize| {
        (outputs - 1) * stride + (kernel - 1) * dilation + 1
    };
    g.pad_top == 0
        && g.pad_left == 0
        && span(g.out_height, g.stride_height, g.kernel_height, g.dilation_height) <= g.height
        && span(g.out_width, g.stride_width, g.kernel_width, g.dilation_width) <= g.width
}

fn sizes(g: &ConvGeometry) -> String {
    signed_constants(&[
        ("H", g.height),
        ("W", g.width),
        ("C", g.in_channels),
        ("KH", g.kernel_height),
        ("KW", g.kernel_width),
        ("OH", g.out_height),
        ("OW", g.out_width),
        ("F", g.out_channels),
        ("SH", g.stride_height),
        ("SW", g.stride_width),
        ("DH", g.dilation_height),
        ("DW", g.dilation_width),
        ("PT", g.pad_top),
        ("PL", g.pad_left),
    ]) + &format!("const INSIDE: bool = {};\n", inside(g))
        + division(g.batch * (g.height * g.width).max(g.out_height * g.out_width))
}

pub(super) fn forward(op: &Conv2d, call: &GpuCall<'_>) -> Vec<Pass> {
    // Types have been checked by `infer`.
    let Ok(g) = op.forward_geometry(call.input_types) else { return Vec::new() };
    Gemm {
        rows: g.batch * g.out_height * g.out_width,
        steps: g.kernel_height * g.kernel_width * g.in_channels,
        columns: g.out_channels,
        a: Left {
            source: sizes(&g) + FORWARD,
            input: 0,
            along: Along::Steps,
            wide: g.in_channels.is_multiple_of(4),
            run: Run { steps: g.in_channels, stride: 1 },
            zeros: !inside(&g),
        },
        b_input: 1,
        b_at: None,
        tiling: call.tiling,
    }
    .passes()
}

pub(super) fn input_gradient(op: &Conv2dInputGradient, call: &GpuCall<'_>) -> Vec<Pass> {
    let Ok(g) = op.geometry(call.input_types) else { return Vec::new() };
    // Without strides every pixel is the first of a window, and nothing need be divided.
    let positions = match (g.stride_height, g.stride_width) {
        (1, 1) => INPUT_GRADIENT
            .replace("quotient(top, SH)", "top")
            .replace("quotient(left, SW)", "left")
            .replace(" | (y * SH != top) | (x * SW != left)", ""),
        _ => INPUT_GRADIENT.to_owned(),
    };
    Gemm {
        rows: g.batch * g.height * g.width,
        steps: g.kernel_height * g.kernel_width * g.out_channels,
        columns: g.in_channels,
        a: Left {
            source: sizes(&g) + &positions,
            input: 0,
            along: Along::Steps,
            wide: g.out_channels.is_multiple_of(4),
            run: Run { steps: g.out_channels, stride: 1 },
            zeros: true,
        },
        b_input: 1,
        // A kernel's filters are the steps here, its channels the columns.
        b_at: Some(format!(
            "fn b_at(step: u32, column: u32) -> u32 {{ return (step / {f}u * COLUMNS + column) * {f}u + step % {f}u; }}",
            f = g.out_channels
        )),
        tiling: call.tiling,
    }
    .passes()
}

pub(super) fn kernel_gradient(op: &Conv2dKernelGradient, call: &GpuCall<'_>) -> Vec<Pass> {
    let Ok(g) = op.geometry(call.input_types) else { return Vec::new() };
    Gemm {
        rows: g.kernel_height * g.kernel_width * g.in_channels,
        steps: g.batch * g.out_height * g.out_width,
        columns: g.out_channels,
        a: Left {
            source: sizes(&g) + KERNEL_GRADIENT,
            input: 0,
            along: Along::Rows,
            wide: g.in_channels.is_multiple_of(4),
            // Along a line of the output.
            run: if inside(&g) {
                Run { steps: g.out_width, stride: g.stride_width * g.in_channels }
            } else {
                Run::NONE
            },
            zeros: !inside(&g),
        },
        b_input: 1,
        b_at: None,
        tiling: call.tiling,
    }
    .passes()
}
