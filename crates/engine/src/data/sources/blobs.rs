//! Blobs: two clouds that overlap a little.

use super::Source;
use super::points::{Point, coin, two_classes};

/// Two features, two classes.
pub static BLOBS: Source = two_classes("blobs", "Blobs", |random, _| {
    let class = coin(random);
    let centre = if class == 1.0 { 2.0 } else { -2.0 };
    Point { at: [centre + random.normal(), centre + random.normal()], target: class }
});
