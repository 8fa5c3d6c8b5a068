//! Models: what a user writes down (`spec`), which layers exist (`catalogue`, `layers`), and how they become a graph.

pub mod activations;
pub mod builders;
pub mod catalogue;
pub mod cost;

pub mod formula;
pub mod initializers;
pub mod layers;
pub mod losses;
pub mod lower;
pub mod optimizer;
pub mod quick_fixes;
pub mod schedule;
mod settings;
pub mod spec;
pub mod training;
