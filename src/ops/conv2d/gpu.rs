//! The kernels on a GPU: implicit matrix products, see [`gemm`](crate::ops::gemm).

use super::{Conv2d, Conv2dInputGradient, Conv2dKernelGradient};
use crate::ir::gpu::{Element, GpuCall, Pass, division, signed_constants};
use crate::ops::gemm::{Along, Gemm};
use crate::simd::conv::ConvGeometry;

const FORWARD: &str = include_str!("gpu/forward.wgsl");
const INPUT_GRADIENT: &str = include_str!("gpu/input_gradient.wgsl");
const KERNEL_GRADIENT: &str = include_str!("gpu/kernel_gradient.wgsl");

/// Four elements that lie side by side in memory, where they all do; `a_at` says where the first is, or below 0 for zeros.
const WIDE: &str = "\
fn a_step(step: u32) -> vec4<i32> { return a_split(step); }
fn a_four(place: vec4<i32>, step: vec4<i32>) -> vec4<f32> {
    let at = a_at(place, step);
    return select(vec4<f32>(), x0[u32(max(at, 0)) / 4u], at >= 0);
}
";

/// Four elements along the steps, each where it lies.
const NARROW_STEPS: &str = "\
fn a_step(step: u32) -> vec4<i32> { return vec4<i32>(i32(step)); }
fn a_one(place: vec4<i32>, step: u32) -> f32 {
    let at = a_at(place, a_split(step));
    return select(0.0, x0[u32(max(at, 0))], (at >= 0) & (step < STEPS));
}
fn a_four(place: vec4<i32>, step: vec4<i32>) -> vec4<f32> {
    var four = vec4<f32>();
    for (var i = 0u; i < 4u; i++) { four[i] = a_one(place, u32(step.x) + i); }
    return four;
}
";

/// Four elements along the rows, each where it lies.
const NARROW_ROWS: &str = "\
fn a_step(step: u32) -> vec4<i32> { return a_split(step); }
fn a_place(row: u32) -> vec4<i32> { return vec4<i32>(i32(row)); }
fn a_one(row: u32, step: vec4<i32>) -> f32 {
    let at = a_at(a_row(row), step);
    return select(0.0, x0[u32(max(at, 0))], (at >= 0) & (row < ROWS));
}
fn a_four(place: vec4<i32>, step: vec4<i32>) -> vec4<f32> {
    var four = vec4<f32>();
    for (var i = 0u; i < 4u; i++) { four[i] = a_one(u32(place.x) + i, step); }
    return four;
}
";

const PLACE_ROWS: &str = "fn a_place(row: u32) -> vec4<i32> { return a_row(row); }\n";

fn sizes(g: &ConvGeometry) -> String {
    // Whether no window reaches beyond the image.
    let span = |outputs: usize, stride: usize, kernel: usize, dilation: usize| {
        (outputs - 1) * stride + (kernel - 1) * dilation + 1
    };
    let inside = g.pad_top == 0
        && g.pad_left == 0
        && span(g.out_height, g.stride_height, g.kernel_height, g.dilation_height) <= g.height
        && span(g.out_width, g.stride_width, g.kernel_width, g.dilation_width) <= g.width;
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
    ]) + &format!("const INSIDE: bool = {inside};\n")
        + division(g.batch * (g.height * g.width).max(g.out_height * g.out_width))
}

fn element(wide: bool) -> Element {
    if wide { Element::Vec4 } else { Element::F32 }
}

pub(super) fn forward(op: &Conv2d, call: &GpuCall<'_>) -> Vec<Pass> {
    // Types have been checked by `infer`.
    let Ok(g) = op.forward_geometry(call.input_types) else { return Vec::new() };
    let wide = g.in_channels.is_multiple_of(4);
    Gemm {
        rows: g.batch * g.out_height * g.out_width,
        steps: g.kernel_height * g.kernel_width * g.in_channels,
        columns: g.out_channels,
        along: Along::Steps,
        a: [sizes(&g).as_str(), FORWARD, PLACE_ROWS, if wide { WIDE } else { NARROW_STEPS }].concat(),
        a_element: element(wide),
        a_input: 0,
        b_input: 1,
        b_at: None,
        tiling: call.tiling,
    }
    .passes()
}

pub(super) fn input_gradient(op: &Conv2dInputGradient, call: &GpuCall<'_>) -> Vec<Pass> {
    let Ok(g) = op.geometry(call.input_types) else { return Vec::new() };
    let wide = g.out_channels.is_multiple_of(4);
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
        along: Along::Steps,
        a: [sizes(&g).as_str(), &positions, PLACE_ROWS, if wide { WIDE } else { NARROW_STEPS }].concat(),
        a_element: element(wide),
        a_input: 0,
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
    let wide = g.in_channels.is_multiple_of(4);
    let four = if wide { [PLACE_ROWS, WIDE].concat() } else { NARROW_ROWS.to_owned() };
    Gemm {
        rows: g.kernel_height * g.kernel_width * g.in_channels,
        steps: g.batch * g.out_height * g.out_width,
        columns: g.out_channels,
        along: Along::Rows,
        a: [sizes(&g).as_str(), KERNEL_GRADIENT, &four].concat(),
        a_element: element(wide),
        a_input: 0,
        b_input: 1,
        b_at: None,
        tiling: call.tiling,
    }
    .passes()
}
