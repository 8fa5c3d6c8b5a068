//! One file per panel.

pub mod curves;
pub mod digit;
pub mod inspector;
pub mod network;
pub mod notices;
pub mod results;
pub mod top_bar;
pub mod training;
