//! A GRU that reads an image row by row.

use super::{Chapter, Preset};
use crate::data::sources;
use crate::model::builders::{dense, gru, reshape};
use crate::model::spec::TrainingConfig;

pub static GRU: Preset = Preset {
    name: "preset_gru",
    chapter: Chapter::Recurrent,
    source: &sources::MNIST,
    layers: || vec![reshape([28, 28]), gru(64), dense(10).activation("softmax")],
    training: |config| Ok(TrainingConfig { epochs: 1, ..config }),
};
