//! Errors of ops, graphs and plans.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

use super::List;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, EnumIter, IntoStaticStr, thiserror::Error)]
#[serde(tag = "key", rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum GraphError {
    #[strum(serialize = "wrong-inputs")]
    #[error("The op {op} takes {expected} inputs, but got {got}.")]
    WrongInputCount { op: String, expected: usize, got: usize },
    #[strum(serialize = "input-count")]
    #[error("The op {op} takes exactly {expected} inputs, but got {got}.")]
    InputCount { op: String, expected: usize, got: usize },
    #[strum(serialize = "wrong-type")]
    #[error("The op {op} takes inputs of type f32, but got {got}.")]
    NotF32 { op: String, got: String },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes tensors of type f32, but got {got}.")]
    NotAllF32 { op: String, got: List },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes shapes that broadcast together, but got {got}.")]
    NoBroadcast { op: String, got: List },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes one f32 tensor to which {shape} broadcasts, but got {got}.")]
    NoBroadcastTo { op: String, shape: String, got: List },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes an f32 table with at least one axis and i32 indices, but got {got}.")]
    GatherInputs { op: String, got: List },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes i32 indices and an f32 gradient for each of them, but got {got}.")]
    GatherGradientInputs { op: String, got: List },
    #[strum(serialize = "shape-mismatch")]
    #[error(
        "The op {op} takes projected inputs f32[N,T,{gates}U] of at least one step, a recurrent kernel f32[U,{gates}U], and \
         what belongs to them, but got {got}."
    )]
    RecurrentInputs { op: String, gates: usize, got: List },
    #[strum(serialize = "shape-mismatch")]
    #[error(
        "The op {op} takes logits f32[N,C] and labels i32[N], but got {got}. Put a Flatten and a Dense layer with one \
         unit for each class at the end of the model."
    )]
    LogitsAndLabels { op: String, got: List },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes scores f32[N,C] and labels i32[N], but got {got}.")]
    ScoresAndLabels { op: String, got: List },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes {count} f32 tensors of one shape with at least one axis, but got {got}.")]
    Rows { op: String, count: usize, got: List },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes one f32 tensor with values along its last axis, but got {got}.")]
    NoValuesAlongLastAxis { op: String, got: List },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes one tensor of type i32, but got {got}.")]
    NotOneI32 { op: String, got: List },
    #[error("The op {op} needs a rate of at least 0 and less than 1, but got {rate}.")]
    BadRate { op: String, rate: String },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes a key i32[2], but got {got}.")]
    NotKey { op: String, got: List },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes an f32 tensor and a key i32[2], but got {got}.")]
    TensorAndKey { op: String, got: List },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes a tensor whose axes are {axes}, each of them once, but got the shape {got}.")]
    WrongPermutation { op: String, axes: List, got: String },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes tensors of one type that differ at most along axis {axis}, but got {got}.")]
    Concatenation { op: String, axis: usize, got: List },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes a tensor that holds the range from {start} to {end}, but got the shape {got}.")]
    RangeOutside { op: String, start: String, end: String, got: String },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes a tensor with {axes} axes, but got the shape {got}.")]
    WrongAxisCount { op: String, axes: usize, got: String },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes one tensor of {elements} elements, for the shape {shape}, but got {got}.")]
    Reshape { op: String, elements: usize, shape: String, got: List },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes a tensor with at least one axis, but got the shape {got}.")]
    NoAxis { op: String, got: String },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes a tensor that has each of the axes {axes}, in rising order, but got the shape {got}.")]
    NoSuchAxes { op: String, axes: List, got: String },
    #[strum(serialize = "shape-mismatch")]
    #[error(
        "The op {op} multiplies {left} by {right}, but got {got}. The last axis of the input must be as long as the \
         first axis of the kernel."
    )]
    Product { op: String, left: String, right: String, got: List },
    #[strum(serialize = "shape-mismatch")]
    #[error(
        "The op {op} takes a kernel [KH,KW,Cin,Cout] with as many input channels Cin as the images [N,H,W,Cin] have, but \
         got images {images} and a kernel {kernel}."
    )]
    KernelChannels { op: String, images: String, kernel: String },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes images as an f32 tensor [N,H,W,C], but got {got}.")]
    NotImages { op: String, got: String },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes a kernel as an f32 tensor [KH,KW,Cin,Cout], but got {got}.")]
    NotKernel { op: String, got: String },
    #[strum(serialize = "shape-mismatch")]
    #[error("The op {op} takes an input {expected} here, but got {got}.")]
    WrongGradientInput { op: String, expected: String, got: String },
    #[strum(serialize = "size-zero")]
    #[error(
        "The op {op} needs at least one channel and one filter, but got {channels} channels and {filters} filters."
    )]
    NoChannels { op: String, channels: usize, filters: usize },
    #[error(
        "The op {op} needs sizes, strides and dilations of at least 1, but got extent {extent}, window {window}, stride \
         {stride}, dilation {dilation}."
    )]
    SizeZero { op: String, extent: usize, window: usize, stride: usize, dilation: usize },
    #[error(
        "The op {op} takes a window of at most {extent} pixels here, but got one of {window}. Make the window smaller, \
         use padding \"same\", or remove a pooling before it."
    )]
    WindowTooLarge { op: String, extent: usize, window: u64 },
    #[error("The op {op} has no gradient here: second derivatives are not supported.")]
    NoGradient { op: String },
    #[error("There is no pointwise op {op} in the table of ops::pointwise.")]
    UnknownOp { op: String },

    #[error("The tensor {name} must be given as {expected}, but is missing.")]
    MissingInput { name: String, expected: String },
    #[strum(serialize = "missing-input")]
    #[error("The tensor {name} must be given as {expected}, but came as {got}.")]
    WrongInput { name: String, expected: String, got: String },
    #[strum(serialize = "invalid-graph")]
    #[error("The graph is not valid: node {node} has the input {input}, which does not stand before it.")]
    InputAfterNode { node: String, input: String },
    #[strum(serialize = "invalid-graph")]
    #[error("The graph is not valid: node {node} has the type {got}, but {op} gives {expected}.")]
    WrongNodeType { node: String, op: String, expected: String, got: String },
    #[strum(serialize = "invalid-graph")]
    #[error("The graph is not valid: node {node} has the type {got}, but is a constant of type {expected}.")]
    WrongConstantType { node: String, expected: String, got: String },
    #[strum(serialize = "invalid-graph")]
    #[error("The graph is not valid: the state {node} is updated twice.")]
    UpdatedTwice { node: String },
    #[strum(serialize = "invalid-graph")]
    #[error("The new value of the state {state} must be computed, but is the old value of another state.")]
    UpdateWithOldState { state: String },
    #[error("An update needs a state and a new value of its type {expected}, but {name} was to get {got}.")]
    BadUpdate { name: String, expected: String, got: String },
    #[error("The tensor name {name} is used twice. Give the layers different names.")]
    DuplicateName { name: String },
    #[error("The loss must be a single number of type f32, but is {got}.")]
    LossNotScalar { got: String },
    #[strum(serialize = "unknown-tensor")]
    #[error(
        "The plan has no input, state, output or tap with the name {name}. Watch the tensor (tap it) before the run."
    )]
    NotInPlan { name: String },
}
