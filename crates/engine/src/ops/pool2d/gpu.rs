//! GPU kernels: one element per invocation, or four channels if windows are adjacent and within the image, as nearly
//! all are.

use std::fmt::Write as _;

use super::{Pool2d, Pool2dGradient, PoolKind};
use crate::ir::gpu::{Buffer, Element, Form, GpuCall, Pass, division, signed_constants};
use crate::simd::pool::PoolGeometry;

/// Maximum number of taps that are written out.
const MOST_TAPS: usize = 25;

fn sizes(g: &PoolGeometry) -> String {
    signed_constants(&[
        ("H", g.height),
        ("W", g.width),
        ("C", g.channels),
        ("KH", g.window_height),
        ("KW", g.window_width),
        ("OH", g.out_height),
        ("OW", g.out_width),
        ("SH", g.stride_height),
        ("SW", g.stride_width),
        ("PT", g.pad_top),
        ("PL", g.pad_left),
    ]) + division(g.batch * g.channels * (g.height * g.width).max(g.out_height * g.out_width))
}

/// Returns true if an invocation can take four channels, with every window written out.
fn is_wide(g: &PoolGeometry) -> bool {
    let inside = g.pad_top == 0
        && g.pad_left == 0
        && (g.out_height - 1) * g.stride_height + g.window_height <= g.height
        && (g.out_width - 1) * g.stride_width + g.window_width <= g.width;
    inside && g.channels.is_multiple_of(4) && g.window_height * g.window_width <= MOST_TAPS
}

pub(super) fn forward(op: &Pool2d, call: &GpuCall<'_>) -> Vec<Pass> {
    // `infer` has checked the types.
    let Ok(g) = op.forward_geometry(call.input_types) else { return Vec::new() };
    if is_wide(&g) {
        let count = call.output_type.shape.len();
        return vec![Pass {
            form: Form::Quads { count },
            reads: vec![(Buffer::Input(0), Element::Vec4)],
            ..Pass::elements(call, sizes(&g) + &wide_forward(op.kind, &g))
        }];
    }
    let body = match op.kind {
        PoolKind::Max => include_str!("gpu/max.wgsl"),
        PoolKind::Average => include_str!("gpu/average.wgsl"),
    };
    vec![Pass::elements(call, sizes(&g) + body)]
}

pub(super) fn gradient(op: &Pool2dGradient, call: &GpuCall<'_>) -> Vec<Pass> {
    let Ok(g) = op.geometry(call.input_types) else { return Vec::new() };
    if is_wide(&g) && g.stride_height >= g.window_height && g.stride_width >= g.window_width {
        // Windows do not overlap: each writes the pixels from its own first one up to the next window's first.
        let (cells_down, cells_across) = (g.height.div_ceil(g.stride_height), g.width.div_ceil(g.stride_width));
        let count = g.batch * cells_down * cells_across * g.channels / 4;
        let cells = signed_constants(&[("CELLS_DOWN", cells_down), ("CELLS_ACROSS", cells_across)]);
        return vec![Pass {
            reads: (0..call.input_types.len()).map(|input| (Buffer::Input(input), Element::Vec4)).collect(),
            ..Pass::rows(call, count, sizes(&g) + &cells + &wide_gradient(op.pool.kind, &g))
        }];
    }
    let share = match op.pool.kind {
        PoolKind::Max => include_str!("gpu/max_gradient.wgsl"),
        PoolKind::Average => include_str!("gpu/average_gradient.wgsl"),
    };
    vec![Pass::elements(call, [&sizes(&g), include_str!("gpu/gradient.wgsl"), share].concat())]
}

/// Returns the offset of an element of a window from its first, in `vec4`s.
fn tap(g: &PoolGeometry, row: usize, column: usize) -> usize {
    (row * g.width + column) * g.channels / 4
}

fn taps(g: &PoolGeometry) -> Vec<usize> {
    (0..g.window_height).flat_map(|row| (0..g.window_width).map(move |column| tap(g, row, column))).collect()
}

fn wide_forward(kind: PoolKind, g: &PoolGeometry) -> String {
    let mut text = String::from(include_str!("gpu/wide_forward.wgsl"));
    let mut taps = taps(g).into_iter();
    let _ = writeln!(text, "    var result = x0[at + {}u];", taps.next().unwrap_or_default());
    for tap in taps {
        let _ = match kind {
            PoolKind::Max => writeln!(text, "    result = greater(result, x0[at + {tap}u]);"),
            PoolKind::Average => writeln!(text, "    result += x0[at + {tap}u];"),
        };
    }
    if kind == PoolKind::Average {
        text.push_str("    result /= f32(KH * KW);\n");
    }
    text.push_str("    return result;\n}\n");
    text
}

fn wide_gradient(kind: PoolKind, g: &PoolGeometry) -> String {
    let mut text = String::from(include_str!("gpu/wide_gradient.wgsl"));
    text.push_str("    var gradient = vec4<f32>();\n    var winner = vec4<u32>(NOBODY);\n");
    text.push_str("    if (down < OH && across < OW) {\n        gradient = x0[u32(((n * OH + down) * OW + across) * C4 + channel)];\n");
    match kind {
        PoolKind::Max => {
            // The first maximum in row-major order gets the whole gradient.
            for (number, tap) in taps(g).into_iter().enumerate() {
                let _ = match number {
                    0 => writeln!(text, "        var greatest = x1[at + {tap}u];\n        winner = vec4<u32>();"),
                    _ => writeln!(
                        text,
                        "        let v{number} = x1[at + {tap}u];\n        \
                         winner = select(winner, vec4<u32>({number}u), v{number} > greatest);\n        \
                         greatest = select(greatest, v{number}, v{number} > greatest);"
                    ),
                };
            }
        }
        PoolKind::Average => text.push_str("        gradient /= f32(KH * KW);\n"),
    }
    text.push_str("    }\n");
    for row in 0..g.stride_height {
        for column in 0..g.stride_width {
            let in_window = row < g.window_height && column < g.window_width;
            let value = match kind {
                _ if !in_window => "vec4<f32>()".to_owned(),
                PoolKind::Average => "gradient".to_owned(),
                PoolKind::Max => {
                    format!("select(vec4<f32>(), gradient, winner == vec4<u32>({}u))", row * g.window_width + column)
                }
            };
            let _ = writeln!(
                text,
                "    if (top + {row} < H && left + {column} < W) {{ store_four(at + {}u, {value}); }}",
                tap(g, row, column)
            );
        }
    }
    text.push_str("}\n");
    text
}
