//! An LSTM that reads an image row by row.

use super::{Chapter, Preset};
use crate::data::sources;
use crate::model::builders::{dense, lstm, reshape};
use crate::model::spec::TrainingConfig;

pub static LSTM: Preset = Preset {
    name: "preset_lstm",
    chapter: Chapter::Recurrent,
    source: &sources::MNIST,
    layers: || vec![reshape([28, 28]), lstm(64), dense(10).activation("softmax")],
    training: |config| Ok(TrainingConfig { epochs: 1, ..config }),
};
