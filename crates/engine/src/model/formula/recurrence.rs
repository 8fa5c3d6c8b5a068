//! A recurrent cell up to one step, for derivations: all that it keeps, by the plain implementation of its op.

use crate::ir::Op;
use crate::ops::recurrent::{Cell, CellKind, Recurrent};
use crate::tensor::HostTensor;

/// A place in the run of a recurrent cell through the sequence of one example.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Recurrence {
    pub cell: Cell,
    pub is_backwards: bool,
    /// Names of kernel, recurrent kernel and bias.
    pub weights: [&'static str; 3],
    pub steps: usize,
    pub features: usize,
    pub units: usize,
    /// The place in the input that is derived.
    pub place: usize,
    pub unit: usize,
    /// The gate whose sum is derived.
    pub gate: usize,
}

type Weights<'w, 'a> = &'w dyn Fn(&str) -> &'a [f32];

impl Recurrence {
    /// Returns the state after the step.
    pub fn state(&self, input: &[f32], weight: Weights<'_, '_>) -> f32 {
        self.kept(input, weight, self.cell.kept() - 1)
    }

    /// Returns a part of what the cell keeps of the step.
    pub fn kept(&self, input: &[f32], weight: Weights<'_, '_>, part: usize) -> f32 {
        self.run(input, weight).map_or(0.0, |kept| self.at(&kept, self.place, part, self.unit))
    }

    /// Returns the product of the state before with the recurrent kernel, as it enters the sum of the gate.
    pub fn product(&self, input: &[f32], weight: Weights<'_, '_>) -> f32 {
        let Some(kept) = self.run(input, weight) else { return 0.0 };
        let own = |part: usize| self.at(&kept, self.place, part, self.unit);
        if self.cell.kind == (CellKind::Gru { reset_after: true }) && self.gate == 2 {
            return own(1) * own(3);
        }
        let before = if self.is_backwards { self.place.checked_add(1) } else { self.place.checked_sub(1) };
        let before = before.filter(|place| *place < self.steps);
        let kernel = weight(self.weights[1]);
        let column = self.gate * self.units + self.unit;
        let width = self.cell.gates() * self.units;
        let seen = |unit: usize| match self.cell.kind {
            CellKind::Gru { reset_after: false } if self.gate == 2 => self.at(&kept, self.place, 3, unit),
            _ => before.map_or(0.0, |place| self.at(&kept, place, self.cell.kept() - 1, unit)),
        };
        let terms = (0..self.units).map(|unit| {
            f64::from(seen(unit)) * f64::from(kernel.get(unit * width + column).copied().unwrap_or_default())
        });
        terms.sum::<f64>() as f32
    }

    fn at(&self, kept: &[f32], place: usize, part: usize, unit: usize) -> f32 {
        kept.get((place * self.cell.kept() + part) * self.units + unit).copied().unwrap_or_default()
    }

    /// Returns all that the cell keeps, `[steps, kept * units]`; `None` if a weight is missing.
    fn run(&self, input: &[f32], weight: Weights<'_, '_>) -> Option<Vec<f32>> {
        let width = self.cell.gates() * self.units;
        let [kernel, recurrent_kernel, bias] = self.weights.map(weight);
        let is_reset_after = self.cell.kind == CellKind::Gru { reset_after: true };
        let own = |at: usize| f64::from(bias.get(at).copied().unwrap_or_default());
        let projected = (0..self.steps * width).map(|at| {
            let (place, column) = (at / width, at % width);
            let terms = (0..self.features).map(|feature| {
                let x = input.get(place * self.features + feature).copied().unwrap_or_default();
                f64::from(x) * f64::from(kernel.get(feature * width + column).copied().unwrap_or_default())
            });
            (terms.sum::<f64>() + own(column)) as f32
        });
        let projected = HostTensor::f32([1, self.steps, width], projected.collect())?;
        let mut inputs = vec![projected, HostTensor::f32([self.units, width], recurrent_kernel.to_vec())?];
        let has_bias = is_reset_after && bias.len() == 2 * width;
        if has_bias {
            inputs.push(HostTensor::f32([width], bias[width..].to_vec())?);
        }
        let op =
            Recurrent { cell: self.cell, backwards: self.is_backwards, has_bias, has_factors: false, has_mask: false };
        let inputs: Vec<&HostTensor> = inputs.iter().collect();
        let types: Vec<_> = inputs.iter().map(|input| input.tensor_type()).collect();
        let output = op.infer(&types).ok()?;
        op.reference(&inputs, &output).map(HostTensor::into_words)
    }
}
