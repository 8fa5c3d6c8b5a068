//! Test cases.

use std::sync::Arc;

use super::{Concat, Pad, Reverse, Slice, Transpose};
use crate::ir::Op;
use crate::ir::op::Case;
use crate::ops::case_values::uniform;

pub fn cases() -> Vec<Case> {
    let case = |op: Arc<dyn Op>, shapes: &[&[usize]]| Case {
        label: format!("{} {{{}}} of {shapes:?}", op.name(), op.attributes()),
        op,
        inputs: shapes.iter().zip(1..).map(|(&shape, seed)| uniform(shape, -1.0, 1.0, seed)).collect(),
        differentiable: vec![true; shapes.len()],
        tolerance: 0.0,
    };
    let transposed = |permutation: &[usize]| Arc::new(Transpose { permutation: permutation.into() });
    let part = |start: &[usize], end: &[usize]| Arc::new(Slice { start: start.into(), end: end.into() });
    let padded = |before: &[usize], after: &[usize]| Arc::new(Pad { before: before.into(), after: after.into() });
    vec![
        case(transposed(&[1, 0]), &[&[3, 5]]),
        case(transposed(&[2, 0, 1]), &[&[2, 3, 4]]),
        case(transposed(&[0, 2, 1, 3]), &[&[2, 3, 4, 5]]),
        case(transposed(&[]), &[&[]]),
        case(Arc::new(Reverse { axis: 1 }), &[&[2, 3, 4]]),
        case(Arc::new(Reverse { axis: 0 }), &[&[5]]),
        case(Arc::new(Concat { axis: 1 }), &[&[2, 3], &[2, 1], &[2, 4]]),
        case(Arc::new(Concat { axis: 0 }), &[&[2, 3], &[1, 3]]),
        case(Arc::new(Concat { axis: 2 }), &[&[2, 3, 1], &[2, 3, 2]]),
        case(part(&[1, 0, 2], &[3, 2, 4]), &[&[4, 3, 5]]),
        case(part(&[0, 1], &[2, 2]), &[&[2, 3]]),
        case(padded(&[1, 0, 2], &[0, 2, 1]), &[&[2, 3, 4]]),
        case(padded(&[0], &[3]), &[&[4]]),
    ]
}
