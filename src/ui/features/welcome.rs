//! The first minutes: the sentence that says what the page is, what has become of the pretrained network, and the tour.

mod steps;
mod strip;
mod tour;

pub use strip::Welcome;
pub use tour::{Tour, TourButton, TourView};
