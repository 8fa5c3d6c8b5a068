//! Matrix products on a GPU: the shader that matrix multiplication and convolution share.
//!
//! `C[rows, columns] = A[rows, steps] B[steps, columns]`. An op describes A by functions ([`Left`]), so that a
//! convolution is an implicit product and nothing is unrolled in memory. B is read through `x1` as `vec4`, row by row,
//! if its columns are a multiple of four; otherwise a separate pass packs it first.
//!
//! A long sum over few results is split over workgroups, and a second pass adds their sums in order. No atomic
//! operations are used, so a run repeats bit for bit.

mod registers;
mod workgroup;

use crate::ir::gpu::{Buffer, Element, Form, Pass, Tiling, constants};

/// Number of invocations that keeps a GPU busy; with fewer, a long sum is split.
const BUSY_INVOCATIONS: usize = 8192;
/// Minimum number of steps that are worth a split of their own.
const SPLIT_STEPS: usize = 256;

/// Direction in which four elements of A are adjacent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Along {
    Rows,
    Steps,
}

/// Consecutive steps, starting at a multiple of their number, in which the elements of a row are all present or all
/// missing, each `stride` elements after the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UniformSteps {
    pub steps: usize,
    pub stride: usize,
}

impl UniformSteps {
    /// No regularity: every step may differ from the one before.
    pub const NONE: UniformSteps = UniformSteps { steps: 1, stride: 0 };
}

/// Operand A.
pub struct Left {
    /// Three WGSL functions and the code that they use:
    ///
    /// * `fn a_row(row: u32) -> vec4<i32>`: data of a row;
    /// * `fn a_step(step: u32) -> vec4<i32>`: data of a step;
    /// * `fn a_at(row: vec4<i32>, step: vec4<i32>) -> i32`: the offset of their element, below 0 for a zero.
    ///
    /// `row` is always less than the number of rows, `step` less than the number of steps.
    pub source: String,
    pub input: usize,
    pub along: Along,
    /// Four elements, starting at a multiple of four, are adjacent in one `vec4`, and are all present or all zero.
    pub wide: bool,
    pub run: UniformSteps,
    /// `a_at` may be below 0. If not, it must be the row's data plus the step's data.
    pub zeros: bool,
}

/// Writes [`Left::source`] of a matrix with these strides of rows and steps.
pub fn plain(row: usize, step: usize) -> String {
    format!(
        "fn a_row(row: u32) -> vec4<i32> {{ return vec4<i32>(i32(row * {row}u), 0, 0, 0); }}\n\
         fn a_step(step: u32) -> vec4<i32> {{ return vec4<i32>(i32(step * {step}u), 0, 0, 0); }}\n\
         fn a_at(row: vec4<i32>, step: vec4<i32>) -> i32 {{ return row.x + step.x; }}\n"
    )
}

/// Matrix product; see the [module](self).
pub struct Gemm {
    pub rows: usize,
    pub steps: usize,
    pub columns: usize,
    pub a: Left,
    pub b_input: usize,
    /// `fn b_at(step: u32, column: u32) -> u32`: the offset of an element of B, in WGSL; `None` if B is stored row by
    /// row.
    pub b_at: Option<String>,
    /// Target buffer.
    pub c: Buffer,
    pub tiling: Tiling,
}

/// Division of a product over invocations.
struct Tile {
    /// WGSL body: `fn tile`.
    source: String,
    workgroup_size: [usize; 3],
    workgroups: [usize; 3],
}

impl Gemm {
    /// Makes the passes, in order.
    pub fn passes(&self) -> Vec<Pass> {
        let mut passes = Vec::new();
        let b = if self.b_at.is_none() && self.columns.is_multiple_of(4) {
            Buffer::Input(self.b_input)
        } else {
            let packed = self.packing();
            let buffer = packed.writes;
            passes.push(packed);
            buffer
        };
        let splits = self.splits();
        let partial = Buffer::Scratch { number: 1, size_words: splits * self.rows * self.columns };
        passes.push(self.product(b, splits, if splits > 1 { partial } else { self.c }));
        if splits > 1 {
            passes.push(self.addition(partial, splits));
        }
        passes
    }

