//! Explanations of the numbers that a cell keeps and of their gradients, step by step.

use super::{CellKind, Extents, Recurrent, RecurrentGradient};
use crate::ir::{ExplainCall, Explanation, Expr, Part, Place, Product};
use crate::simd::recurrent::Activation;
use crate::tensor::TensorType;

/// An explanation that is being put together: each part gives the expression that reads it.
#[derive(Default)]
struct Parts(Vec<Part>);

impl Parts {
    fn part(&mut self, part: Part) -> Expr {
        self.0.push(part);
        Expr::input(self.0.len() - 1)
    }

    /// Reads a number; one that is missing, because there is no step before, is 0.
    fn number(&mut self, place: impl Into<Option<Place>>) -> Expr {
        match place.into() {
            Some(place) => self.part(Part::Number(place)),
            None => Expr::constant(0.0),
        }
    }

    fn explain(self, expression: Expr) -> Option<Explanation> {
        Some(Explanation::expression(expression, self.0))
    }
}

fn value(function: Activation, x: Expr) -> Expr {
    match function {
        Activation::Linear => x,
        Activation::Relu => x.max(0.0),
        Activation::Sigmoid => Expr::constant(1.0) / (Expr::constant(1.0) + (-x).exp()),
        Activation::Tanh => x.tanh(),
    }
}

/// Builds the slope where the function has the value `y`, times a number.
fn times_slope(function: Activation, number: Expr, y: Expr) -> Expr {
    match function {
        Activation::Linear => number,
        Activation::Relu => y.greater(0.0).select(number, 0.0),
        Activation::Sigmoid => number * y.clone() * (Expr::constant(1.0) - y),
        Activation::Tanh => number * (Expr::constant(1.0) - y.clone() * y),
    }
}

/// A place in the sequence of one example.
struct Step {
    example: usize,
    place: usize,
    before: Option<usize>,
    after: Option<usize>,
    is_masked: bool,
}

impl Recurrent {
    fn step(&self, extents: Extents, mask: Option<usize>, call: &ExplainCall<'_>, row: usize) -> Step {
        let Extents { steps, .. } = extents;
        let (example, place) = (row / steps, row % steps);
        let earlier = place.checked_sub(1);
        let later = Some(place + 1).filter(|place| *place < steps);
        let (before, after) = if self.backwards { (later, earlier) } else { (earlier, later) };
        Step { example, place, before, after, is_masked: is_masked(call, mask, row) }
    }

