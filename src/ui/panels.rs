//! One file per panel.

pub mod curves;
pub mod dock;
pub mod histograms;
pub mod inspector;
pub mod mistakes;
pub mod network;
pub mod results;
pub mod runs;
pub mod training;
