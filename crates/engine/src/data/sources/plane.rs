//! Plane: a value that rises evenly across the plane.

use super::points::{POINTS, Point, spread};
use super::{Origin, Source};
use crate::data::schema::{Schema, Target};

/// Two features, one value between about -1 and 1.
pub static PLANE: Source = Source {
    name: "plane",
    title: "Plane",
    schema: || Schema::table(2, Target::values(["height"])),
    examples: POINTS,
    licence: "MIT OR Apache-2.0",
    origin: "made from a seed, as in TensorFlow Playground",
    files: Origin::Made(|random, share| {
        let _ = share;
        let at = [spread(random, 5.0), spread(random, 5.0)];
        Point { at, target: (at[0] + at[1]) / 10.0 + 0.02 * random.normal() }
    }),
};
