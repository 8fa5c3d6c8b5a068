//! A product with a tile of A and one of B in workgroup memory, 4 x 4 results per invocation, for real GPUs.

use super::{Along, Gemm, Tile};
use crate::ir::gpu::constants;

/// Steps of a tile.
pub(super) const TILE_STEPS: usize = 16;
/// Rows of a tile.
const TILE_ROWS: usize = 64;

fn tile_quads(gemm: &Gemm) -> usize {
    if gemm.quads() <= 8 { 8 } else { 16 }
}

fn tiles(gemm: &Gemm) -> [usize; 2] {
    [gemm.quads().div_ceil(tile_quads(gemm)), gemm.rows.div_ceil(TILE_ROWS)]
}

pub(super) fn invocations(gemm: &Gemm) -> usize {
    tiles(gemm).iter().product::<usize>() * tile_quads(gemm) * TILE_ROWS / 4
}

pub(super) fn tile(gemm: &Gemm, splits: usize) -> Tile {
    let tiles = tiles(gemm);
    Tile {
        source: text(gemm),
        workgroup_size: [tile_quads(gemm), TILE_ROWS / 4, 1],
        workgroups: [tiles[0], tiles[1], splits],
    }
}

fn text(gemm: &Gemm) -> String {
    let a = &gemm.a;
    let (four, fill) = match (a.wide, a.along) {
        (true, Along::Steps) => (WIDE, FILL_ALONG_STEPS),
        (true, Along::Rows) => (WIDE, FILL_ALONG_ROWS),
        (false, Along::Steps) => (NARROW_STEPS, FILL_ALONG_STEPS),
        (false, Along::Rows) => (NARROW_ROWS, FILL_ALONG_ROWS),
    };
    let last = match a.along {
        Along::Rows => gemm.rows.next_multiple_of(4) - 4,
        Along::Steps => gemm.rows - 1,
    };
    constants(&[
        ("TILE_STEPS", TILE_STEPS),
        ("TILE_ROWS", TILE_ROWS),
        ("TILE_QUADS", tile_quads(gemm)),
        ("THREADS", tile_quads(gemm) * TILE_ROWS / 4),
        ("LAST_ROW", last),
    ]) + four
        + include_str!("workgroup.wgsl").replace("// FILL\n", fill).as_str()
}

/// `fn a_four(row: u32, step: u32) -> vec4<f32>`: four adjacent elements of A along rows or steps, 0 beyond the end.
const WIDE: &str = "\
fn a_four(row: u32, step: u32) -> vec4<f32> {
    let at = a_at(a_row(row), a_step(step));
    return select(vec4<f32>(), x0[u32(max(at, 0)) / 4u], at >= 0);
}
";

const NARROW_STEPS: &str = "\
fn a_four(row: u32, step: u32) -> vec4<f32> {
    let place = a_row(row);
    var four = vec4<f32>();
    for (var i = 0u; i < 4u; i++) {
        let at = a_at(place, a_step(min(step + i, STEPS - 1u)));
        four[i] = select(0.0, x0[u32(max(at, 0))], (at >= 0) & (step + i < STEPS));
    }
    return four;
}
";

const NARROW_ROWS: &str = "\
fn a_four(row: u32, step: u32) -> vec4<f32> {
    let s = a_step(step);
    var four = vec4<f32>();
    for (var i = 0u; i < 4u; i++) {
        let at = a_at(a_row(min(row + i, ROWS - 1u)), s);
        four[i] = select(0.0, x0[u32(max(at, 0))], (at >= 0) & (row + i < ROWS));
    }
    return four;
}
";

const FILL_ALONG_STEPS: &str = "\
        for (var i = index; i < TILE_ROWS * TILE_STEPS / 4u; i += THREADS) {
            let row = i / (TILE_STEPS / 4u);
            let inner = i % (TILE_STEPS / 4u) * 4u;
            var four = vec4<f32>();
            if (step + inner < end) { four = a_four(min(first_row + row, LAST_ROW), step + inner); }
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
            if (step + inner < end) { four = a_four(min(first_row + row, LAST_ROW), step + inner); }
            let at = inner * TILE_ROWS + row;
            a_tile[at] = four.x;
            a_tile[at + 1u] = four.y;
            a_tile[at + 2u] = four.z;
            a_tile[at + 3u] = four.w;
        }
";
