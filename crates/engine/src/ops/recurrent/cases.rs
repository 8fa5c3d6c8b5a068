use std::sync::Arc;

use super::{Cell, CellKind, Recurrent, RecurrentGradient};
use crate::ir::op::Case;
use crate::ops::case_values::{integers, uniform};
use crate::simd::recurrent::{Activation, Activations};
use crate::tensor::{HostTensor, TensorType};

const TANH: Activations = Activations { state: Activation::Tanh, gates: Activation::Sigmoid };

fn cells() -> Vec<Cell> {
    let kinds =
        [CellKind::Simple, CellKind::Lstm, CellKind::Gru { reset_after: true }, CellKind::Gru { reset_after: false }];
    kinds.map(|kind| Cell { kind, functions: TANH }).to_vec()
}

/// Values of a mask, 0 or 1, with both in it.
fn mask(batch: usize, steps: usize) -> HostTensor {
    let mut mask = HostTensor::zeros(TensorType::f32([batch, steps]));
    let draws = integers([batch, steps], 3, 8);
    for (value, draw) in mask.words_mut().iter_mut().zip(draws.i32s()) {
        *value = f32::from(u8::from(*draw > 0));
    }
    mask
}

fn case(op: Recurrent, [batch, steps, units]: [usize; 3]) -> Case {
    let width = op.cell.gates() * units;
    let mut inputs = vec![uniform([batch, steps, width], -1.5, 1.5, 1), uniform([units, width], -0.7, 0.7, 2)];
    let mut differentiable = vec![true, true];
    if op.has_bias {
        inputs.push(uniform([width], -0.5, 0.5, 3));
        differentiable.push(true);
    }
    if op.has_factors {
        inputs.push(uniform([batch, width], 0.5, 2.0, 4));
        differentiable.push(false);
    }
    if op.has_mask {
        inputs.push(mask(batch, steps));
        differentiable.push(false);
    }
    Case {
        label: format!("{} of [{batch},{steps},{units}]", op.attributes()),
        op: Arc::new(op),
        inputs,
        differentiable,
        tolerance: 2e-5,
    }
}

/// Makes the case of a gradient, whose values need not be those that a cell would keep.
fn gradient_case(op: Recurrent, [batch, steps, units]: [usize; 3]) -> Case {
    let op = Recurrent { has_bias: false, ..op };
    let kept = [batch, steps, op.cell.kept() * units];
    let width = op.cell.gates() * units;
    let mut inputs =
        vec![uniform(kept, -0.9, 0.9, 5), uniform([units, width], -0.7, 0.7, 2), uniform(kept, -1.0, 1.0, 6)];
    if op.has_factors {
        inputs.push(uniform([batch, width], 0.5, 2.0, 4));
    }
    if op.has_mask {
        inputs.push(mask(batch, steps));
    }
    Case {
        label: format!("gradient, {} of [{batch},{steps},{units}]", op.attributes()),
        op: Arc::new(RecurrentGradient(op)),
        inputs,
        differentiable: Vec::new(),
        tolerance: 2e-5,
    }
}

/// Makes cases of every cell, alone and with all that may be added to it, at sizes on both sides of four lanes, of eight
/// columns and of 64 rows.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for cell in cells() {
        let plain = Recurrent { cell, backwards: false, has_bias: false, has_factors: false, has_mask: false };
        let has_bias = cell.kind == CellKind::Gru { reset_after: true };
        let full = Recurrent { has_bias, has_factors: true, has_mask: true, backwards: true, ..plain };
        for (op, extents) in [
            (plain, [2, 4, 5]),
            (plain, [1, 1, 1]),
            (plain, [66, 2, 3]),
            (full, [3, 5, 6]),
            (Recurrent { has_mask: true, ..plain }, [2, 3, 4]),
            (Recurrent { has_factors: true, ..plain }, [2, 3, 8]),
            (Recurrent { has_bias, backwards: true, ..plain }, [2, 3, 9]),
        ] {
            cases.push(case(op, extents));
            cases.push(gradient_case(op, extents));
        }
    }
    // At a kink, finite differences say nothing; these values stay away from it.
    let functions = Activations { state: Activation::Linear, gates: Activation::Tanh };
    let relu = Activations { state: Activation::Relu, gates: Activation::Sigmoid };
    for functions in [functions, relu] {
        for kind in [CellKind::Simple, CellKind::Lstm, CellKind::Gru { reset_after: true }] {
            let cell = Cell { kind, functions };
            let op = Recurrent { cell, backwards: false, has_bias: false, has_factors: false, has_mask: false };
            let mut own = case(op, [2, 2, 3]);
            if functions.state == Activation::Relu {
                own.inputs[0] = uniform([2, 2, cell.gates() * 3], 1.5, 3.0, 1);
                own.inputs[1] = uniform([3, cell.gates() * 3], 0.0, 0.2, 2);
            }
            cases.push(own);
        }
    }
    cases
}
