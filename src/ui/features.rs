//! The features of the page, each with its state, its logic and its views.

pub mod inspector;
pub mod log;
