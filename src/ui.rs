//! The page: what people see and touch.
//!
//! `app`, `components`, `state`, `stores` and the views of `features` are Leptos and exist in the browser only. What can be said
//! without it (the edit history, the digit's preprocessing, the data of charts, texts, form values) is plain state beside the
//! views of its feature, tested natively.

pub mod charts;
pub mod features;
pub mod fields;
pub mod format;
pub mod text;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        pub mod app;
        mod browser;
        mod components;
        mod state;
        mod stores;
        mod translation;
    }
}
