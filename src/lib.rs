//! chalkgrad: a neural network playground for the browser.

pub mod autograd;
pub mod backend;
pub mod error;
pub mod ir;
pub mod model;
pub mod ops;
pub mod plan;
pub mod protocol;
pub mod random;
pub mod tensor;
