//! Description of an op for a GPU: the text of its compute shaders and the extents of their dispatches.
//!
//! Everything here is data. An op writes WGSL functions in which all extents are numbers. The backend writes the
//! declarations of the buffers before them, and the entry point and the epilogue fused into the op after them.
//!
//! In the text, `x0, x1, ...` are the buffers that a pass reads, in the order of [`Pass::reads`], and `store(i, value)`
//! writes element `i` of the output, through the epilogue if there is one. Two functions are always available:
//! `is_nan(f32) -> bool`, which looks at the bits because shaders may assume that no NaN occurs, and `not_a_number(u32)
//! -> f32`, a NaN that no compiler can foresee.

use crate::tensor::TensorType;

/// Call for which an op writes its shaders.
pub struct GpuCall<'a> {
    pub input_types: &'a [&'a TensorType],
    pub output_type: &'a TensorType,
    pub tiling: Tiling,
}

/// Storage of the tiles of matrix products. Neither is best everywhere, so the backend measures each adapter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Tiling {
    /// Tiles in workgroup memory, 4 x 4 results per invocation, for real GPUs.
    #[default]
    Workgroup,
    /// Everything in registers, 8 x 16 results per invocation, for GPUs emulated on a CPU.
    Registers,
}

/// One dispatch.
#[derive(Clone, Debug)]
pub struct Pass {
    /// WGSL functions and constants.
    pub source: String,
    pub form: Form,
    pub reads: Vec<(Buffer, Element)>,
    pub writes: Buffer,
    /// The results are `i32`.
    pub integers: bool,
}

/// A buffer of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Buffer {
    Input(usize),
    /// Working memory of one call, by number; its content lasts from pass to pass.
    Scratch {
        number: usize,
        size_words: usize,
    },
    Output,
}

/// Type as which a buffer's words are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Element {
    F32,
    I32,
    /// Four numbers at a time. Every buffer is padded so that the last four can be read.
    Vec4,
}

/// Form of the shader's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// `fn element(i: u32) -> f32` (or `i32`), called once per element.
    Elements { count: usize },
    /// `fn quad(i: u32) -> vec4<f32>`: elements `4 i` to `4 i + 3`, for a count that is a multiple of four.
    Quads { count: usize },
    /// `fn row(i: u32)`, called once per row. It calls `store` itself.
    Rows { count: usize },
    /// `fn tile(group: vec3<u32>, local: vec3<u32>, index: u32)`, called by each invocation of a grid of workgroups;
    /// `index` is the number of the invocation in its workgroup. It calls `store` itself.
    Tiles { workgroup_size: [u32; 3], workgroups: [u32; 3] },
}

impl Pass {
    /// Makes a pass that computes the output element by element from all inputs, in order.
    pub fn elements(call: &GpuCall<'_>, source: String) -> Self {
        let count = call.output_type.shape.len();
        Self {
            source,
            form: Form::Elements { count },
            reads: reads(call),
            writes: Buffer::Output,
            integers: call.output_type.dtype == crate::tensor::DType::I32,
        }
    }
}

impl Pass {
    /// Makes a pass that computes the output row by row from all inputs, in order.
    pub fn rows(call: &GpuCall<'_>, count: usize, source: String) -> Self {
        Self { form: Form::Rows { count }, ..Self::elements(call, source) }
    }
}

/// Returns all inputs, each with its own element type.
pub fn reads(call: &GpuCall<'_>) -> Vec<(Buffer, Element)> {
    let element = |input: &&TensorType| match input.dtype {
        crate::tensor::DType::F32 => Element::F32,
        crate::tensor::DType::I32 => Element::I32,
    };
    call.input_types.iter().enumerate().map(|(index, input)| (Buffer::Input(index), element(input))).collect()
}

/// Writes `const NAME: u32 = value;` for each.
pub fn constants(values: &[(&str, usize)]) -> String {
    values.iter().map(|(name, value)| format!("const {name}: u32 = {value}u;\n")).collect()
}

/// Writes `const NAME: i32 = value;` for each.
pub fn signed_constants(values: &[(&str, usize)]) -> String {
    values.iter().map(|(name, value)| format!("const {name}: i32 = {value};\n")).collect()
}

/// Writes a WGSL function from the number of an element, in row-major order over `axes` of (extent, stride), to its
/// offset.
pub fn index_function(name: &str, axes: &[(usize, usize)], offset: usize) -> String {
    // Merge axes that are contiguous in memory: they need no division.
    let mut merged: Vec<(usize, usize)> = Vec::new();
    for &(extent, stride) in axes.iter().rev().filter(|(extent, _)| *extent != 1) {
        match merged.last_mut() {
            Some((inner, inner_stride)) if stride == *inner * *inner_stride => *inner *= extent,
            _ => merged.push((extent, stride)),
        }
    }
    let mut inner = 1;
    let mut sum = format!("{offset}u");
    for (index, &(extent, stride)) in merged.iter().enumerate() {
        if stride != 0 {
            let quotient = if inner == 1 { "i".to_owned() } else { format!("i / {inner}u") };
            // `i` is less than the product of all extents.
            let digit = if index + 1 == merged.len() { quotient } else { format!("{quotient} % {extent}u") };
            sum.push_str(&format!(" + {digit} * {stride}u"));
        }
        inner *= extent.max(1);
    }
    format!("fn {name}(i: u32) -> u32 {{ return {sum}; }}\n")
}

/// Returns WGSL functions `quotient(a, b)` and `remainder(a, b)` of integers from 0 to `limit`, with a constant `b`.
/// They compute in floating point where that is exact, because emulated GPUs divide integers one by one. `(a + 0.5) /
/// b` is at least `0.5 / b` away from any integer, and up to 2^20 its error is smaller, with the 2.5 units in the last
/// place that WGSL allows.
pub fn division(limit: usize) -> &'static str {
    if limit <= 1 << 20 {
        "fn quotient(a: i32, b: i32) -> i32 { return i32((f32(a) + 0.5) * (1.0 / f32(b))); }\n\
         fn remainder(a: i32, b: i32) -> i32 { return a - quotient(a, b) * b; }\n"
    } else {
        "fn quotient(a: i32, b: i32) -> i32 { return a / b; }\n\
         fn remainder(a: i32, b: i32) -> i32 { return a % b; }\n"
    }
}
