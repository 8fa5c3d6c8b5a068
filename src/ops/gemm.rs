//! Matrix products on a GPU: the shader that matrix multiplication and convolution share.
//!
//! `C[rows, columns] = A[rows, steps] B[steps, columns]`. The operands are what an op says they are, so that a
//! convolution is an implicit product: nothing is unrolled in memory. The op writes three WGSL functions:
//!
//! * `fn a_place(row: u32) -> vec4<i32>`: what there is to know of a row (or of four rows), computed once a tile;
//! * `fn a_step(step: u32) -> vec4<i32>`: what there is to know of a step (or of four), shared by all rows of a tile;
//! * `fn a_four(place: vec4<i32>, step: vec4<i32>) -> vec4<f32>`: four elements of A, [along](Along) rows or steps, 0
//!   beyond the end.
//!
//! `row` is always less than the number of rows, `step` than that of steps, and the first of four is a multiple of four.
//! B is read through `x1` as `vec4`: row by row, as long as its columns are a multiple of four, else packed by a pass of
//! its own before.
//!
//! A long sum over few results is split over workgroups, whose sums a second pass adds in their order; there are no
//! atomic operations, so a run repeats bit for bit.

use crate::ir::gpu::{Buffer, Element, Form, Pass, Tiling, constants};

/// Steps that a tile in workgroup memory takes at a time.
const TILE_STEPS: usize = 16;
/// Rows of a tile in workgroup memory.
const TILE_ROWS: usize = 64;
/// Rows that one invocation holds in registers.
const REGISTER_ROWS: usize = 8;
/// Four columns each that one invocation holds in registers.
const REGISTER_QUADS: usize = 4;
/// Invocations along each side of a workgroup that keeps its tiles in registers.
const REGISTER_GROUP: usize = 4;
/// As many invocations keep a GPU busy; with fewer a long sum is split.
const BUSY_INVOCATIONS: usize = 8192;
/// The fewest steps that are worth a split of their own.
const SPLIT_STEPS: usize = 256;

/// In which direction the four elements lie that `a_four` gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Along {
    Rows,
    Steps,
}