    /// Explains a number that the cell keeps of a step.
    pub(super) fn explain_kept(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let types: Vec<&TensorType> = call.inputs.iter().map(|input| input.tensor_type()).collect();
        let extents @ Extents { steps, units, .. } = self.extents("recurrent", &types).ok()?;
        let (cell, places) = (self.cell, self.places(2));
        let (gates, kept) = (cell.gates(), cell.kept());
        let (row, part, unit) = (call.at / (kept * units), call.at / units % kept, call.at % units);
        let step = self.step(extents, places.mask, call, row);
        let of_place = |place: usize, part: usize, unit: usize| {
            Place::own(((step.example * steps + place) * kept + part) * units + unit)
        };
        let own = |part: usize| of_place(step.place, part, unit);
        let before = |part: usize| step.before.map(|place| of_place(place, part, unit));
        let state = kept - 1;
        let mut parts = Parts::default();
        if step.is_masked {
            let stays = part == state || cell.carry() == Some(part);
            let copy = parts.number(before(part).filter(|_| stays));
            return parts.explain(copy);
        }
        let projected = |gate: usize| Place::input(0, (row * gates + gate) * units + unit);
        let kernel = |from: usize, gate: usize| Place::input(1, (from * gates + gate) * units + unit);
        let factor = |gate: usize, unit: usize| {
            places.factors.map(|input| Place::input(input, (step.example * gates + gate) * units + unit))
        };
        // The product of the state before with the recurrent kernel.
        let product = |gate: usize| {
            let bias = places.bias.map(|input| Product::new([Place::input(input, gate * units + unit)]));
            let from = (0..units).filter_map(|from| {
                let seen = of_place(step.before?, state, from);
                Some(Product::new([seen, kernel(from, gate)].into_iter().chain(factor(gate, from))))
            });
            Part::Sum(from.chain(bias).collect())
        };
        let sum = |parts: &mut Parts, gate: usize| parts.number(projected(gate)) + parts.part(product(gate));
        let functions = cell.functions;
        let expression = match (cell.kind, part) {
            (CellKind::Simple, _) => value(functions.state, sum(&mut parts, 0)),
            (CellKind::Lstm, 4) => {
                let added = parts.number(own(0)) * parts.number(own(2));
                match before(4) {
                    Some(carry) => parts.number(own(1)) * parts.number(carry) + added,
                    None => added,
                }
            }
            (CellKind::Lstm, 5) => parts.number(own(3)) * value(functions.state, parts.number(own(4))),
            (CellKind::Lstm, 2) => value(functions.state, sum(&mut parts, 2)),
            (CellKind::Gru { .. }, 4) => {
                let update = parts.number(own(0));
                let new = (Expr::constant(1.0) - update.clone()) * parts.number(own(2));
                match before(state) {
                    Some(state) => update * parts.number(state) + new,
                    None => new,
                }
            }
            (CellKind::Gru { reset_after: true }, 3) => parts.part(product(2)),
            (CellKind::Gru { reset_after: true }, 2) => {
                let inner = parts.number(own(1)) * parts.number(own(3));
                value(functions.state, parts.number(projected(2)) + inner)
            }
            (CellKind::Gru { reset_after: false }, 3) => match before(state) {
                Some(state) => {
                    let reset = parts.number(own(1)) * parts.number(state);
                    match factor(2, unit) {
                        Some(factor) => reset * parts.number(factor),
                        None => reset,
                    }
                }
                None => Expr::constant(0.0),
            },
            (CellKind::Gru { reset_after: false }, 2) => {
                let inner = (0..units).map(|from| Product::new([of_place(step.place, 3, from), kernel(from, 2)]));
                let inner = Part::Sum(inner.collect());
                value(functions.state, parts.number(projected(2)) + parts.part(inner))
            }
            (CellKind::Lstm | CellKind::Gru { .. }, gate) => value(functions.gates, sum(&mut parts, gate)),
        };
        parts.explain(expression)
    }
}

