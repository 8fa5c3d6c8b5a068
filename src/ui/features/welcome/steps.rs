//! The steps of the tour.

use crate::ui::features::phone::Part;

/// Step of the tour: an element of the page and a text about it.
pub struct Step {
    /// The part of the page that a phone opens.
    pub part: Part,
    /// A CSS selector; the first element of these that is in view is meant.
    pub target: &'static str,
    /// Key of the text.
    pub text: &'static str,
}

/// The tour, a line for each step. A text stands in the locale files under its key.
pub const STEPS: [Step; 6] = [
    Step { part: Part::Input, target: ".pad", text: "tour_draw" },
    Step { part: Part::Network, target: ".network .strip", text: "tour_network" },
    Step { part: Part::Results, target: ".button.primary", text: "tour_train" },
    Step { part: Part::Results, target: ".dock", text: "tour_curves" },
    Step { part: Part::Results, target: "#tab-mistakes", text: "tour_mistakes" },
    Step { part: Part::Training, target: ".side, .training", text: "tour_change" },
];
