//! The test: accuracy on unseen images, the confusion matrix, and the images that were mistaken.

mod confusion;
mod gallery;
mod mistakes;
mod rates;

pub use confusion::Confusion;
pub use mistakes::Mistakes;
