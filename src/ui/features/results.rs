//! The test: accuracy on unseen images, the confusion matrix, and the images that were mistaken.

mod confusion;
mod fit;
mod gallery;
mod mistakes;
mod rates;
mod reconstructions;
mod value_result;

pub use confusion::Confusion;
pub use mistakes::Mistakes;
