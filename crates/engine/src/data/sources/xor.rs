//! Exclusive or: the class tells if the two features have the same sign.

use super::Source;
use super::points::{Point, spread, two_classes};

/// Two features, two classes.
pub static XOR: Source = two_classes("xor", "Exclusive or", |random, _| {
    // A gap keeps the quarters apart.
    let mut feature = || {
        let value = spread(random, 5.0);
        value + 0.3 * value.signum()
    };
    let at = [feature(), feature()];
    Point { at, target: if at[0] * at[1] > 0.0 { 1.0 } else { 0.0 } }
});
