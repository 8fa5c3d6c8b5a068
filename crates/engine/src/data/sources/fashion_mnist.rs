//! Fashion-MNIST: images of clothes (Xiao, Rasul, Vollgraf 2017), made to take MNIST's place.

use super::{Origin, Source};
use crate::data::schema::Schema;

/// 60,000 and 10,000 images `[28,28,1]`, bright on black.
pub static FASHION_MNIST: Source = Source {
    name: "fashion-mnist",
    title: "Fashion-MNIST",
    schema: || {
        Schema::images(
            [28, 28, 1],
            ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
        )
    },
    examples: [60_000, 10_000],
    licence: "MIT",
    origin: "Zalando SE (Han Xiao, Kashif Rasul, Roland Vollgraf); Debian package dataset-fashion-mnist",
    files: Origin::Shards,
};
