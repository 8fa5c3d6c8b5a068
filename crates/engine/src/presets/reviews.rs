//! English reviews by the mean of their words' embeddings.

use super::{Chapter, Preset};
use crate::data::sources;
use crate::model::builders::{dense, embedding, global_average_pooling1d};
use crate::model::spec::TrainingConfig;

pub static REVIEWS: Preset = Preset {
    name: "preset_reviews",
    chapter: Chapter::Text,
    source: &sources::REVIEWS_EN,
    layers: || {
        vec![embedding(5_000, 32).with("maskZero", true), global_average_pooling1d(), dense(2).activation("softmax")]
    },
    training: |config| Ok(TrainingConfig { epochs: 10, ..config }),
};
