//! Running: the bar at the top with the training buttons, the progress and the latest numbers.

mod backend;
mod controls;
mod numbers;
mod preferences;
mod progress;
mod top_bar;

pub use controls::{MoreControls, StepButton, TrainButton};
pub use numbers::Numbers;
pub use progress::Progress;
pub use top_bar::TopBar;
