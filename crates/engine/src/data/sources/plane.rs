//! Plane: a value that rises evenly across the plane.

use super::Source;
use super::points::{COLUMNS, Point, source, spread};
use crate::data::schema::{Schema, Target};

/// Two features, one value between about -1 and 1.
pub static PLANE: Source = source(
    "plane",
    "Plane",
    || Schema::named_table(COLUMNS, Target::values(["height"])),
    |random, _| {
        let at = [spread(random, 5.0), spread(random, 5.0)];
        Point { at, target: (at[0] + at[1]) / 10.0 + 0.02 * random.normal() }
    },
);
