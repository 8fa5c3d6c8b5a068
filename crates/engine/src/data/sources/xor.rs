//! Exclusive or: the class tells if the two features have the same sign.

use super::points::{POINTS, Point, spread};
use super::{Origin, Source};
use crate::data::schema::{Schema, Target};

/// Two features, two classes.
pub static XOR: Source = Source {
    name: "xor",
    title: "Exclusive or",
    schema: || Schema::table(2, Target::classes(["blue", "orange"])),
    examples: POINTS,
    licence: "MIT OR Apache-2.0",
    origin: "made from a seed, as in TensorFlow Playground",
    files: Origin::Made(|random, share| {
        let _ = share;
        // A gap keeps the quarters apart.
        let mut feature = || {
            let value = spread(random, 5.0);
            value + 0.3 * value.signum()
        };
        let at = [feature(), feature()];
        Point { at, target: if at[0] * at[1] > 0.0 { 1.0 } else { 0.0 } }
    }),
};
