//! Circles: a disc in a ring.

use super::Source;
use super::points::{Point, coin, two_classes};

/// Two features, two classes.
pub static CIRCLES: Source = two_classes("circles", "Circles", |random, _| {
    let class = coin(random);
    let (inner, outer) = if class == 1.0 { (0.0, 2.5) } else { (3.5, 5.0) };
    let (radius, angle) = (inner + (outer - inner) * random.uniform(), random.uniform() * std::f32::consts::TAU);
    Point { at: [radius * angle.sin(), radius * angle.cos()], target: class }
});
