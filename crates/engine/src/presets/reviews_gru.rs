//! English reviews, word by word.

use super::{Chapter, Preset};
use crate::data::sources;
use crate::model::builders::{dense, embedding, gru};
use crate::model::spec::TrainingConfig;

pub static REVIEWS_GRU: Preset = Preset {
    name: "preset_reviews_gru",
    chapter: Chapter::Text,
    source: &sources::REVIEWS_EN,
    layers: || vec![embedding(5_000, 32).with("maskZero", true), gru(32), dense(2).activation("softmax")],
    training: |config| Ok(TrainingConfig { epochs: 3, ..config }),
};
