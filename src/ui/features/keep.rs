//! Experiments and runs that the browser keeps from visit to visit.

pub mod autosave;
pub mod storage;
pub mod visit;
