//! Spiral: two arms that wind round each other.

use super::points::{POINTS, Point, spread, coin};
use super::{Origin, Source};
use crate::data::schema::{Schema, Target};

/// Two features, two classes.
pub static SPIRAL: Source = Source {
    name: "spiral",
    title: "Spiral",
    schema: || Schema::table(2, Target::classes(["blue", "orange"])),
    examples: POINTS,
    licence: "MIT OR Apache-2.0",
    origin: "made from a seed, as in TensorFlow Playground",
    files: Origin::Made(|random, share| {
        let class = coin(random);
        let (radius, angle) = (5.0 * share, 1.75 * share * std::f32::consts::TAU + class * std::f32::consts::PI);
        let at = [radius * angle.sin() + spread(random, 0.1), radius * angle.cos() + spread(random, 0.1)];
        Point { at, target: class }
    }),
};
