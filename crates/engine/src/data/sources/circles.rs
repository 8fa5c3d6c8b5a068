//! Circles: a disc in a ring.

use super::points::{POINTS, Point, coin};
use super::{Origin, Source};
use crate::data::schema::{Schema, Target};

/// Two features, two classes.
pub static CIRCLES: Source = Source {
    name: "circles",
    title: "Circles",
    schema: || Schema::table(2, Target::classes(["blue", "orange"])),
    examples: POINTS,
    licence: "MIT OR Apache-2.0",
    origin: "made from a seed, as in TensorFlow Playground",
    files: Origin::Made(|random, share| {
        let _ = share;
        let class = coin(random);
        let (inner, outer) = if class == 1.0 { (0.0, 2.5) } else { (3.5, 5.0) };
        let (radius, angle) = (inner + (outer - inner) * random.uniform(), random.uniform() * std::f32::consts::TAU);
        Point { at: [radius * angle.sin(), radius * angle.cos()], target: class }
    }),
};
