//! The input of the network: a pad to draw on, test images, pictures from files, and the prediction.

mod dataset;
mod pad;
mod panel;
mod prediction;
mod preparation;
mod rows;
mod samples;

pub use panel::InputPanel;
