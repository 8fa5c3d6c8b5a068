//! The program at the end of the course text.

use super::{Chapter, Preset};
use crate::data::sources;
use crate::model::spec::{ModelSpec, TrainingConfig};

pub static CNN: Preset = Preset {
    name: "preset_cnn",
    chapter: Chapter::Convolution,
    source: &sources::MNIST,
    layers: || ModelSpec::reference_cnn().layers,
    training: |config| Ok(TrainingConfig { epochs: 1, ..config }),
};
