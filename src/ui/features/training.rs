//! The training form: five rows that everybody needs, and the others under "More".

mod choice;
mod panel;
mod rate_slider;
mod row;
mod run_rows;

pub use panel::TrainingPanel;
