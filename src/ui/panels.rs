//! One file per panel.

pub mod curves;
pub mod digit;
pub mod dock;
pub mod histograms;
pub mod inspector;
pub mod keep;
pub mod mistakes;
pub mod network;
pub mod notices;
pub mod results;
pub mod runs;
pub mod top_bar;
pub mod training;
