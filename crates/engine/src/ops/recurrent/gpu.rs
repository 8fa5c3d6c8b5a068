//! GPU kernels: a workgroup for each example, which goes through all steps in one dispatch.

use super::cell::CellKind;
use super::{Cell, Extents, Places, Recurrent};
use crate::ir::gpu::{Buffer, Element, Form, GpuCall, Pass, constants, reads};
use crate::simd::recurrent::Activation;

/// The most workgroups along one axis that every device allows.
const MAX_WORKGROUPS: usize = 65_535;

/// The most invocations of a workgroup that every device allows.
const MAX_SIZE: usize = 256;

/// A carry that no cell has.
const NO_CARRY: usize = 99;

/// Writes a function, and its slope by its value.
fn function(name: &str, activation: Activation) -> String {
    let (value, slope) = match activation {
        Activation::Linear => ("x", "1.0"),
        Activation::Relu => ("select(x, 0.0, 0.0 > x)", "select(0.0, 1.0, x > 0.0)"),
        Activation::Sigmoid => ("1.0 / (1.0 + exp(-x))", "x * (1.0 - x)"),
        Activation::Tanh => ("hyperbolic_tangent(x)", "1.0 - x * x"),
    };
    format!("fn {name}(x: f32) -> f32 {{ return {value}; }}\nfn {name}_slope(x: f32) -> f32 {{ return {slope}; }}\n")
}

/// Writes what both directions share: sizes, functions, and access to the inputs that may be missing.
fn header(op: &Recurrent, extents: Extents, places: Places) -> String {
    let cell = op.cell;
    let Extents { batch, steps, units } = extents;
    let (places_of, width) = (if op.backwards { "STEPS - 1u - step" } else { "step" }, cell.gates() * units);
    let sizes = constants(&[
        ("UNITS", units),
        ("STEPS", steps),
        ("BATCH", batch),
        ("GROUPS", batch.min(MAX_WORKGROUPS)),
        ("SIZE", size(units)),
        ("GATES", cell.gates()),
        ("KEPT", cell.kept()),
        ("ADJOINTS", cell.adjoints()),
        ("CARRY", cell.carry().unwrap_or(NO_CARRY)),
        ("PRODUCTS", if cell.resets_before() { 2 } else { cell.gates() }),
    ]);
    let bias = places.bias.map_or("0.0".to_owned(), |at| format!("x{at}[gate * UNITS + unit]"));
    let factor =
        places.factors.map_or("1.0".to_owned(), |at| format!("x{at}[example * {width}u + gate * UNITS + unit]"));
    let mask = places.mask.map_or("false".to_owned(), |at| format!("x{at}[row] == 0.0"));
    let sum_of = if cell.sum_of(2) == 3 { "select(gate, 3u, gate == 2u)" } else { "gate" };
    [
        sizes,
        format!("const RESETS_BEFORE: bool = {};\n", cell.resets_before()),
        function("f", cell.functions.state),
        function("g", cell.functions.gates),
        format!("fn place_of(step: u32) -> u32 {{ return {places_of}; }}\n"),
        format!("fn bias(gate: u32, unit: u32) -> f32 {{ return {bias}; }}\n"),
        format!("fn factor(example: u32, gate: u32, unit: u32) -> f32 {{ return {factor}; }}\n"),
        format!("fn is_masked(row: u32) -> bool {{ return {mask}; }}\n"),
        format!("fn sum_of(gate: u32) -> u32 {{ return {sum_of}; }}\n"),
    ]
    .concat()
}

fn size(units: usize) -> usize {
    units.next_power_of_two().clamp(32, MAX_SIZE)
}

fn form(extents: Extents) -> Form {
    Form::Tiles {
        workgroup_size: [size(extents.units) as u32, 1, 1],
        workgroups: [extents.batch.clamp(1, MAX_WORKGROUPS) as u32, 1, 1],
    }
}

fn texts(cell: Cell) -> [&'static str; 2] {
    match cell.kind {
        CellKind::Simple => [include_str!("gpu/simple.wgsl"), include_str!("gpu/simple_gradient.wgsl")],
        CellKind::Lstm => [include_str!("gpu/lstm.wgsl"), include_str!("gpu/lstm_gradient.wgsl")],
        CellKind::Gru { .. } => [include_str!("gpu/gru.wgsl"), include_str!("gpu/gru_gradient.wgsl")],
    }
}

pub(super) fn forward(op: &Recurrent, call: &GpuCall<'_>) -> Vec<Pass> {
    // `infer` has checked the types.
    let Ok(extents) = op.extents("recurrent", call.input_types) else { return Vec::new() };
    let source = header(op, extents, op.places(2)) + include_str!("gpu/forward.wgsl") + texts(op.cell)[0];
    vec![Pass { form: form(extents), ..Pass::elements(call, source) }]
}

pub(super) fn backward(op: &Recurrent, call: &GpuCall<'_>) -> Vec<Pass> {
    let [kept, kernel, ..] = call.input_types else { return Vec::new() };
    let (&[batch, steps, _], &[units, width]) = (kept.shape.dims(), kernel.shape.dims()) else { return Vec::new() };
    let extents = Extents { batch, steps, units };
    // Neighbouring invocations then read neighbouring weights.
    let transposed = Buffer::Scratch { number: 0, size_words: units * width };
    let transpose = Pass {
        source: format!("fn element(i: u32) -> f32 {{ return x0[i % {units}u * {width}u + i / {units}u]; }}\n"),
        form: Form::Elements { count: units * width },
        reads: vec![(Buffer::Input(1), Element::F32)],
        writes: transposed,
        integers: false,
    };
    let source = header(op, extents, op.places(3)) + include_str!("gpu/backward.wgsl") + texts(op.cell)[1];
    let mut own = reads(call);
    own[1] = (transposed, Element::F32);
    vec![transpose, Pass { form: form(extents), reads: own, ..Pass::elements(call, source) }]
}
