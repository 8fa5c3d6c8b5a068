//! Reductions on a GPU: one invocation per result. If many values reduce to few results, one invocation reduces a part,
//! and a second pass combines the parts in order.

use super::Reduction;
use crate::ir::gpu::{Buffer, Element, Form, GpuCall, Pass, constants, index_function};
use crate::tensor::Shape;

/// Maximum number of values of a part.
const PART: usize = 256;
const MAX_PARTS: usize = 256;

/// Makes the passes of a reduction over the axes that `is_reduced` marks.
pub fn passes(
    reduction: Reduction,
    shape: &Shape,
    is_reduced: &dyn Fn(usize) -> bool,
    call: &GpuCall<'_>,
) -> Vec<Pass> {
    let strides = shape.strides();
    let axes = |reduced: bool| -> Vec<(usize, usize)> {
        let chosen = (0..shape.rank()).filter(|&axis| is_reduced(axis) == reduced);
        chosen.map(|axis| (shape[axis], strides[axis])).collect()
    };
    let (kept, reduced) = (axes(false), axes(true));
    let results = call.output_type.shape.len();
    let values: usize = reduced.iter().map(|&(extent, _)| extent).product();
    let parts = values.div_ceil(PART).clamp(1, MAX_PARTS);
    let (start, combine) = match reduction {
        Reduction::Sum | Reduction::Mean => ("0.0", "a + b"),
        // A NaN must not disappear.
        Reduction::Max => ("-3.4028234e38", "select(b, a, a > b || is_nan(a))"),
    };
    let combine = format!("fn combine(a: f32, b: f32) -> f32 {{ return {combine}; }}\nconst START = {start};\n");
    let scale = if reduction == Reduction::Mean { 1.0 / values as f32 } else { 1.0 };
    let scale_of = |last: bool| format!("const SCALE: f32 = {:?};\n", if last { scale } else { 1.0 });

    let partial = Buffer::Scratch { number: 0, size_words: parts * results };
    let first = Pass {
        source: [
            constants(&[("RESULTS", results.max(1)), ("VALUES", values), ("PARTS", parts)]),
            index_function("kept_at", &kept, 0),
            index_function("value_at", &reduced, 0),
            combine.clone(),
            scale_of(parts == 1),
            include_str!("gpu.wgsl").to_owned(),
        ]
        .concat(),
        form: Form::Elements { count: parts * results },
        reads: vec![(Buffer::Input(0), Element::F32)],
        writes: if parts == 1 { Buffer::Output } else { partial },
        integers: false,
    };
    if parts == 1 {
        return vec![first];
    }
    let second = Pass {
        source: [
            constants(&[("RESULTS", results.max(1)), ("VALUES", parts), ("PARTS", 1)]),
            "fn kept_at(i: u32) -> u32 { return i; }\nfn value_at(i: u32) -> u32 { return i * RESULTS; }\n".to_owned(),
            combine,
            scale_of(true),
            include_str!("gpu.wgsl").to_owned(),
        ]
        .concat(),
        form: Form::Elements { count: results },
        reads: vec![(partial, Element::F32)],
        writes: Buffer::Output,
        integers: false,
    };
    vec![first, second]
}
