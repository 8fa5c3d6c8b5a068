//! Blobs: two clouds that overlap a little.

use super::points::{POINTS, Point, coin};
use super::{Origin, Source};
use crate::data::schema::{Schema, Target};

/// Two features, two classes.
pub static BLOBS: Source = Source {
    name: "blobs",
    title: "Blobs",
    schema: || Schema::table(2, Target::classes(["blue", "orange"])),
    examples: POINTS,
    licence: "MIT OR Apache-2.0",
    origin: "made from a seed, as in TensorFlow Playground",
    files: Origin::Made(|random, share| {
        let _ = share;
        let class = coin(random);
        let centre = if class == 1.0 { 2.0 } else { -2.0 };
        Point { at: [centre + random.normal(), centre + random.normal()], target: class }
    }),
};
