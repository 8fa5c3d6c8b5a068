//! Models: what a user writes down (`spec`), which layers exist (`catalogue`, `layers`), and how they become a graph.

pub mod activations;
pub mod builders;
pub mod catalogue;
pub mod cost;
pub mod entry;
pub mod formula;
pub mod initializers;
pub mod layers;
pub mod losses;
pub mod lower;
pub mod metrics;
pub mod naming;
pub mod optimizers;
pub mod quick_fixes;
pub mod schedules;
pub mod settings;
pub mod spec;
pub mod task;
pub mod training;
pub mod weights;
