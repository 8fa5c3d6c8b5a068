//! Explanations of single numbers of a step: the numbers that each comes from, and how.

use serde::{Deserialize, Serialize};

/// A number of a tensor of the last step.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cell {
    /// `conv2d.output`, `grad conv2d.kernel`, `before conv2d.kernel`, or any other tensor that an explanation names.
    pub tensor: String,
    /// Row by row, in the tensor of the shard if there is one, else in that of the whole batch.
    pub index: u32,
    /// The worker in whose shard of the batch the number is. A cell of the whole batch has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<u32>,
}

/// A cell with its place and its value.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CellInfo {
    pub cell: Cell,
    /// The place in the tensor, without the axis of the batch.
    pub place: Vec<u32>,
    /// The position of the example in the batch, if the number belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<u32>,
    pub value: f32,
}

/// The origin of a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// Computed from other numbers.
    #[default]
    Computed,
    /// A number of an example.
    Input,
    /// A target of an example.
    Target,
    /// A weight, or a state of the optimizer, as the step before left it.
    State,
    /// A constant, such as the share of an example in the batch's mean loss.
    Constant,
    /// The learning rate, or what follows from the number of the step.
    Setting,
    /// Drawn at random.
    Random,
}

/// The way from which a number came about.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    pub cell: CellInfo,
    /// The shape of its tensor, without the axis of the batch.
    pub shape: Vec<u32>,
    pub origin: Origin,
    /// The layer that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// The op that computed it, as printed graphs name it; empty if it was not computed.
    pub op: String,
    /// The number as a formula of its parts, in the notation of [`model::formula`](crate::model::formula): `a + b`.
    pub formula: String,
    /// The same with numbers for the letters.
    pub numbers: String,
    /// The parts, in the order of their letters.
    pub parts: Vec<Part>,
    /// Pictures of what the largest terms come from: for each tensor among the factors one part of it.
    pub maps: Vec<Map>,
}

/// The kind of a part of a formula.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PartKind {
    /// One number.
    #[default]
    Number,
    /// A sum of products.
    Sum,
    /// The largest of several numbers.
    Max,
    /// A sum of exponentials, below a softmax.
    SumOfExponentials,
}

/// A part of a formula.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    pub letter: String,
    pub kind: PartKind,
    pub value: f32,
    /// The terms, the largest first; one with one factor for a number.
    pub terms: Vec<Term>,
    /// The number of all terms.
    pub count: u32,
    /// The sum of those that are not listed.
    pub rest: f32,
}

/// A term: the product of a coefficient and some numbers.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Term {
    pub coefficient: f32,
    pub factors: Vec<CellInfo>,
    pub value: f32,
}

/// A picture of two axes of a tensor.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Map {
    /// The cell in its upper left corner.
    pub first: CellInfo,
    pub rows: u32,
    pub columns: u32,
    /// Distances between the indices of neighbours, down and to the right.
    pub strides: [u32; 2],
    /// `[rows,columns]`
    pub values: Vec<f32>,
    /// The cells on it that are factors of terms: row, column, and the value of the term.
    pub marks: Vec<(u32, u32, f32)>,
}

/// The gradient of a weight beside the one that finite differences give: the loss of the same batch with a larger and a smaller
/// weight.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GradientCheck {
    /// As the step has computed it.
    pub analytic: f32,
    /// `(losses[0] - losses[1]) / (weights[0] - weights[1])`
    pub numeric: f32,
    /// The larger and the smaller weight.
    pub weights: [f32; 2],
    /// The losses of the batch with these weights.
    pub losses: [f32; 2],
    /// The error of the numeric one that comes of the rounding of the losses.
    pub rounding: f32,
}
