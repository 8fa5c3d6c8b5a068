//! Explanations of single numbers of an op's result: the numbers that each follows from, and how.
//!
//! An explanation is an expression over parts. A part is one number, or a sum or maximum of many. Reading a network back from any
//! number to its inputs needs nothing else, because each number of an input is the result of another op.

use smallvec::SmallVec;

use super::expr::Expr;
use crate::ir::op::as_i32;
use crate::tensor::{DType, HostTensor};

/// Arguments of [`Op::explain`](super::Op::explain).
pub struct ExplainCall<'a> {
    pub inputs: &'a [&'a HostTensor],
    /// The whole result.
    pub output: &'a HostTensor,
    /// The number to explain, row by row.
    pub at: usize,
}

/// A number of one of the tensors of an [`ExplainCall`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The input's position; `None`: the result itself, of which some numbers follow from others.
    pub input: Option<usize>,
    pub at: usize,
}

/// A product of numbers.
#[derive(Clone, PartialEq, Debug)]
pub struct Product {
    pub coefficient: f32,
    pub factors: SmallVec<[Place; 3]>,
}

/// An operand of an explanation's expression.
#[derive(Clone, PartialEq, Debug)]
pub enum Part {
    Number(Place),
    Sum(Vec<Product>),
    Max(Vec<Place>),
    SumOfExponentials(Vec<Place>),
    /// The softmax of a number among those of its row.
    Softmax {
        of: Place,
        row: Vec<Place>,
    },
}

/// The computation of one number.
#[derive(Clone, PartialEq, Debug)]
pub struct Explanation {
    /// Over the parts.
    pub expression: Expr,
    pub parts: Vec<Part>,
    /// The number was drawn at random, or a number that was drawn is among the constants.
    pub is_random: bool,
}

impl Place {
    pub fn input(input: usize, at: usize) -> Self {
        Self { input: Some(input), at }
    }

    /// Returns the place in the result itself.
    pub fn own(at: usize) -> Self {
        Self { input: None, at }
    }
}

impl ExplainCall<'_> {
    /// Returns the number at a place; NaN where there is none.
    pub fn value(&self, place: Place) -> f32 {
        let tensor = match place.input {
            Some(input) => self.inputs.get(input).copied(),
            None => Some(self.output),
        };
        tensor.map_or(f32::NAN, |tensor| number(tensor, place.at))
    }
}

/// Returns a number of a tensor of either element type; NaN outside of it.
pub fn number(tensor: &HostTensor, at: usize) -> f32 {
    let Some(word) = tensor.words().get(at) else { return f32::NAN };
    match tensor.dtype() {
        DType::F32 => *word,
        DType::I32 => as_i32(std::slice::from_ref(word))[0] as f32,
    }
}

impl Product {
    pub fn new(factors: impl IntoIterator<Item = Place>) -> Self {
        Self { coefficient: 1.0, factors: factors.into_iter().collect() }
    }

    /// Computes the product from the numbers at its places.
    pub fn value(&self, number: &dyn Fn(Place) -> f32) -> f64 {
        let factors = self.factors.iter().map(|place| f64::from(number(*place)));
        f64::from(self.coefficient) * factors.product::<f64>()
    }
}

impl Part {
    /// Makes a sum of numbers without factors.
    pub fn sum_of(places: impl IntoIterator<Item = Place>) -> Self {
        Self::Sum(places.into_iter().map(|place| Product::new([place])).collect())
    }

    /// Computes the part from the numbers at its places; sums are kept in `f64`.
    pub fn value(&self, number: &dyn Fn(Place) -> f32) -> f32 {
        let exponentials = |places: &[Place], offset: f64| -> f64 {
            places.iter().map(|place| (f64::from(number(*place)) - offset).exp()).sum()
        };
        match self {
            Self::Number(place) => number(*place),
            Self::Sum(products) => products.iter().map(|product| product.value(number)).sum::<f64>() as f32,
            Self::Max(places) => places.iter().map(|place| number(*place)).fold(f32::NEG_INFINITY, f32::max),
            Self::SumOfExponentials(places) => exponentials(places, 0.0) as f32,
            Self::Softmax { of, row } => {
                let offset = f64::from(number(*of));
                (1.0 / exponentials(row, offset)) as f32
            }
        }
    }
}

impl Explanation {
    /// Explains a number that is another one, unchanged.
    pub fn copy(place: Place) -> Self {
        Self::expression(Expr::input(0), vec![Part::Number(place)])
    }

    /// Explains a number that follows from none, such as a zero of padding.
    pub fn constant(value: f32) -> Self {
        Self::expression(Expr::constant(value), Vec::new())
    }

    pub fn sum(products: Vec<Product>) -> Self {
        Self::expression(Expr::input(0), vec![Part::Sum(products)])
    }

    pub fn expression(expression: Expr, parts: Vec<Part>) -> Self {
        Self { expression, parts, is_random: false }
    }

    /// Explains a number by an expression over others.
    pub fn of_numbers(expression: Expr, places: impl IntoIterator<Item = Place>) -> Self {
        Self::expression(expression, places.into_iter().map(Part::Number).collect())
    }

    /// Says that a constant of the explanation was drawn at random.
    pub fn random(self) -> Self {
        Self { is_random: true, ..self }
    }

    /// Computes the number from the numbers at the places of its parts.
    pub fn value(&self, number: &dyn Fn(Place) -> f32) -> f32 {
        let parts: SmallVec<[f32; 8]> = self.parts.iter().map(|part| part.value(number)).collect();
        self.expression.evaluate(&parts)
    }

    /// Replaces each [`Part::Softmax`] by the number that has it, if there is one by `find`, else by exponentials.
    pub fn without_softmax(mut self, find: &dyn Fn(Place) -> Option<Place>) -> Self {
        for index in 0..self.parts.len() {
            let Part::Softmax { of, row } = self.parts[index].clone() else { continue };
            self.parts[index] = Part::Number(find(of).unwrap_or(of));
            if find(of).is_none() {
                let sum = self.parts.len();
                self.parts.push(Part::SumOfExponentials(row));
                self.expression = self.expression.substitute(&|input| match input == index {
                    true => Expr::input(index).exp() / Expr::input(sum),
                    false => Expr::input(input),
                });
            }
        }
        self
    }
}
