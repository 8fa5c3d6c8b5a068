//! chalkgrad: a neural network playground for the browser.

pub mod error;
pub mod model;
pub mod protocol;
pub mod tensor;
