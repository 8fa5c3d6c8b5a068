//! Running: the bar at the top with the training buttons, the progress and the latest numbers.

mod backend;
mod controls;
mod numbers;
mod preferences;
mod progress;
mod top_bar;

pub use top_bar::TopBar;
