//! Matrix products on a GPU: the shader that matrix multiplication and convolution share.
//!
//! `C[rows, columns] = A[rows, steps] B[steps, columns]`. A is what an op says it is ([`Left`]), so that a convolution is an
//! implicit product: nothing is unrolled in memory. B is read through `x1` as `vec4`: row by row, as long as its columns
//! are a multiple of four, else packed by a pass of its own before.
//!
//! A long sum over few results is split over workgroups, whose sums a second pass adds in their order; there are no
//! atomic operations, so a run repeats bit for bit.

mod registers;
mod workgroup;

use crate::ir::gpu::{Buffer, Element, Form, Pass, Tiling, constants};

/// As many invocations keep a GPU busy; with fewer a long sum is split.
const BUSY_INVOCATIONS: usize = 8192;
/// The fewest steps that are worth a split of their own.
const SPLIT_STEPS: usize = 256;

/// In which direction four elements of A lie side by side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Along {
    Rows,
    Steps,
}

/// So many consecutive steps, from a multiple of their number on, in which the elements of a row are all there or all
/// missing, each `stride` elements after the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UniformSteps {
    pub steps: usize,
    pub stride: usize,
}

impl UniformSteps {
    /// Nothing is known of the step after.
    pub const NONE: UniformSteps = UniformSteps { steps: 1, stride: 0 };
}

/// The operand A.
pub struct Left {
    /// Three WGSL functions and what they use:
    ///
    /// * `fn a_row(row: u32) -> vec4<i32>`: what there is to know of a row;
    /// * `fn a_step(step: u32) -> vec4<i32>`: what there is to know of a step;
    /// * `fn a_at(row: vec4<i32>, step: vec4<i32>) -> i32`: where their element lies, below 0 for a zero.
    ///
    /// `row` is always less than the number of rows, `step` than that of steps.
    pub source: String,
    pub input: usize,
    pub along: Along,
    /// Whether four elements, from a multiple of four on, lie side by side in one `vec4`, and are all there or all zero.
    pub wide: bool,
    pub run: UniformSteps,
    /// Whether `a_at` may be below 0. Where it is not, it must be what the row gives plus what the step gives.
    pub zeros: bool,
}

/// [`Left::source`] of a matrix whose rows and steps lie so many elements apart.
pub fn plain(row: usize, step: usize) -> String {
    format!(
        "fn a_row(row: u32) -> vec4<i32> {{ return vec4<i32>(i32(row * {row}u), 0, 0, 0); }}\n\
         fn a_step(step: u32) -> vec4<i32> {{ return vec4<i32>(i32(step * {step}u), 0, 0, 0); }}\n\
         fn a_at(row: vec4<i32>, step: vec4<i32>) -> i32 {{ return row.x + step.x; }}\n"
    )
}

/// A product; see the [module](self).
pub struct Gemm {
    pub rows: usize,
    pub steps: usize,
    pub columns: usize,
    pub a: Left,
    pub b_input: usize,
    /// `fn b_at(step: u32, column: u32) -> u32`: where an element of B lies, in WGSL; `None` where B lies row by row.
    pub b_at: Option<String>,
    /// Where C goes.
    pub c: Buffer,
    pub tiling: Tiling,
}

/// How a product is laid out over invocations.
struct Tile {
    /// The body: `fn tile`.
    source: String,
    workgroup_size: [usize; 3],
    workgroups: [usize; 3],
}

impl Gemm {
    /// The passes, in order.
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

    /// Into how many parts the steps are split; none is empty.
    fn splits(&self) -> usize {
        let invocations = match self.tiling {
            Tiling::Registers => registers::invocations(self),
            Tiling::Workgroup => workgroup::invocations(self),
        };
        let wanted = BUSY_INVOCATIONS / invocations.max(1);
        let splits = wanted.min(self.steps / SPLIT_STEPS).clamp(1, 64);
        self.steps.div_ceil(self.split_steps(splits)).max(1)
    }

    /// Steps of each part, a multiple of what a tile takes at a time.
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

    /// Lays B out row by row, columns padded with zeros to a multiple of four.
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

    /// Adds the parts of the sums, in their order.
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
