//! Contents of a layer: its tensors as pictures, their numbers, its formulas and how it fares in training.

pub mod derived;
pub mod formula;
pub mod histogram;
pub mod kernel_picker;
pub mod layer_stats;
pub mod legend;
pub mod settings;
pub mod tensor_picture;
pub mod watching;
