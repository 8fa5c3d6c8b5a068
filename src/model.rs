//! Models: what a user writes down (`spec`), which layers exist (`catalogue`, `layers`), and how they become a graph.

pub mod catalogue;
pub mod layers;
pub mod spec;
