//! Charts: their data, their axes, and their drawing on a canvas or as SVG. They know nothing of training.

pub mod axis;
pub mod plot;
pub mod series;
pub mod svg;
pub mod ticks;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        pub mod canvas;
    }
}
