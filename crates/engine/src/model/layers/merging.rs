//! The common part of layers that combine the numbers of several inputs, one by one: shapes that broadcast, formulas and
//! derivations.

use super::common::elements;
use crate::error::{ModelError, Result};
use crate::ir::{Graph, NodeId};
use crate::model::catalogue::shape_text;
use crate::model::formula::{Derivation, Formula, Reduction, Term, index, place};
use crate::ops::reshape::reshape;

/// The most inputs of a layer.
pub const MAX_INPUTS: usize = 8;

/// The letters of the inputs in formulas.
pub const LETTERS: [&str; MAX_INPUTS] = ["x_1", "x_2", "x_3", "x_4", "x_5", "x_6", "x_7", "x_8"];

/// Returns the shape to which all inputs broadcast, as in Keras: aligned at the last axis, and an extent of 1 is repeated.
///
/// # Errors
/// `input-shapes`, naming the first two shapes that do not fit.
pub fn broadcast(inputs: &[Vec<usize>]) -> Result<Vec<usize>> {
    let mut output: Vec<usize> = Vec::new();
    for input in inputs {
        let rank = output.len().max(input.len());
        let extent = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |at| shape[at]);
        let joined = (0..rank).map(|axis| match (extent(&output, axis), extent(input, axis)) {
            (one, other) if one == other || other == 1 => Some(one),
            (1, other) => Some(other),
            _ => None,
        });
        output = joined.collect::<Option<_>>().ok_or_else(|| {
            let [first, other] = [&output, input].map(|shape| shape_text(shape));
            ModelError::InputsDiffer { first, other }
        })?;
    }
    Ok(output)
}

/// Counts one operation for each number and each input after the first.
pub fn flops(inputs: &[Vec<usize>], output: &[usize]) -> u64 {
    elements(output) * inputs.len().saturating_sub(1) as u64
}

/// Combines the inputs `[N, input shape]`, the first two and then the result with the next.
///
/// # Errors
/// If the op does not accept what it is given.
pub fn fold(
    graph: &mut Graph,
    inputs: &[NodeId],
    combine: impl Fn(&mut Graph, NodeId, NodeId) -> Result<NodeId>,
) -> Result<NodeId> {
    let rank = inputs.iter().map(|input| graph.tensor_type(*input).shape.rank()).max().unwrap_or_default();
    let mut combined = None;
    for input in inputs {
        let mut shape = graph.tensor_type(*input).shape.dims().to_vec();
        // New axes stand behind that of the batch.
        while shape.len() < rank {
            shape.insert(1, 1);
        }
        let input = reshape(graph, *input, shape)?;
        combined = Some(match combined {
            Some(combined) => combine(graph, combined, input)?,
            None => input,
        });
    }
    combined.ok_or_else(|| ModelError::SeveralInputs { count: inputs.len() }.into())
}

/// Makes the formulas of `x_1 ∘ x_2 ∘ ...`; `factor` gives the factor of the gradient of the input at an index.
pub fn formula(
    inputs: &[Vec<usize>],
    output: &[usize],
    operator: &str,
    factor: impl Fn(&[&'static str], usize) -> String,
) -> Formula {
    let letters = &LETTERS[..inputs.len().min(MAX_INPUTS)];
    let gradient = |(at, (letter, shape)): (usize, (&&str, &Vec<usize>))| {
        // A repeated number gets the sum over its copies.
        let sum = if shape == output { "" } else { r"\sum " };
        format!(r"\frac{{∂L}}{{∂{letter}}} = {sum}g{}", factor(letters, at))
    };
    let mut symbols: Vec<(&'static str, Vec<usize>)> = letters.iter().copied().zip(inputs.iter().cloned()).collect();
    symbols.push(("y", output.to_vec()));
    Formula {
        forward: vec![format!("y = {}", letters.join(operator))],
        backward: letters.iter().zip(inputs).enumerate().map(gradient).collect(),
        symbols,
        ranges: Vec::new(),
    }
}

/// Derives a number of the output from one number of each input.
pub fn derivation(inputs: &[Vec<usize>], output: &[usize], at: usize, reduction: Reduction) -> Derivation {
    let place = place(output, at);
    let mut first = 0;
    let terms = inputs.iter().map(|input| {
        let own: Vec<usize> = place[place.len().saturating_sub(input.len())..]
            .iter()
            .zip(input)
            .map(|(at, extent)| if *extent == 1 { 0 } else { *at })
            .collect();
        let term = Term { input: Some(first + index(input, &own)), weight: 0 };
        first += input.iter().product::<usize>();
        term
    });
    Derivation { groups: vec![terms.collect()], columns: 1, reduction, ..Derivation::default() }
}
