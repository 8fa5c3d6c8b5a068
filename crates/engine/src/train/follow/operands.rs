//! From the explanation that an op gives to the one that the page shows: cells with their places and values, the largest terms.

use super::maps;
use crate::ir::explain::{self, number};
use crate::ir::{Part, Place, Product};
use crate::model::formula::{expression, significant};
use crate::protocol::explanation::{self, Cell, CellInfo, Explanation, Origin, PartKind, Term};
use crate::tensor::{HostTensor, place};

/// Letters of the parts; `e` is a number.
const LETTERS: &str = "abcdfghjklmnopqrstuvwxyz";

/// A tensor that an explanation reads.
pub(super) struct Operand {
    /// Empty for a constant.
    pub name: String,
    pub shard: Option<u32>,
    /// The number of examples that the first axis counts, some rows for each; 0 if it counts none.
    pub examples: usize,
    /// The position of the first of them in the batch, if they are those of a batch.
    pub first: Option<usize>,
    pub tensor: HostTensor,
}

impl Operand {
    /// Makes a tensor that belongs to no example and to no shard.
    pub fn whole(name: String, tensor: HostTensor) -> Self {
        Self { name, shard: None, examples: 0, first: None, tensor }
    }

    /// Returns the shape without the axis of the batch.
    pub fn shape(&self) -> Vec<usize> {
        let dims = self.tensor.shape().dims();
        match (dims, self.examples) {
            ([rows, rest @ ..], examples) if examples > 0 => match rows / examples {
                1 => rest.to_vec(),
                own => [&[own], rest].concat(),
            },
            _ => dims.to_vec(),
        }
    }

    /// Returns the numbers that belong to one example.
    pub fn width(&self) -> usize {
        self.tensor.words().len() / self.examples.max(1)
    }

    pub fn info(&self, at: usize) -> CellInfo {
        let width = self.width().max(1);
        let place = place(&self.shape(), at % width).into_iter().map(|at| at as u32).collect();
        let example = self.first.filter(|_| self.examples > 0).map(|first| (first + at / width) as u32);
        let cell = Cell { tensor: self.name.clone(), index: at as u32, shard: self.shard };
        CellInfo { cell, place, example, value: number(&self.tensor, at) }
    }
}

/// The tensors of an explanation: the operands by position, and the one whose number is explained.
pub(super) struct Operands {
    pub operands: Vec<Operand>,
    pub own: Operand,
}

impl Operands {
    pub fn operand(&self, place: Place) -> &Operand {
        place.input.and_then(|input| self.operands.get(input)).unwrap_or(&self.own)
    }

    fn value(&self, place: Place) -> f32 {
        number(&self.operand(place).tensor, place.at)
    }

    /// Describes a number that follows from no other; `None` if there is none at this place.
    pub fn leaf(&self, index: usize, origin: Origin) -> Option<Explanation> {
        if index >= self.own.tensor.words().len() {
            return None;
        }
        let cell = self.own.info(index);
        let numbers = significant(cell.value);
        Some(Explanation { cell, shape: self.shape(), origin, numbers, ..Explanation::default() })
    }

    fn shape(&self) -> Vec<u32> {
        self.own.shape().into_iter().map(|extent| extent as u32).collect()
    }

    /// Explains the number at an index of the own tensor.
    pub fn explain(&self, index: usize, explained: &explain::Explanation, terms: usize) -> Explanation {
        let letters: Vec<String> = (0..explained.parts.len())
            .map(|at| LETTERS.chars().nth(at).map_or_else(|| "x".into(), String::from))
            .collect();
        let value = |place: Place| self.value(place);
        let values: Vec<f32> = explained.parts.iter().map(|part| part.value(&value)).collect();
        let formula = expression(&explained.expression, &|part| letters[part].clone());
        let numbers = expression(&explained.expression, &|part| significant(values[part]));
        let parts = explained.parts.iter().zip(&letters).zip(&values);
        let parts = parts.map(|((part, letter), value)| self.part(part, letter.clone(), *value, terms)).collect();
        let origin = if explained.is_random && explained.parts.is_empty() { Origin::Random } else { Origin::Computed };
        Explanation {
            cell: self.own.info(index),
            shape: self.shape(),
            origin,
            layer: None,
            op: String::new(),
            formula,
            numbers,
            parts,
            maps: maps::maps(self, explained),
        }
    }

    fn part(&self, part: &Part, letter: String, value: f32, limit: usize) -> explanation::Part {
        let single = |place: &Place| Product::new([*place]);
        let (kind, products) = match part {
            Part::Number(place) => (PartKind::Number, vec![single(place)]),
            Part::Sum(products) => (PartKind::Sum, products.clone()),
            Part::Max(places) => (PartKind::Max, places.iter().map(single).collect()),
            Part::SumOfExponentials(places) | Part::Softmax { row: places, .. } => {
                (PartKind::SumOfExponentials, places.iter().map(single).collect())
            }
        };
        let size = |product: &Product| product.value(&|place| self.value(place)) as f32;
        let mut sized: Vec<(f32, &Product)> = products.iter().map(|product| (size(product), product)).collect();
        let order = |value: f32| if kind == PartKind::Sum { value.abs() } else { value };
        sized.sort_by(|one, other| order(other.0).total_cmp(&order(one.0)));
        let (listed, others) = sized.split_at(limit.min(sized.len()));
        let rest: f64 = match kind {
            PartKind::SumOfExponentials => others.iter().map(|(size, _)| f64::from(*size).exp()).sum(),
            PartKind::Max => 0.0,
            PartKind::Number | PartKind::Sum => others.iter().map(|(size, _)| f64::from(*size)).sum(),
        };
        let term = |(value, product): &(f32, &Product)| Term {
            coefficient: product.coefficient,
            factors: product.factors.iter().map(|place| self.operand(*place).info(place.at)).collect(),
            value: *value,
        };
        explanation::Part {
            letter,
            kind,
            value,
            terms: listed.iter().map(term).collect(),
            count: sized.len() as u32,
            rest: rest as f32,
        }
    }
}
