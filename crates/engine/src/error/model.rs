//! Errors of models.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

use super::List;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, EnumIter, IntoStaticStr, thiserror::Error)]
#[serde(tag = "key", rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum ModelError {
    #[error(
        "An Embedding takes whole numbers, the tokens of a text, but its input is other numbers. Put it first in a model of a text data set."
    )]
    #[strum(serialize = "no-tokens")]
    NoTokens,
    #[error("The input is the tokens of a text, which {layer_type} cannot compute with. Put an Embedding before it.")]
    Tokens { layer_type: String },
    #[error("The Embedding has {rows} rows, but the data set has {vocabulary} tokens. Set inputDim to {vocabulary}.")]
    Vocabulary { rows: usize, vocabulary: u32 },
    #[error("There is no layer type {layer_type}. The layer types are {known}.")]
    UnknownLayer { layer_type: String, known: List },
    #[error("There is no layer type {layer_type}. Did you mean {nearest}? The layer types are {known}.")]
    #[strum(serialize = "unknown-layer")]
    MisspeltLayer { layer_type: String, nearest: String, known: List },
    #[error("The model has no layers. Add a layer.")]
    NoLayers,
    #[error("A model has at most {max} layers, but this one has {count}. Remove some.")]
    TooManyLayers { max: usize, count: usize },
    #[error(
        "An input shape has one to four extents of at least 1, and at most {max} numbers in all, but this one is {shape}."
    )]
    BadInputShape { shape: String, max: u64 },
    #[error(
        "The outputs up to this layer would hold {count} numbers, but at most {max} are possible. Use a smaller layer."
    )]
    #[strum(serialize = "too-large")]
    TooManyActivations { count: u64, max: u64 },
    #[error(
        "The weights up to this layer would hold {count} numbers, but at most {max} are possible. Use a smaller layer."
    )]
    #[strum(serialize = "too-large")]
    TooManyWeights { count: u64, max: u64 },
    #[error("A layer's name has 1 to {max} letters, digits, \"_\" or \"-\", but this one is \"{name}\".")]
    BadName { name: String, max: usize },
    #[error("The name \"{name}\" belongs to an earlier layer. Give each layer a name of its own.")]
    #[strum(serialize = "bad-name")]
    NameTaken { name: String },
    #[error(
        "The output has the shape {shape}, but must be one number for each of the {classes} classes. End the \
         model with a Dense layer of {classes} units."
    )]
    WrongOutput { classes: usize, shape: String },
    #[error(
        "Dense works on the last axis alone, so the output of the model keeps the shape {shape}, but it must be a row of \
         {outputs} numbers. Insert a Flatten layer before this layer."
    )]
    MissingFlatten { outputs: usize, shape: String },
    #[error(
        "The output has the shape {shape}, but must be {values} numbers, one for each value of the target. End the model with a \
         Dense layer of {values} units."
    )]
    #[strum(serialize = "wrong-output")]
    WrongValues { values: usize, shape: String },
    #[error(
        "The output has the shape {shape}, but is compared with the input of the shape {expected}, so it must have as many \
         numbers. End the model with a layer of that size."
    )]
    #[strum(serialize = "wrong-output")]
    OutputNotInput { expected: String, shape: String },
    #[error(
        "The input has the shape {shape}, but this layer needs a sequence: positions and channels. Insert a Reshape layer \
         before it."
    )]
    #[strum(serialize = "wrong-rank")]
    NotASequence { shape: String },
    #[error(
        "The input of the shape {shape} holds {count} numbers, which do not make the shape {target}: its extents must be at \
         least 1, and at most one of them -1."
    )]
    #[strum(serialize = "bad-setting")]
    WrongTargetShape { target: List, shape: String, count: u64 },
    #[error("The setting dims is {dims}, but it must name each of the axes 1 to {rank} once.")]
    #[strum(serialize = "bad-setting")]
    NoPermutation { dims: List, rank: usize },
    #[error(
        "The setting cropping takes {vertical} rows and {horizontal} columns of an image of {input}, which leaves nothing. \
         Crop less."
    )]
    #[strum(serialize = "bad-setting")]
    NothingLeft { vertical: usize, horizontal: usize, input: String },
    #[error(
        "The window of {window} pixels is larger than its input of {input}. Make the {setting} smaller, use padding \
         \"same\", or remove a layer that shrinks the image before it."
    )]
    KernelTooLarge { setting: String, window: String, input: String },
    #[error(
        "The input has the shape {shape}, but this layer needs an image: height, width and channels. Place this layer before \
         the layer that flattens the image."
    )]
    #[strum(serialize = "wrong-rank")]
    NotAnImage { shape: String },
    #[error("No layer before this one is called {name}: its inputs can be {known}. Did you mean {nearest}?")]
    #[strum(serialize = "unknown-input")]
    MisspeltInput { name: String, nearest: String, known: List },
    #[error("No layer before this one is called {name}: its inputs can be {known}.")]
    UnknownInput { name: String, known: List },
    #[error("The layer is its own input. Take the output of a layer before it: {known}.")]
    #[strum(serialize = "input-order")]
    OwnInput { known: List },
    #[error(
        "Its input {name} stands behind this layer, but data flows from the first layer to the last. Move this layer behind \
         {name}, or take the output of a layer before it."
    )]
    #[strum(serialize = "input-order")]
    LaterInput { name: String },
    #[error("This layer takes the output of one layer, but its inputs name {count}. Leave one, or merge them before.")]
    #[strum(serialize = "input-count")]
    OneInput { count: usize },
    #[error("This layer merges the outputs of two or more layers, but it has {count}. Name them as its inputs.")]
    #[strum(serialize = "input-count")]
    SeveralInputs { count: usize },
    #[error("A layer merges at most {max} outputs, but this one has {count} inputs. Merge some of them before.")]
    #[strum(serialize = "input-count")]
    TooManyInputs { count: usize, max: usize },
    #[error(
        "Its inputs have the shapes {first} and {other}, but they are combined number by number: the shapes must be equal, or \
         have an extent of 1 where they differ."
    )]
    #[strum(serialize = "input-shapes")]
    InputsDiffer { first: String, other: String },
    #[error(
        "Its inputs have the shapes {first} and {other}, but they are joined along axis {axis}: all other extents must be \
         equal."
    )]
    #[strum(serialize = "input-shapes")]
    InputsNotJoinable { first: String, other: String, axis: usize },
    #[error("The setting axis is {axis}, but inputs of the shape {shape} have the axes 1 to {rank} and -1 to -{rank}.")]
    #[strum(serialize = "bad-setting")]
    NoSuchAxis { axis: i64, rank: usize, shape: String },
    #[error(
        "No later layer takes the output of this one, so it would have no effect and learn nothing. Name it among the inputs \
         of a later layer, or remove it."
    )]
    UnusedLayer,
    #[error("The layer declares no weight {name}.")]
    #[strum(serialize = "unknown-tensor")]
    UndeclaredWeight { name: String },
    #[error("The layer type {layer_type} cannot be turned into a graph.")]
    #[strum(serialize = "unknown-layer")]
    NotLowered { layer_type: String },
    #[error(
        "The model takes inputs of the shape {shape}, but those of the data set {dataset} have the shape {expected}. Choose a \
         model for them, or another data set."
    )]
    #[strum(serialize = "wrong-input")]
    InputNotOfDataset { shape: String, dataset: String, expected: String },
}

impl ModelError {
    /// Returns the name of the setting at fault, where one is.
    pub fn setting(&self) -> Option<&str> {
        match self {
            Self::KernelTooLarge { setting, .. } => Some(setting),
            Self::BadName { .. } | Self::NameTaken { .. } => Some("name"),
            Self::NoSuchAxis { .. } => Some("axis"),
            Self::WrongTargetShape { .. } => Some("targetShape"),
            Self::NoPermutation { .. } => Some("dims"),
            Self::NothingLeft { .. } => Some("cropping"),
            Self::MisspeltInput { .. }
            | Self::UnknownInput { .. }
            | Self::OwnInput { .. }
            | Self::LaterInput { .. }
            | Self::OneInput { .. }
            | Self::SeveralInputs { .. }
            | Self::TooManyInputs { .. }
            | Self::InputsDiffer { .. }
            | Self::InputsNotJoinable { .. } => Some("inputs"),
            Self::BadInputShape { .. } | Self::InputNotOfDataset { .. } => Some("inputShape"),
            _ => None,
        }
    }
}
