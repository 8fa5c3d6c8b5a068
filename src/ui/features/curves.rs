//! The curves: loss and accuracy while training, beside those of earlier runs.

mod chart;
mod controls;
mod figure;
mod panel;
mod store;
mod table;

pub use panel::Curves;
pub use store::CurvesView;
