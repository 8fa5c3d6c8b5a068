//! One file per panel.

pub mod curves;
pub mod dock;
pub mod histograms;
pub mod mistakes;
pub mod results;
pub mod runs;
