//! The input of the network: a pad to draw on, test images, pictures from files, and the prediction.

pub mod digit;
pub mod ground;
pub mod photo;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        mod dataset;
        mod pad;
        mod panel;
        mod plane;
        pub mod plane_store;
        pub mod picture;
        mod prediction;
        mod preparation;
        mod rows;
        mod samples;
        pub mod sentence;
        pub mod store;
        mod text;

        pub use panel::InputPanel;
    }
}
