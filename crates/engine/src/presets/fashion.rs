//! Clothes as vectors: harder to tell apart than digits.

use super::{Chapter, Preset};
use crate::data::sources;
use crate::model::builders::{dense, flatten};
use crate::model::spec::TrainingConfig;

pub static FASHION: Preset = Preset {
    name: "preset_fashion",
    chapter: Chapter::Dense,
    source: &sources::FASHION_MNIST,
    layers: || vec![flatten(), dense(128).activation("relu"), dense(10).activation("softmax")],
    training: |config| Ok(TrainingConfig { epochs: 3, ..config }),
};
