//! One file per panel.

pub mod digit;
pub mod dock;
pub mod histograms;
pub mod inspector;
pub mod keep;
pub mod network;
pub mod notices;
pub mod top_bar;
pub mod training;
