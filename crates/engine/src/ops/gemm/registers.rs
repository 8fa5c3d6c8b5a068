//! A product whose tiles are variables of one invocation each, unrolled so that nothing is indexed.
//!
//! This is for GPUs emulated on a CPU. They compute four invocations side by side, so the first invocations of a
//! workgroup must all have work; and they read every element separately, so an address costs as much as a
//! multiplication.

use std::fmt::Write as _;

use super::{Along, Gemm, Tile};

/// Maximum number of rows of an invocation.
const ROWS: usize = 16;
/// Maximum number of columns of an invocation, in fours.
const QUADS: usize = 4;
/// Invocations of a workgroup.
const GROUP: usize = 16;
/// Maximum number of steps between two computations of A's offsets.
const CHUNK: usize = 128;

/// Returns the rows of an invocation: as few as cover all rows with the same number of invocations.
fn rows(gemm: &Gemm) -> usize {
    let rows = gemm.rows.div_ceil(gemm.rows.div_ceil(ROWS).max(1)).max(1);
    if fours_of_rows(gemm) { rows.next_multiple_of(4) } else { rows }
}

fn quads(gemm: &Gemm) -> usize {
    gemm.quads().div_ceil(gemm.quads().div_ceil(QUADS).max(1)).max(1)
}

fn fours_of_rows(gemm: &Gemm) -> bool {
    gemm.a.wide && gemm.a.along == Along::Rows
}

fn fours_of_steps(gemm: &Gemm) -> bool {
    gemm.a.wide && gemm.a.along == Along::Steps
}

/// Returns the numbers of tiles along the columns and the rows.
fn tiles(gemm: &Gemm) -> [usize; 2] {
    [gemm.quads().div_ceil(quads(gemm)).max(1), gemm.rows.div_ceil(rows(gemm)).max(1)]
}

pub(super) fn invocations(gemm: &Gemm) -> usize {
    // A CPU has fewer lanes than a GPU: each counts for eight.
    tiles(gemm).iter().product::<usize>() * 8
}

/// Returns the steps that one computation of the offsets serves.
pub(super) fn steps_at_a_time(gemm: &Gemm) -> usize {
    let run = if gemm.a.wide { gemm.a.run.steps.max(1) } else { 1 };
    let chunk = if run <= CHUNK { run } else { greatest_common_divisor(run, CHUNK / 2) };
    if fours_of_steps(gemm) && !chunk.is_multiple_of(4) { 4 } else { chunk }
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

pub(super) fn tile(gemm: &Gemm, splits: usize) -> Tile {
    let tiles = tiles(gemm);
    let across = tiles[0].next_power_of_two().min(4);
    let down = tiles[1].next_power_of_two().min(GROUP / across);
    let deep = splits.next_power_of_two().min(GROUP / across / down);
    let workgroup_size = [across, down, deep];
    Tile {
        source: text(gemm, splits, workgroup_size),
        workgroup_size,
        workgroups: [tiles[0].div_ceil(across), tiles[1].div_ceil(down), splits.div_ceil(deep)],
    }
}

fn text(gemm: &Gemm, splits: usize, [across, down, deep]: [usize; 3]) -> String {
    let (rows, quads) = (rows(gemm), quads(gemm));
    let mut text = String::from("fn tile(group: vec3<u32>, local: vec3<u32>, index: u32) {\n");
    let _ = writeln!(
        text,
        "    let row = (group.y * {down}u + local.y) * {rows}u;\n    \
         let quad = (group.x * {across}u + local.x) * {quads}u;\n    \
         let split = group.z * {deep}u + local.z;\n    \
         if (row >= ROWS || quad >= QUADS || split >= {splits}u) {{ return; }}\n    \
         let first = split * SPLIT;\n    let end = min(first + SPLIT, STEPS);"
    );
    let places = if fours_of_rows(gemm) { rows / 4 } else { rows };
    let last = if fours_of_rows(gemm) { gemm.rows - 4 } else { gemm.rows - 1 };
    for place in 0..places {
        let _ = writeln!(text, "    let p{place} = a_row(min(row + {}u, {last}u));", place * rows / places);
    }
    // If nothing is missing, an offset is a sum: the row's, computed once, and the step's, the same for all rows.
    let is_sum = !gemm.a.zeros;
    if is_sum {
        text.push_str("    let row0 = a_row(0u);\n    let step0 = a_step(0u);\n    let origin = a_at(row0, step0);\n");
        for place in 0..places {
            let _ = writeln!(text, "    let at{place} = a_at(p{place}, step0) - origin;");
        }
    }
    for quad in 0..quads {
        let _ = writeln!(text, "    let q{quad} = min(quad + {quad}u, QUADS - 1u);");
    }
    for row in 0..rows {
        for quad in 0..quads {
            let _ = writeln!(text, "    var c{row}{quad} = vec4<f32>();");
        }
    }
    // The outer loop computes A's offset, and the inner one continues from there.
    let chunk = steps_at_a_time(gemm);
    let _ = writeln!(
        text,
        "    for (var chunk = first; chunk < end; chunk += {chunk}u) {{\n        let s = a_step(chunk);"
    );
    let fours = if gemm.a.wide { " / 4u" } else { "" };
    if is_sum {
        text.push_str("        let shift = a_at(row0, s);\n");
    }
    for place in 0..places {
        let _ = match is_sum {
            true => writeln!(text, "        var i{place} = u32(at{place} + shift){fours};"),
            false => writeln!(
                text,
                "        let at{place} = a_at(p{place}, s);\n        var i{place} = u32(max(at{place}, 0)){fours};"
            ),
        };
    }
    let unroll = if fours_of_steps(gemm) { 4 } else { 1 };
    let _ = writeln!(text, "        let chunk_end = chunk + {chunk}u;");
    let _ = writeln!(text, "        for (var step = chunk; step < chunk_end; step += {unroll}u) {{");
    // In words of the buffer.
    let stride =
        if gemm.a.along == Along::Steps { unroll } else { gemm.a.run.stride } / if gemm.a.wide { 4 } else { 1 };
    let zero = if gemm.a.wide { "vec4<f32>()" } else { "0.0" };
    for place in 0..places {
        let element = format!("x0[i{place}]");
        let element = if gemm.a.zeros { format!("select({zero}, {element}, at{place} >= 0)") } else { element };
        let _ = writeln!(text, "            let a{place} = {element};");
        if chunk > unroll {
            let _ = writeln!(text, "            i{place} += {stride}u;");
        }
    }
    for step in 0..unroll {
        for quad in 0..quads {
            let _ = writeln!(text, "            let b{step}{quad} = x1[(step + {step}u) * QUADS + q{quad}];");
        }
        for row in 0..rows {
            let a = if fours_of_rows(gemm) {
                format!("a{}[{}]", row / 4, row % 4)
            } else if fours_of_steps(gemm) {
                format!("a{row}[{step}]")
            } else {
                format!("a{row}")
            };
            for quad in 0..quads {
                let _ = writeln!(text, "            c{row}{quad} += {a} * b{step}{quad};");
            }
        }
    }
    text.push_str("        }\n    }\n");
    // Use a loop: without one, the code of `store` would be compiled once for every result.
    let results: Vec<String> = (0..rows).flat_map(|row| (0..quads).map(move |quad| format!("c{row}{quad}"))).collect();
    let _ = writeln!(
        text,
        "    var results = array<vec4<f32>, {count}>({});\n    for (var i = 0u; i < {count}u; i++) {{\n        \
         store_four(split, row + i / {quads}u, quad + i % {quads}u, results[i]);\n    }}\n}}",
        results.join(", "),
        count = results.len()
    );
    text
}
