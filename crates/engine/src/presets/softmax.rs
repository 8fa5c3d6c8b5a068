//! Softmax regression: no hidden layer, so that each class is a template.

use super::{Chapter, Preset};
use crate::data::sources;
use crate::model::builders::{dense, flatten};
use crate::model::spec::TrainingConfig;

pub static SOFTMAX: Preset = Preset {
    name: "preset_softmax",
    chapter: Chapter::Dense,
    source: &sources::MNIST,
    layers: || vec![flatten(), dense(10).activation("softmax")],
    training: |config| Ok(TrainingConfig { epochs: 3, ..config }),
};
