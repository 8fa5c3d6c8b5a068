//! Contents of a layer: its tensors as pictures, their numbers, its formulas and how it fares in training.

pub mod math;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        pub mod derived;
        pub mod formula;
        pub mod histogram;
        pub mod kernel_picker;
        pub mod layer_stats;
        pub mod legend;
        pub mod settings;
        pub mod states;
        pub mod tensor_picture;
        pub mod watch;
        pub mod watching;
    }
}
