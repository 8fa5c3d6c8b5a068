//! The features of the page, each with its state, its logic and its views.

pub mod curves;
pub mod dock;
pub mod input;
pub mod inspector;
pub mod log;
pub mod messages;
pub mod network;
pub mod phone;
pub mod results;
pub mod run;
pub mod runs;
pub mod side;
pub mod training;
pub mod weight_histograms;
pub mod welcome;
