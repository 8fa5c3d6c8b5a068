use std::sync::Arc;

use super::{Pool2d, Pool2dGradient, PoolKind, output_shape};
use crate::ir::Op;
use crate::ir::op::Case;
use crate::ops::case_values::{integers, uniform};
use crate::ops::window::Padding::{Same, Valid};
use crate::tensor::{HostTensor, Shape};

/// Makes the cases of both poolings and their gradients, for each of a list of geometries.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (label, input, window, strides, padding) in [
        ("2x2", [2, 6, 6, 8], [2, 2], [2, 2], Valid),
        ("2x2, a row and a column left over", [2, 5, 7, 5], [2, 2], [2, 2], Valid),
        ("2x2 same, odd sizes", [2, 5, 7, 6], [2, 2], [2, 2], Same),
        ("3x3 stride 2 same, overlapping", [1, 7, 6, 3], [3, 3], [2, 2], Same),
        ("3x2 stride 1 valid, overlapping", [2, 5, 4, 9], [3, 2], [1, 1], Valid),
        ("2x2 stride 3, gaps", [1, 8, 7, 4], [2, 2], [3, 3], Valid),
        ("the whole image", [3, 4, 5, 7], [4, 5], [4, 5], Valid),
        ("5x5 same on a small image", [1, 3, 2, 2], [5, 5], [1, 1], Same),
    ] {
        let shape = Shape::from(input);
        for kind in [PoolKind::Max, PoolKind::Average] {
            let pool = Pool2d { kind, window, strides, padding };
            // A geometry that does not fit fails as a case, which the tests then name.
            let output = pool.geometry(pool.name(), input).map(|geometry| output_shape(&geometry)).unwrap_or_default();
            let gradient = uniform(output, -1.0, 1.0, 3);
            // The values are so far apart that a finite difference never changes the position of the maximum.
            let distinct = spread(&shape);
            cases.push(Case {
                label: format!("{label}, {}", pool.name()),
                op: Arc::new(pool),
                inputs: vec![distinct.clone()],
                differentiable: vec![true],
                tolerance: 1e-6,
            });
            let op = Arc::new(Pool2dGradient { pool, input_shape: shape.clone() });
            let mut gradient_case = |what: &str, inputs: Vec<HostTensor>| {
                cases.push(Case {
                    label: format!("{label}, {}{what}", op.name()),
                    op: op.clone(),
                    differentiable: vec![kind == PoolKind::Average; inputs.len()],
                    inputs,
                    tolerance: 1e-5,
                });
            };
            match kind {
                PoolKind::Average => gradient_case("", vec![gradient]),
                PoolKind::Max => {
                    gradient_case("", vec![gradient.clone(), distinct]);
                    gradient_case(" with ties", vec![gradient, ties(&shape)]);
                }
            }
        }
    }
    cases
}

/// Returns a scrambled sequence of different values, 0.1 apart.
fn spread(shape: &Shape) -> HostTensor {
    let count = shape.len();
    // A stride that shares no factor with the count visits every value once.
    let stride = (count / 2 + 3..).find(|&stride| gcd(stride, count) == 1).unwrap_or(1);
    let mut tensor = uniform(shape.clone(), 0.0, 1.0, 1);
    for (index, word) in tensor.words_mut().iter_mut().enumerate() {
        *word = (index * stride % count) as f32 * 0.1 - count as f32 * 0.05;
    }
    tensor
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Returns few different values, so that most windows have several maxima.
fn ties(shape: &Shape) -> HostTensor {
    let mut tensor = uniform(shape.clone(), 0.0, 1.0, 1);
    for (word, integer) in tensor.words_mut().iter_mut().zip(integers(shape.clone(), 2, 5).i32s()) {
        *word = *integer as f32;
    }
    tensor
}
