//! Drawing of charts and pictures. Everything but the canvas is pure and tested natively.

pub mod axis;
pub mod bands;
pub mod bins;
pub mod confusion_chart;
pub mod figure;
pub mod fit_chart;
pub mod histogram;
pub mod histogram_chart;
pub mod palette;
pub mod plane;
pub mod plot;
pub mod series;
pub mod shapes;
pub mod states;
pub mod tensor_image;
pub mod ticks;
pub mod word_map;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        pub mod canvas;
        pub mod export;
        pub mod tensor_canvas;
    }
}
