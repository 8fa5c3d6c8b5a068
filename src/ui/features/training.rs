//! The training form: five rows that everybody needs, and the others under "More".

pub mod fields;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        mod choice;
        mod panel;
        mod rate_slider;
        mod row;
        mod run_rows;

        pub use panel::TrainingPanel;
    }
}
