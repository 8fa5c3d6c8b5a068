//! Explanations of layers: formulas, and the derivation of one number of the output. Each layer makes its own, in its own
//! file, from the parts here.
//!
//! Formulas are in a small part of TeX's notation, with letters beyond ASCII as they are: `y_{i,j} = \max(0, z_{i,j})`.

mod expression;
mod recurrence;

pub use expression::{expression, significant};
pub use recurrence::Recurrence;

use super::activations;
use super::catalogue::ResolvedLayer;
use crate::tensor::number_text;
pub use crate::tensor::{index, place};

impl ResolvedLayer {
    /// Returns the layer's formulas, with its numbers.
    pub fn formula(&self) -> Formula {
        self.layer_type.formula(&self.settings, &self.input_shapes, &self.output_shape)
    }

    /// Returns how the number at this index of the output is computed, for one example.
    pub fn derivation(&self, at: usize) -> Derivation {
        self.layer_type.derivation(&self.settings, &self.input_shapes, &self.output_shape, at)
    }

    /// Returns the input to which [`Term::input`] refers, and the place in it.
    pub fn input_place(&self, at: usize) -> (usize, Vec<usize>) {
        let mut at = at;
        for (input, shape) in self.input_shapes.iter().enumerate() {
            let length = shape.iter().product();
            if at < length {
                return (input, place(shape, at));
            }
            at -= length;
        }
        (0, vec![at])
    }
}

/// A layer's formulas.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Formula {
    pub forward: Vec<String>,
    /// With `g = ∂L/∂y`, the gradient of the loss with respect to the output.
    pub backward: Vec<String>,
    /// The tensors in them: letter, and shape without the batch axis.
    pub symbols: Vec<(&'static str, Vec<usize>)>,
    /// The ranges of indices: `u = 0 … 2`.
    pub ranges: Vec<String>,
}

impl Formula {
    /// Appends `y = f(z)` and `δ = g f'(z)` for an activation function.
    pub fn activated(mut self, activation: &str) -> Self {
        let (value, delta) = activations::formula(activation);
        self.forward.push(value.to_owned());
        self.backward.insert(0, delta.to_owned());
        self
    }
}

/// Formats the range of an index, `u = 0 … 2`.
pub fn range(letter: &str, count: usize) -> String {
    format!("{letter} = 0 … {}", count.saturating_sub(1))
}

/// The computation of one number of a layer's output: its operands and the steps on them. It refers to places in
/// tensors, of one example, row by row; the numbers themselves are the reader's. Several inputs count as one tensor, one
/// behind the other.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Derivation {
    /// The operands, in one group for each channel of the input.
    pub groups: Vec<Vec<Term>>,
    /// Columns of a group, where it is a window on an image.
    pub columns: usize,
    pub reduction: Reduction,
    /// The weight that terms refer to.
    pub weight: Option<&'static str>,
    /// Numbers that terms refer to in place of those of a weight.
    pub shares: Vec<f32>,
    /// A second weight, by one of whose numbers each group is multiplied, and their places in it.
    pub group_weight: Option<(&'static str, Vec<usize>)>,
    pub steps: Vec<Step>,
}

/// One number of the input, and the weight that it is multiplied by.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Term {
    /// `None`: a zero of the padding.
    pub input: Option<usize>,
    /// A place in the weight, or among the shares; it means nothing where the derivation has neither.
    pub weight: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reduction {
    /// The only number, unchanged.
    #[default]
    Copy,
    Sum,
    Product,
    /// The largest, of those that are no padding.
    Max,
    /// The mean of the numbers that are no padding.
    Mean,
}

