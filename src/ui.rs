//! The page: what people see and touch.
//!
//! Everything under `app`, `panels` and `widgets` is Leptos and exists in the browser only; what can be said without it
//! (the edit history, the digit's preprocessing, curves, texts, form values) is plain state, tested natively.

pub mod bins;
pub mod checked;
pub mod curves;
pub mod digit;
pub mod fields;
pub mod format;
pub mod histogram;
pub mod history;
pub mod math;
pub mod photo;
pub mod phrases;
pub mod presets;
pub mod runs;
pub mod tensor_image;
pub mod text;
pub mod training_fields;

#[cfg(target_arch = "wasm32")]
pub mod app;
#[cfg(target_arch = "wasm32")]
mod autosave;
#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod dock;
#[cfg(target_arch = "wasm32")]
mod first_run;
#[cfg(target_arch = "wasm32")]
mod input;
#[cfg(target_arch = "wasm32")]
mod link;
#[cfg(target_arch = "wasm32")]
mod live;
#[cfg(target_arch = "wasm32")]
mod panels;
#[cfg(target_arch = "wasm32")]
mod picture;
#[cfg(target_arch = "wasm32")]
mod state;
#[cfg(target_arch = "wasm32")]
mod storage;
#[cfg(target_arch = "wasm32")]
mod watch;
#[cfg(target_arch = "wasm32")]
mod widgets;
