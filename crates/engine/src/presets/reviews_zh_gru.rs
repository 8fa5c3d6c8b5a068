//! Chinese reviews, character by character.

use super::{Chapter, Preset};
use crate::data::sources;
use crate::model::builders::{dense, embedding, gru};
use crate::model::spec::TrainingConfig;

pub static REVIEWS_ZH_GRU: Preset = Preset {
    name: "preset_reviews_zh_gru",
    chapter: Chapter::Text,
    source: &sources::REVIEWS_ZH,
    layers: || vec![embedding(3_000, 32).with("maskZero", true), gru(32), dense(2).activation("softmax")],
    training: |config| Ok(TrainingConfig { epochs: 2, ..config }),
};