/// A step after the reduction.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// A number of a weight is added.
    Add {
        weight: &'static str,
        at: usize,
    },
    /// A number of a weight is taken away.
    Subtract {
        weight: &'static str,
        at: usize,
    },
    /// Divided by the root of a number of a weight plus epsilon.
    DivideByRoot {
        weight: &'static str,
        at: usize,
        epsilon: f64,
    },
    Multiply {
        weight: &'static str,
        at: usize,
    },
    /// Multiplied by a number.
    Scale(f64),
    /// A number is added.
    Shift(f64),
    /// Taken away from a number of the input.
    SubtractFromInput {
        at: usize,
    },
    /// In its place comes the row of a table that it numbers, of which it takes one column.
    Lookup {
        weight: &'static str,
        width: usize,
        column: usize,
    },
    /// The product of the state before with the recurrent kernel is added.
    AddProduct(Recurrence),
    /// In its place comes a part of what a recurrent cell keeps of its step, which follows from the sums and the parts before.
    Kept {
        letter: &'static str,
        part: usize,
        recurrence: Recurrence,
    },
    /// The state of another cell is added, or multiplied.
    Merge {
        multiplies: bool,
        recurrence: Recurrence,
    },
    /// Divided by the root of the operands' variance plus epsilon.
    DivideByDeviation {
        epsilon: f64,
    },
    /// A function of the catalogue, but softmax.
    Function(String),
    /// Over the last axis of the output.
    Softmax,
}

/// A derivation carried out up to its function: every number on the way.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Trace {
    /// The sum, maximum or mean of each group, before the weight of the groups.
    pub groups: Vec<f32>,
    /// Over all groups.
    pub reduced: f32,
    /// After each of [`Derivation::steps`] that comes before the function.
    pub steps: Vec<f32>,
}

impl Trace {
    /// Returns the argument of the function, which is the output if there is no function.
    pub fn last(&self) -> f32 {
        self.steps.last().copied().unwrap_or(self.reduced)
    }
}

impl Derivation {
    /// Derives the output from one number.
    pub fn copy(input: usize) -> Self {
        Self { groups: vec![vec![Term { input: Some(input), weight: 0 }]], columns: 1, ..Self::default() }
    }

    pub fn activated(mut self, activation: &str) -> Self {
        match activation {
            "linear" => {}
            "softmax" => self.steps.push(Step::Softmax),
            other => self.steps.push(Step::Function(other.to_owned())),
        }
        self
    }

    pub fn biased(mut self, has_bias: bool, at: usize) -> Self {
        if has_bias {
            self.steps.push(Step::Add { weight: "bias", at });
        }
        self
    }

    /// Returns the numbers by which terms are multiplied, if they are. `weight` gives a weight of the layer.
    pub fn factors<'own, 'a: 'own>(&'own self, weight: &dyn Fn(&str) -> &'a [f32]) -> Option<&'own [f32]> {
        match self.weight {
            Some(name) => Some(weight(name)),
            None => Some(&self.shares[..]).filter(|shares| !shares.is_empty()),
        }
    }

