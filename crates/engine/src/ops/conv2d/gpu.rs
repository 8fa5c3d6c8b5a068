//! GPU kernels as implicit matrix products: see [`gemm`](crate::ops::gemm).

use super::{Conv2d, Conv2dInputGradient, Conv2dKernelGradient};
use crate::ir::gpu::{Buffer, Element, Form, GpuCall, Pass, Tiling, division, signed_constants};
use crate::ops::gemm::{self, Along, Gemm, Left, UniformSteps};
use crate::simd::conv::ConvGeometry;

const FORWARD: &str = include_str!("gpu/forward.wgsl");
const INPUT_GRADIENT: &str = include_str!("gpu/input_gradient.wgsl");
const KERNEL_GRADIENT: &str = include_str!("gpu/kernel_gradient.wgsl");
const GATHER: &str = include_str!("gpu/gather.wgsl");

/// Maximum size of the scratch buffer for the contributions of all windows to all pixels, in words: 64 MiB.
const MOST_COLUMNS: usize = 1 << 24;

/// Returns true if no window extends beyond the image.
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
    shape(g) + division(g.batch * (g.height * g.width).max(g.out_height * g.out_width))
}

fn shape(g: &ConvGeometry) -> String {
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
}

pub(super) fn forward(op: &Conv2d, call: &GpuCall<'_>) -> Vec<Pass> {
    // `infer` has checked the types.
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
            run: UniformSteps { steps: g.in_channels, stride: 1 },
            zeros: !inside(&g),
        },
        b_input: 1,
        b_at: None,
        c: Buffer::Output,
        tiling: call.tiling,
    }
    .passes()
}

pub(super) fn input_gradient(op: &Conv2dInputGradient, call: &GpuCall<'_>) -> Vec<Pass> {
    let Ok(g) = op.geometry(call.input_types) else { return Vec::new() };
    if call.tiling == Tiling::Registers && columns(&g) * windows(&g) <= MOST_COLUMNS {
        return input_gradient_by_columns(&g, call);
    }
    // Without strides every pixel is the first of a window, and the shader need not divide.
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
            run: UniformSteps { steps: g.out_channels, stride: 1 },
            zeros: true,
        },
        b_input: 1,
        // Here a kernel's filters are the steps and its channels the columns.
        b_at: Some(format!(
            "fn b_at(step: u32, column: u32) -> u32 {{ return (step / {f}u * COLUMNS + column) * {f}u + step % {f}u; }}",
            f = g.out_channels
        )),
        c: Buffer::Output,
        tiling: call.tiling,
    }
    .passes()
}

/// Returns the windows of a batch.
fn windows(g: &ConvGeometry) -> usize {
    g.batch * g.out_height * g.out_width
}

/// Returns the elements of a window.
fn columns(g: &ConvGeometry) -> usize {
    g.kernel_height * g.kernel_width * g.in_channels
}

/// Computes the input gradient in two steps: a matrix product gives the contribution of each window to each of its
/// elements, then pixels gather them. This takes no more arithmetic than the forward pass. A pixel that visits every
/// position at which a window could contain it multiplies by zero for each that does not, 2.8 times the work for 3 x 3
/// windows in images of 5 x 5. The price is memory, so this is for emulated GPUs, whose arithmetic is expensive.
fn input_gradient_by_columns(g: &ConvGeometry, call: &GpuCall<'_>) -> Vec<Pass> {
    let scratch = Buffer::Scratch { number: 2, size_words: windows(g) * columns(g) };
    let (rows, steps) = (windows(g), g.out_channels);
    let product = Gemm {
        rows,
        steps,
        columns: columns(g),
        a: Left {
            source: gemm::plain(steps, 1),
            input: 0,
            along: Along::Steps,
            wide: steps.is_multiple_of(4),
            run: UniformSteps { steps, stride: 1 },
            zeros: false,
        },
        b_input: 1,
        b_at: Some("fn b_at(step: u32, column: u32) -> u32 { return column * STEPS + step; }".to_owned()),
        c: scratch,
        tiling: call.tiling,
    };
    let count = call.output_type.shape.len();
    let (element, lanes, form, entry) = match g.in_channels.is_multiple_of(4) {
        true => (
            Element::Vec4,
            4,
            Form::Quads { count },
            "alias Value = vec4<f32>;\nfn quad(i: u32) -> vec4<f32> { return gathered(i32(i)); }\n",
        ),
        false => (
            Element::F32,
            1,
            Form::Elements { count },
            "alias Value = f32;\nfn element(i: u32) -> f32 { return gathered(i32(i)); }\n",
        ),
    };
    let channels = signed_constants(&[("CHANNELS", g.in_channels / lanes)]);
    let sizes = shape(g) + division(count / lanes);
    let gather = Pass {
        source: [&sizes, &channels, entry, GATHER].concat(),
        form,
        reads: vec![(scratch, element)],
        writes: Buffer::Output,
        integers: false,
    };
    let mut passes = product.passes();
    passes.push(gather);
    passes
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
            // The steps follow a line of the output.
            run: if inside(&g) {
                UniformSteps { steps: g.out_width, stride: g.stride_width * g.in_channels }
            } else {
                UniformSteps::NONE
            },
            zeros: !inside(&g),
        },
        b_input: 1,
        b_at: None,
        c: Buffer::Output,
        tiling: call.tiling,
    }
    .passes()
}
