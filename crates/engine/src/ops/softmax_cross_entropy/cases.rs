use std::sync::Arc;

use super::SoftmaxCrossEntropy;
use crate::ir::op::Case;
use crate::ops::case_values::{integers, uniform};

pub fn cases() -> Vec<Case> {
    let case = |samples: usize, classes: usize| Case {
        label: format!("{samples} samples of {classes} classes"),
        op: Arc::new(SoftmaxCrossEntropy),
        inputs: vec![uniform([samples, classes], -2.0, 2.0, 1), integers([samples], classes as u32, 2)],
        differentiable: vec![true, false],
        tolerance: 1e-5,
    };
    vec![case(5, 10), case(3, 2), case(2, 37)]
}