/// A product; see the [module](self).
pub struct Gemm {
    pub rows: usize,
    pub steps: usize,
    pub columns: usize,
    pub along: Along,
    /// The WGSL of `a_place`, `a_step` and `a_four`, and of what they use.
    pub a: String,
    /// How `x0` is read.
    pub a_element: Element,
    pub a_input: usize,
    pub b_input: usize,
    /// `fn b_at(step: u32, column: u32) -> u32`: where an element of B lies, in WGSL; `None` where B lies row by row.
    pub b_at: Option<String>,
    pub tiling: Tiling,
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
        passes.push(self.product(b, splits, if splits > 1 { partial } else { Buffer::Output }));
        if splits > 1 {
            passes.push(self.addition(partial, splits));
        }
        passes
    }

    fn quads(&self) -> usize {
        self.columns.div_ceil(4)
    }

    fn tile_quads(&self) -> usize {
        match self.tiling {
            Tiling::Registers => self.quads().min(REGISTER_QUADS),
            Tiling::Workgroup if self.quads() <= 8 => 8,
            Tiling::Workgroup => 16,
        }
    }

    /// Into how many parts the steps are split.
    fn splits(&self) -> usize {
        let invocations = match self.tiling {
            Tiling::Registers => self.rows.div_ceil(REGISTER_ROWS) * self.quads().div_ceil(self.tile_quads()) * 8,
            Tiling::Workgroup => {
                self.rows.div_ceil(TILE_ROWS) * self.quads().div_ceil(self.tile_quads()) * 16 * self.tile_quads()
            }
        };
        let wanted = BUSY_INVOCATIONS / invocations.max(1);
        wanted.min(self.steps / SPLIT_STEPS).clamp(1, 64)
    }

    /// Steps of each part, a multiple of what a tile takes at a time.
    fn split_steps(&self, splits: usize) -> usize {
        self.steps.div_ceil(splits).next_multiple_of(TILE_STEPS)
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
        let mut source = self.sizes(splits);
        source.push_str(&self.a);
        source.push_str("fn b_four(step: u32, quad: u32) -> vec4<f32> { return x1[step * QUADS + quad]; }\n");
        source.push_str(STORE_FOUR);
        let (body, workgroup_size, tile_rows, tile_quads) = match self.tiling {
            Tiling::Registers => (
                self.registers(),
                [REGISTER_GROUP, REGISTER_GROUP],
                REGISTER_GROUP * REGISTER_ROWS,
                REGISTER_GROUP * self.tile_quads(),
            ),
            Tiling::Workgroup => (self.workgroup(), [self.tile_quads(), TILE_ROWS / 4], TILE_ROWS, self.tile_quads()),
        };
        source.push_str(&body);
        let workgroups = [
            self.quads().div_ceil(tile_quads) as u32,
            self.rows.div_ceil(tile_rows) as u32,
            // The last parts may be empty: steps come in whole tiles.
            splits as u32,
        ];
        Pass {
            source,
            form: Form::Tiles { workgroup_size: workgroup_size.map(|size| size as u32), workgroups },
            reads: vec![(Buffer::Input(self.a_input), self.a_element), (b, Element::Vec4)],
            writes,
            integers: false,
        }
    }

    /// One invocation, its tile in variables of its own: unrolled, so that nothing is indexed.
    fn registers(&self) -> String {
        use std::fmt::Write as _;
        let (rows, quads) = (REGISTER_ROWS, self.tile_quads());
        let mut text = String::from("fn tile(group: vec3<u32>, local: vec3<u32>, index: u32) {\n");
        let _ = writeln!(
            text,
            "    let row = (group.y * {REGISTER_GROUP}u + local.y) * {rows}u;\n    \
             let quad = (group.x * {REGISTER_GROUP}u + local.x) * {quads}u;\n    \
             if (row >= ROWS || quad >= QUADS) {{ return; }}\n    let first = group.z * SPLIT;\n    \
             let end = min(first + SPLIT, STEPS);"
        );
        let places = if self.along == Along::Rows { rows / 4 } else { rows };
        for place in 0..places {
            let offset = place * rows / places;
            let last = if self.along == Along::Rows { self.rows.next_multiple_of(4) - 4 } else { self.rows - 1 };
            let _ = writeln!(text, "    let p{place} = a_place(min(row + {offset}u, {last}u));");
        }
        for quad in 0..quads {
            let _ = writeln!(text, "    let q{quad} = min(quad + {quad}u, QUADS - 1u);");
        }
        for row in 0..rows {
            for quad in 0..quads {
                let _ = writeln!(text, "    var c{row}{quad} = vec4<f32>();");
            }
        }
        if self.a_element != Element::Vec4 {
            let names: Vec<String> = (0..places).map(|place| format!("p{place}")).collect();
            let _ = writeln!(
                text,
                "    const PLACES = {places}u;\n    var places = array<vec4<i32>, {places}>({});\n    \
                 var a: array<vec4<f32>, {places}>;",
                names.join(", ")
            );
        }
        let stride = if self.along == Along::Rows { 1 } else { 4 };
        let _ = writeln!(
            text,
            "    for (var step = first; step < end; step += {stride}u) {{\n        let s = a_step(step);"
        );
        if self.a_element == Element::Vec4 {
            for place in 0..places {
                let _ = writeln!(text, "        let a{place} = a_four(p{place}, s);");
            }
        } else {
            // Too much text to be repeated.
            text.push_str("        for (var p = 0u; p < PLACES; p++) { a[p] = a_four(places[p], s); }\n");
            for place in 0..places {
                let _ = writeln!(text, "        let a{place} = a[{place}];");
            }
        }
        for step in 0..stride {
            for quad in 0..quads {
                let at = if stride == 1 { "step".to_owned() } else { format!("min(step + {step}u, STEPS - 1u)") };
                let _ = writeln!(text, "        let b{step}{quad} = b_four({at}, q{quad});");
            }
            for row in 0..rows {
                let a = match self.along {
                    Along::Rows => format!("a{}[{}]", row / 4, row % 4),
                    Along::Steps => format!("a{row}[{step}]"),
                };
                for quad in 0..quads {
                    let _ = writeln!(text, "        c{row}{quad} += {a} * b{step}{quad};");
                }
            }
        }
        text.push_str("    }\n");
        // A loop, because whatever `store` does would else be compiled once for every result.
        let results: Vec<String> =
            (0..rows).flat_map(|row| (0..quads).map(move |quad| format!("c{row}{quad}"))).collect();
        let _ = writeln!(
            text,
            "    var results = array<vec4<f32>, {count}>({});\n    for (var i = 0u; i < {count}u; i++) {{\n        \
             store_four(group.z, row + i / {quads}u, quad + i % {quads}u, results[i]);\n    }}",
            results.join(", "),
            count = results.len()
        );
        text.push_str("}\n");
        text
    }

    /// A tile of A and one of B in workgroup memory, 4 x 4 results an invocation.
    fn workgroup(&self) -> String {
        let threads = self.tile_quads() * TILE_ROWS / 4;
        let fill = match self.along {
            Along::Steps => FILL_ALONG_STEPS,
            Along::Rows => FILL_ALONG_ROWS,
        };
        let last = if self.along == Along::Rows { self.rows.next_multiple_of(4) - 4 } else { self.rows - 1 };
        constants(&[
            ("TILE_STEPS", TILE_STEPS),
            ("TILE_ROWS", TILE_ROWS),
            ("TILE_QUADS", self.tile_quads()),
            ("THREADS", threads),
            ("LAST_ROW", last),
        ]) + include_str!("gemm/workgroup.wgsl").replace("// FILL\n", fill).as_str()
    }

    /// Adds the parts of the sums, in their order.
    fn addition(&self, partial: Buffer, splits: usize) -> Pass {
        let count = self.rows * self.columns;
        let source = constants(&[("SPLITS", splits), ("COUNT", count)]) + ADD_SPLITS;
        Pass {
            source,
            form: Form::Elements { count },
            reads: vec![(partial, Element::F32)],
            writes: Buffer::Output,
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

const FILL_ALONG_STEPS: &str = "\
        for (var i = index; i < TILE_ROWS * TILE_STEPS / 4u; i += THREADS) {
            let row = i / (TILE_STEPS / 4u);
            let inner = i % (TILE_STEPS / 4u) * 4u;
            var four = vec4<f32>();
            if (step + inner < end) { four = a_four(a_place(min(first_row + row, LAST_ROW)), a_step(step + inner)); }
            a_tile[inner * TILE_ROWS + row] = four.x;
            a_tile[(inner + 1u) * TILE_ROWS + row] = four.y;
            a_tile[(inner + 2u) * TILE_ROWS + row] = four.z;
            a_tile[(inner + 3u) * TILE_ROWS + row] = four.w;
        }
";

const FILL_ALONG_ROWS: &str = "\
        for (var i = index; i < TILE_ROWS * TILE_STEPS / 4u; i += THREADS) {
            let inner = i / (TILE_ROWS / 4u);
            let row = i % (TILE_ROWS / 4u) * 4u;
            var four = vec4<f32>();
            if (step + inner < end) { four = a_four(a_place(min(first_row + row, LAST_ROW)), a_step(step + inner)); }
            let at = inner * TILE_ROWS + row;
            a_tile[at] = four.x;
            a_tile[at + 1u] = four.y;
            a_tile[at + 2u] = four.z;
            a_tile[at + 3u] = four.w;
        }
";
