//! The curves: loss and accuracy while training, beside those of earlier runs.

pub mod charted_history;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        mod chart;
        mod controls;
        mod figure;
        mod panel;
        mod store;
        mod table;

        pub use panel::Curves;
        pub use store::CurvesView;
    }
}
