//! Models: what a user writes down (`spec`), which layers exist (`catalogue`, `layers`), and how they become a graph.

pub mod activations;
pub mod catalogue;
pub mod layers;
mod settings;
pub mod spec;
pub mod training;