    /// Returns the number by which a group is multiplied, if it is.
    pub fn group_factor<'a>(&self, group: usize, weight: &dyn Fn(&str) -> &'a [f32]) -> Option<f32> {
        let (name, places) = self.group_weight.as_ref()?;
        Some(places.get(group).and_then(|at| weight(name).get(*at)).copied().unwrap_or_default())
    }

    /// Returns the product of a term with one of its [factors](Self::factors), or its number.
    pub fn contribution(&self, term: Term, input: &[f32], factors: Option<&[f32]>) -> f32 {
        let value = term.input.and_then(|at| input.get(at)).copied().unwrap_or_default();
        factors.map_or(value, |factors| value * factors.get(term.weight).copied().unwrap_or_default())
    }

    /// Returns the variance of the operands.
    pub fn variance(&self, input: &[f32]) -> f64 {
        let operands = || self.groups.iter().flatten().filter_map(|term| input.get(term.input?)).map(|x| f64::from(*x));
        let count = operands().count().max(1) as f64;
        let mean = operands().sum::<f64>() / count;
        operands().map(|operand| (operand - mean).powi(2)).sum::<f64>() / count
    }

    /// Carries the derivation out. `weight` gives a weight of the layer, empty where there is none. Sums are kept in `f64`.
    pub fn trace<'a>(&self, input: &[f32], weight: &dyn Fn(&str) -> &'a [f32]) -> Trace {
        let factors = self.factors(weight);
        let counted = |term: &&Term| term.input.is_some() || factors.is_some();
        let reduce = |numbers: &mut dyn Iterator<Item = f32>| match self.reduction {
            Reduction::Copy => numbers.next().unwrap_or_default(),
            Reduction::Sum => numbers.map(f64::from).sum::<f64>() as f32,
            Reduction::Product => numbers.map(f64::from).product::<f64>() as f32,
            Reduction::Max => numbers.fold(f32::NEG_INFINITY, f32::max),
            Reduction::Mean => {
                let (sum, count) =
                    numbers.fold((0.0, 0.0), |(sum, count), number| (sum + f64::from(number), count + 1.0));
                (sum / f64::max(count, 1.0)) as f32
            }
        };
        let groups: Vec<f32> = self
            .groups
            .iter()
            .map(|group| reduce(&mut group.iter().filter(counted).map(|term| self.contribution(*term, input, factors))))
            .collect();
        let all = self.groups.iter().flatten();
        let reduced = match self.group_weight {
            None => reduce(&mut all.filter(counted).map(|term| self.contribution(*term, input, factors))),
            Some(_) => {
                let product = |(at, group): (usize, &f32)| group * self.group_factor(at, weight).unwrap_or(1.0);
                reduce(&mut groups.iter().enumerate().map(product))
            }
        };
        let mut value = reduced;
        let number = |name: &str, at: usize| weight(name).get(at).copied().unwrap_or_default();
        let steps = self.steps.iter().map_while(|step| {
            value = match *step {
                Step::Add { weight, at } => value + number(weight, at),
                Step::Subtract { weight, at } => value - number(weight, at),
                Step::Multiply { weight, at } => value * number(weight, at),
                Step::DivideByRoot { weight, at, epsilon } => {
                    (f64::from(value) / (f64::from(number(weight, at)) + epsilon).sqrt()) as f32
                }
                Step::Scale(factor) => (f64::from(value) * factor) as f32,
                Step::Shift(offset) => (f64::from(value) + offset) as f32,
                Step::SubtractFromInput { at } => input.get(at).copied().unwrap_or_default() - value,
                Step::DivideByDeviation { epsilon } => {
                    (f64::from(value) / (self.variance(input) + epsilon).sqrt()) as f32
                }
                Step::Lookup { weight, width, column } => number(weight, value as usize * width + column),
                Step::AddProduct(recurrence) => value + recurrence.product(input, weight),
                Step::Merge { multiplies, recurrence } => {
                    let state = recurrence.state(input, weight);
                    if multiplies { value * state } else { value + state }
                }
                Step::Kept { part, recurrence, .. } => recurrence.kept(input, weight, part),
                Step::Function(_) | Step::Softmax => return None,
            };
            Some(value)
        });
        let steps = steps.collect();
        Trace { groups, reduced, steps }
    }
}

/// Formats the position that a window of this stride, dilation and padding reads: `2i + u - 1`.
pub fn looks_at(position: &str, stride: usize, offset: &str, dilation: usize, padding: usize) -> String {
    let times = |factor: usize, letter: &str| if factor == 1 { letter.to_owned() } else { format!("{factor}{letter}") };
    let padding = if padding == 0 { String::new() } else { format!("-{padding}") };
    format!("{}+{}{padding}", times(stride, position), times(dilation, offset))
}

/// Formats a number for a formula.
pub fn number(value: f64) -> String {
    number_text(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_say_where_they_look() {
        assert_eq!(looks_at("i", 1, "u", 1, 0), "i+u");
        assert_eq!(looks_at("i", 2, "u", 3, 1), "2i+3u-1");
    }
}