impl RecurrentGradient {
    /// Explains a gradient of a step.
    pub(super) fn explain_adjoint(&self, call: &ExplainCall<'_>) -> Option<Explanation> {
        let types: Vec<&TensorType> = call.inputs.iter().map(|input| input.tensor_type()).collect();
        let extents @ Extents { steps, units, .. } = self.extents(&types).ok()?;
        let Recurrent { cell, .. } = self.0;
        let places = self.0.places(3);
        let (gates, kept, adjoints) = (cell.gates(), cell.kept(), cell.adjoints());
        let (row, adjoint, unit) = (call.at / (adjoints * units), call.at / units % adjoints, call.at % units);
        let step = self.0.step(extents, places.mask, call, row);
        let row_of = |place: usize| step.example * steps + place;
        let saved_at = |place: usize, part: usize| Place::input(0, (row_of(place) * kept + part) * units + unit);
        let saved = |part: usize| saved_at(step.place, part);
        let saved_before = |part: usize| step.before.map(|place| saved_at(place, part));
        let of_place =
            |place: usize, adjoint: usize, unit: usize| Place::own((row_of(place) * adjoints + adjoint) * units + unit);
        let own = |adjoint: usize| of_place(step.place, adjoint, unit);
        let upstream = |part: usize| Place::input(2, (row * kept + part) * units + unit);
        // Only states have a gradient from outside as a rule; a zero need not be shown.
        let from_outside = |parts: &mut Parts, part: usize, sum: Expr| {
            let is_zero = crate::ir::explain::number(call.inputs[2], upstream(part).at) == 0.0;
            if is_zero { sum } else { sum + parts.number(upstream(part)) }
        };
        let kernel = |gate: usize, to: usize| Place::input(1, (unit * gates + gate) * units + to);
        let factor =
            |gate: usize| places.factors.map(|input| Place::input(input, (step.example * gates + gate) * units + unit));
        let (state, carry) = (adjoints - 1, cell.carry());
        let after = step.after.map(|place| (place, is_masked(call, places.mask, row_of(place))));
        let mut parts = Parts::default();
        if adjoint == state {
            let later: Vec<Product> = match after {
                None => Vec::new(),
                Some((place, true)) => vec![Product::new([of_place(place, state, unit)])],
                Some((place, false)) => {
                    let through = |gate: usize| {
                        let to = move |to: usize| {
                            let own = of_place(place, cell.sum_of(gate), to);
                            Product::new([own, kernel(gate, to)].into_iter().chain(factor(gate)))
                        };
                        (0..units).map(to)
                    };
                    let seen = if cell.resets_before() { gates - 1 } else { gates };
                    let mut later: Vec<Product> = (0..seen).flat_map(through).collect();
                    if matches!(cell.kind, CellKind::Gru { .. }) {
                        later.push(Product::new([of_place(place, state, unit), saved_at(place, 0)]));
                    }
                    if cell.resets_before() {
                        let inner = [of_place(place, 3, unit), saved_at(place, 1)];
                        later.push(Product::new(inner.into_iter().chain(factor(2))));
                    }
                    later
                }
            };
            let sum = parts.number(upstream(kept - 1)) + parts.part(Part::Sum(later));
            return parts.explain(sum);
        }
        if carry == Some(adjoint) {
            let later = match after {
                None => Vec::new(),
                Some((place, true)) => vec![Product::new([of_place(place, adjoint, unit)])],
                Some((place, false)) => vec![Product::new([of_place(place, adjoint, unit), saved_at(place, 1)])],
            };
            let later = parts.part(Part::Sum(later));
            let mut sum = from_outside(&mut parts, adjoint, later);
            if !step.is_masked {
                let through = parts.number(own(state)) * parts.number(saved(3));
                let squashed = value(cell.functions.state, parts.number(saved(4)));
                sum = sum + times_slope(cell.functions.state, through, squashed);
            }
            return parts.explain(sum);
        }
        if step.is_masked {
            return parts.explain(Expr::constant(0.0));
        }
        let (function, gate_function) = (cell.functions.state, cell.functions.gates);
        // The gradient of a function's value, the part that is the value, and the function.
        let (of_value, part, function) = match (cell.kind, adjoint) {
            (CellKind::Simple, _) => (parts.number(own(state)), kept - 1, function),
            (CellKind::Lstm, 0) => (parts.number(own(4)) * parts.number(saved(2)), 0, gate_function),
            (CellKind::Lstm, 1) => (parts.number(own(4)) * parts.number(saved_before(4)), 1, gate_function),
            (CellKind::Lstm, 2) => (parts.number(own(4)) * parts.number(saved(0)), 2, function),
            (CellKind::Lstm, _) => {
                (parts.number(own(state)) * value(function, parts.number(saved(4))), 3, gate_function)
            }
            (CellKind::Gru { .. }, 0) => {
                let difference = parts.number(saved_before(kept - 1)) - parts.number(saved(2));
                (parts.number(own(state)) * difference, 0, gate_function)
            }
            (CellKind::Gru { .. }, 2) => {
                let share = Expr::constant(1.0) - parts.number(saved(0));
                (parts.number(own(state)) * share, 2, function)
            }
            (CellKind::Gru { reset_after: true }, 3) => {
                (parts.number(own(2)) * parts.number(saved(1)), 3, Activation::Linear)
            }
            (CellKind::Gru { reset_after: true }, _) => {
                (parts.number(own(2)) * parts.number(saved(3)), 1, gate_function)
            }
            (CellKind::Gru { reset_after: false }, 3) => {
                let products = (0..units).map(|to| Product::new([of_place(step.place, 2, to), kernel(2, to)]));
                (parts.part(Part::Sum(products.collect())), 3, Activation::Linear)
            }
            (CellKind::Gru { reset_after: false }, _) => {
                let seen = parts.number(own(3)) * parts.number(saved_before(kept - 1));
                let seen = match factor(2) {
                    Some(factor) => seen * parts.number(factor),
                    None => seen,
                };
                (seen, 1, gate_function)
            }
        };
        // A simple cell keeps its state alone, whose gradient from outside is in that of the state already.
        let of_value = match cell.kind {
            CellKind::Simple => of_value,
            _ => from_outside(&mut parts, part, of_value),
        };
        let expression = match function {
            Activation::Linear => of_value,
            function => times_slope(function, of_value, parts.number(saved(part))),
        };
        parts.explain(expression)
    }
}

fn is_masked(call: &ExplainCall<'_>, mask: Option<usize>, row: usize) -> bool {
    let mask = mask.and_then(|input| call.inputs.get(input));
    mask.is_some_and(|mask| mask.words().get(row) == Some(&0.0))
}
