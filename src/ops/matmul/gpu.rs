//! The kernel on a GPU.

use super::Matmul;
use crate::ir::gpu::{Element, GpuCall, Pass, constants};
use crate::ops::gemm::{Along, Gemm};

pub(super) fn passes(op: &Matmul, call: &GpuCall<'_>) -> Vec<Pass> {
    // Types have been checked by `infer`.
    let Ok(g) = op.geometry(call.input_types) else { return Vec::new() };
    // The axis along which A lies in memory, and its length.
    let (along, length) = if g.transpose_a { (Along::Rows, g.rows) } else { (Along::Steps, g.steps) };
    let wide = length.is_multiple_of(4);
    let four = if wide {
        "fn a_four(place: vec4<i32>, step: vec4<i32>) -> vec4<f32> { return x0[u32(place.x + step.x) / 4u]; }\n"
    } else {
        // Past the end of the axis lies the next row.
        include_str!("gpu.wgsl")
    };
    let place = match along {
        Along::Steps => {
            "fn a_place(row: u32) -> vec4<i32> { return vec4<i32>(i32(row * STEPS), 0, 0, 0); }\n\
                         fn a_step(step: u32) -> vec4<i32> { return vec4<i32>(i32(step), 0, 0, 0); }\n\
                         fn a_along(place: vec4<i32>, step: vec4<i32>) -> u32 { return u32(step.x); }\n"
        }
        Along::Rows => {
            "fn a_place(row: u32) -> vec4<i32> { return vec4<i32>(i32(row), 0, 0, 0); }\n\
                        fn a_step(step: u32) -> vec4<i32> { return vec4<i32>(i32(step * ROWS), 0, 0, 0); }\n\
                        fn a_along(place: vec4<i32>, step: vec4<i32>) -> u32 { return u32(place.x); }\n"
        }
    };
    Gemm {
        rows: g.rows,
        steps: g.steps,
        columns: g.columns,
        along,
        a: constants(&[("LENGTH", length)]) + place + four,
        a_element: if wide { Element::Vec4 } else { Element::F32 },
        a_input: 0,
        b_input: 1,
        b_at: g
            .transpose_b
            .then(|| "fn b_at(step: u32, column: u32) -> u32 { return column * STEPS + step; }".to_owned()),
        tiling: call.tiling,
    }
    .passes()
}
