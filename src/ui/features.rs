//! The features of the page, each with its state, its logic and its views.

pub mod curves;
pub mod dock;
pub mod log;
pub mod results;
pub mod runs;
