//! Plain implementation in `f64`, number by number, with which tests compare the kernels.

use super::cell::CellKind;
use super::{Extents, Recurrent};
use crate::simd::recurrent::Activation;
use crate::tensor::{HostTensor, TensorType};

fn apply(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Linear => x,
        Activation::Relu => x.max(0.0),
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Activation::Tanh => x.tanh(),
    }
}

pub(super) fn forward(op: &Recurrent, inputs: &[&HostTensor], output: &TensorType) -> Option<HostTensor> {
    let types: Vec<&TensorType> = inputs.iter().map(|input| input.tensor_type()).collect();
    let extents @ Extents { batch, steps, units } = op.extents("recurrent", &types).ok()?;
    let (cell, places) = (op.cell, op.places(2));
    let width = cell.gates() * units;
    let read = |input: usize, at: usize| f64::from(inputs[input].words()[at]);
    let mut result = vec![0.0f32; output.shape.len()];
    for example in 0..batch {
        let (mut state, mut carry) = (vec![0.0; units], vec![0.0; units]);
        for step in 0..steps {
            let place = extents.place(op.backwards, step);
            let row = example * steps + place;
            let kept = &mut result[row * cell.kept() * units..][..cell.kept() * units];
            let is_masked = places.mask.is_some_and(|mask| read(mask, row) == 0.0);
            let seen = |gate: usize, unit: usize| {
                let factor = places.factors.map_or(1.0, |at| read(at, example * width + gate * units + unit));
                state[unit] * factor
            };
            let projected = |gate: usize, unit: usize| read(0, row * width + gate * units + unit);
            let times_kernel = |gate: usize, unit: usize, of: &dyn Fn(usize) -> f64| -> f64 {
                let bias = places.bias.map_or(0.0, |at| read(at, gate * units + unit));
                bias + (0..units).map(|from| of(from) * read(1, from * width + gate * units + unit)).sum::<f64>()
            };
            let product = |gate: usize, unit: usize| times_kernel(gate, unit, &|from| seen(gate, from));
            let (f, g) = (cell.functions.state, cell.functions.gates);
            let mut next = vec![[0.0; 6]; units];
            for (unit, values) in next.iter_mut().enumerate() {
                let gate = |gate: usize| apply(g, projected(gate, unit) + product(gate, unit));
                match cell.kind {
                    CellKind::Simple => values[0] = apply(f, projected(0, unit) + product(0, unit)),
                    CellKind::Lstm => {
                        let candidate = apply(f, projected(2, unit) + product(2, unit));
                        let carry = gate(1) * carry[unit] + gate(0) * candidate;
                        *values = [gate(0), gate(1), candidate, gate(3), carry, gate(3) * apply(f, carry)];
                    }
                    CellKind::Gru { reset_after } => {
                        let (z, r) = (gate(0), gate(1));
                        let reset = |from: usize| apply(g, projected(1, from) + product(1, from)) * seen(2, from);
                        let (inner, sum) = match reset_after {
                            true => (product(2, unit), r * product(2, unit)),
                            false => (reset(unit), times_kernel(2, unit, &reset)),
                        };
                        let candidate = apply(f, projected(2, unit) + sum);
                        *values = [z, r, candidate, inner, z * state[unit] + (1.0 - z) * candidate, 0.0];
                    }
                }
            }
            for (unit, values) in next.iter().enumerate() {
                let mut values = *values;
                if is_masked {
                    values = [0.0; 6];
                    values[cell.kept() - 1] = state[unit];
                    if let Some(at) = cell.carry() {
                        values[at] = carry[unit];
                    }
                }
                for (part, value) in values.iter().take(cell.kept()).enumerate() {
                    kept[part * units + unit] = *value as f32;
                }
                state[unit] = values[cell.kept() - 1];
                carry[unit] = cell.carry().map_or(0.0, |at| values[at]);
            }
        }
    }
    HostTensor::f32(output.shape.clone(), result)
}
