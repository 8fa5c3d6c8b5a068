//! Snippets of film reviews in English (Pang, Lee 2004), rated by people (Hutto, Gilbert 2014).

use super::{Origin, Source};
use crate::data::schema::{Schema, Target};
use crate::data::text::TextSpec;

/// 8,454 and 2,114 snippets, two classes: the sign of the mean rating.
pub static REVIEWS_EN: Source = Source {
    name: "reviews-en",
    title: "Film reviews (English)",
    schema: || Schema::texts(TextSpec::WORDS, Target::classes(["negative", "positive"])),
    examples: [8_454, 2_114],
    licence: "MIT",
    origin: "C. J. Hutto, E. Gilbert, after B. Pang and L. Lee; PyPI package vaderSentiment 3.3.2",
    files: Origin::Texts(TextSpec::WORDS),
};
