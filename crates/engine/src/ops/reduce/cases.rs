use std::sync::Arc;

use super::{Reduce, Reduction};
use crate::ir::op::Case;
use crate::ops::case_values::uniform;
use crate::random::Philox;
use crate::tensor::HostTensor;

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let shapes: &[(&[usize], &[usize])] = &[
        (&[5, 7], &[0]),
        (&[5, 7], &[1]),
        (&[3, 4], &[0, 1]),
        (&[3, 4, 5, 6], &[0, 1, 2]),
        (&[2, 3, 5, 4], &[1, 2]),
        (&[2, 3, 4], &[0, 2]),
        (&[2, 1, 3], &[0, 2]),
        (&[130, 35], &[0]),
        (&[2, 1100], &[1]),
        (&[4], &[]),
    ];
    for reduction in [Reduction::Sum, Reduction::Mean, Reduction::Max] {
        for (number, &(shape, axes)) in shapes.iter().enumerate() {
            let op = Reduce { reduction, axes: axes.into(), keep_axes: number % 2 == 1 };
            cases.push(Case {
                label: format!("{reduction:?} of {shape:?} over {axes:?}"),
                op: Arc::new(op),
                inputs: vec![match reduction {
                    Reduction::Max => distinct(shape, number as u64),
                    _ => uniform(shape, -1.0, 1.0, number as u64),
                }],
                differentiable: vec![true],
                tolerance: 1e-5,
            });
        }
    }
    cases
}

/// Returns numbers so far apart that finite differences do not change the position of the maximum.
fn distinct(shape: &[usize], seed: u64) -> HostTensor {
    let mut values = uniform(shape, 0.0, 1.0, seed);
    let mut random = Philox::new(seed, 1);
    let mut order: Vec<usize> = (0..values.shape().len()).collect();
    order.sort_by_cached_key(|_| random.next_u32());
    let middle = order.len() as f32 / 2.0;
    for (value, rank) in values.words_mut().iter_mut().zip(order) {
        *value = (rank as f32 - middle) * 0.03;
    }
    values
}
