//! A simple recurrent network that reads an image row by row.

use super::{Chapter, Preset};
use crate::data::sources;
use crate::model::builders::{dense, reshape, simple_rnn};
use crate::model::spec::TrainingConfig;

pub static RNN: Preset = Preset {
    name: "preset_rnn",
    chapter: Chapter::Recurrent,
    source: &sources::MNIST,
    layers: || vec![reshape([28, 28]), simple_rnn(64), dense(10).activation("softmax")],
    training: |config| Ok(TrainingConfig { epochs: 1, ..config }),
};
