//! Spiral: two arms that wind round each other.

use super::Source;
use super::points::{Point, coin, spread, two_classes};

/// Two features, two classes.
pub static SPIRAL: Source = two_classes("spiral", "Spiral", |random, share| {
    let class = coin(random);
    let (radius, angle) = (5.0 * share, 1.75 * share * std::f32::consts::TAU + class * std::f32::consts::PI);
    let at = [radius * angle.sin() + spread(random, 0.1), radius * angle.cos() + spread(random, 0.1)];
    Point { at, target: class }
});
