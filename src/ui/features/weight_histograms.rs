//! The distribution of the layers' weights and gradients over the course of training.

mod panel;

pub use panel::WeightHistograms;
