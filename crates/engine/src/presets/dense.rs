//! Digits as vectors, with two hidden layers.

use super::{Chapter, Preset};
use crate::data::sources;
use crate::model::builders::{dense, flatten};
use crate::model::spec::TrainingConfig;

pub static DENSE: Preset = Preset {
    name: "preset_dense",
    chapter: Chapter::Dense,
    source: &sources::MNIST,
    layers: || {
        vec![flatten(), dense(128).activation("relu"), dense(64).activation("relu"), dense(10).activation("softmax")]
    },
    training: |config| Ok(TrainingConfig { epochs: 3, ..config }),
};
