//! Two arms of a spiral, which no straight line parts.

use super::{Chapter, Preset, adam};
use crate::data::sources;
use crate::model::builders::dense;
use crate::model::spec::TrainingConfig;

pub static SPIRAL: Preset = Preset {
    name: "preset_spiral",
    chapter: Chapter::Dense,
    source: &sources::SPIRAL,
    layers: || {
        vec![
            dense(16).activation("tanh"),
            dense(16).activation("tanh"),
            dense(8).activation("tanh"),
            dense(2).activation("softmax"),
        ]
    },
    training: |config| Ok(TrainingConfig { epochs: 100, optimizer: adam(0.01)?, ..config }),
};
