//! Chinese reviews by the mean of their characters' embeddings.

use super::{Chapter, Preset};
use crate::data::sources;
use crate::model::builders::{dense, embedding, global_average_pooling1d};
use crate::model::spec::TrainingConfig;

pub static REVIEWS_ZH: Preset = Preset {
    name: "preset_reviews_zh",
    chapter: Chapter::Text,
    source: &sources::REVIEWS_ZH,
    layers: || {
        vec![embedding(3_000, 32).with("maskZero", true), global_average_pooling1d(), dense(2).activation("softmax")]
    },
    training: |config| Ok(TrainingConfig { epochs: 5, ..config }),
};