    fn quads(&self) -> usize {
        self.columns.div_ceil(4)
    }

    /// Returns the number of parts into which the steps are split; none is empty.
    fn splits(&self) -> usize {
        let invocations = match self.tiling {
            Tiling::Registers => registers::invocations(self),
            Tiling::Workgroup => workgroup::invocations(self),
        };
        let wanted = BUSY_INVOCATIONS / invocations.max(1);
        let splits = wanted.min(self.steps / SPLIT_STEPS).clamp(1, 64);
        self.steps.div_ceil(self.split_steps(splits)).max(1)
    }

    /// Returns the steps of each part, a multiple of a tile's steps.
    fn split_steps(&self, splits: usize) -> usize {
        let at_a_time = match self.tiling {
            Tiling::Registers => registers::steps_at_a_time(self),
            Tiling::Workgroup => workgroup::TILE_STEPS,
        };
        self.steps.div_ceil(splits).next_multiple_of(at_a_time)
    }

    fn sizes(&self, splits: usize) -> String {
        constants(&[
            ("ROWS", self.rows),
            ("STEPS", self.steps),
            ("COLUMNS", self.columns),
            ("QUADS", self.quads()),
            ("SPLIT", self.split_steps(splits)),
        ])
    }

    /// Makes the pass that stores B row by row, its columns padded with zeros to a multiple of four.
    fn packing(&self) -> Pass {
        let at = self
            .b_at
            .as_deref()
            .unwrap_or("fn b_at(step: u32, column: u32) -> u32 { return step * COLUMNS + column; }");
        let padded = self.quads() * 4;
        let source = format!(
            "{}const PADDED: u32 = {padded}u;\n{at}\n\
             fn element(i: u32) -> f32 {{\n    let column = i % PADDED;\n    if (column >= COLUMNS) {{ return 0.0; }}\n    \
             return x0[b_at(i / PADDED, column)];\n}}\n",
            self.sizes(1)
        );
        let count = self.steps * padded;
        Pass {
            source,
            form: Form::Elements { count },
            reads: vec![(Buffer::Input(self.b_input), Element::F32)],
            writes: Buffer::Scratch { number: 0, size_words: count },
            integers: false,
        }
    }

    fn product(&self, b: Buffer, splits: usize, writes: Buffer) -> Pass {
        let tile = match self.tiling {
            Tiling::Registers => registers::tile(self, splits),
            Tiling::Workgroup => workgroup::tile(self, splits),
        };
        let source = [&self.sizes(splits), &self.a.source, STORE_FOUR, &tile.source].concat();
        let element = if self.a.wide { Element::Vec4 } else { Element::F32 };
        Pass {
            source,
            form: Form::Tiles {
                workgroup_size: tile.workgroup_size.map(|size| size as u32),
                workgroups: tile.workgroups.map(|count| count as u32),
            },
            reads: vec![(Buffer::Input(self.a.input), element), (b, Element::Vec4)],
            writes,
            integers: false,
        }
    }

    /// Makes the pass that adds the parts of the sums, in order.
    fn addition(&self, partial: Buffer, splits: usize) -> Pass {
        let count = self.rows * self.columns;
        let source = constants(&[("SPLITS", splits), ("COUNT", count)]) + ADD_SPLITS;
        Pass {
            source,
            form: Form::Elements { count },
            reads: vec![(partial, Element::F32)],
            writes: self.c,
            integers: false,
        }
    }
}

const STORE_FOUR: &str = "\
fn store_four(split: u32, row: u32, quad: u32, value: vec4<f32>) {
    let column = quad * 4u;
    if (row >= ROWS || column >= COLUMNS) { return; }
    let at = (split * ROWS + row) * COLUMNS + column;
    store(at, value.x);
    if (column + 1u < COLUMNS) { store(at + 1u, value.y); }
    if (column + 2u < COLUMNS) { store(at + 2u, value.z); }
    if (column + 3u < COLUMNS) { store(at + 3u, value.w); }
}
";

const ADD_SPLITS: &str = "\
fn element(i: u32) -> f32 {
    var sum = 0.0;
    for (var split = 0u; split < SPLITS; split++) { sum += x0[split * COUNT + i]; }
    return sum;
}
";
