//! The first minutes: the sentence that says what the page is, what has become of the pretrained network, and the tour.

pub mod beside;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        pub mod first_run;
        mod steps;
        mod strip;
        mod tour;

        pub use strip::Welcome;
        pub use tour::{Tour, TourButton, TourView};
    }
}
