//! Stores of what views of several features share. Each owns its signals: others read them and ask it for changes.

pub mod dock;
pub mod engine;
pub mod follow;
pub mod form;
pub mod histograms;
pub mod log;
pub mod messages;
pub mod network;
pub mod results;
pub mod run;
pub mod runs;
pub mod screen;
