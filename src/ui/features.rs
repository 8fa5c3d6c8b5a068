//! The features of the page, each with its state, its logic and its views. Logic compiles natively, so that its tests need no
//! browser; stores and views exist in the browser only.

pub mod curves;
pub mod follow;
pub mod input;
pub mod inspector;
pub mod network;
pub mod runs;
pub mod share;
pub mod training;
pub mod welcome;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        pub mod dock;
        pub mod keep;
        pub mod log;
        pub mod messages;
        pub mod phone;
        pub mod results;
        pub mod run;
        pub mod side;
        pub mod weight_histograms;
        pub mod words;
    }
}
