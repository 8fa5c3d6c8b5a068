//! The page: what people see and touch.
//!
//! Everything under `app`, `features` and `components` is Leptos and exists in the browser only; what can be said without it
//! (the edit history, the digit's preprocessing, the data of charts, texts, form values) is plain state, tested natively.

pub mod beside;
pub mod bins;
pub mod blocks;
pub mod charted_history;
pub mod charts;
pub mod checked;
pub mod digit;
pub mod edit_effects;
pub mod fields;
pub mod format;
pub mod histogram;
pub mod history;
pub mod math;
pub mod moment;
pub mod photo;
pub mod presets;
pub mod run_differences;
pub mod runs;
pub mod skip_links;
pub mod tensor_image;
pub mod text;
pub mod ticks;
pub mod training_fields;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        pub mod app;
        mod autosave;
        mod browser;
        mod components;
        mod configuration;
        mod dock;
        mod features;
        mod first_run;
        mod input;
        mod link;
        mod picture;
        mod state;
        mod storage;
        mod visit;
        mod watch;
    }
}
