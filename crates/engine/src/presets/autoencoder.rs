//! An autoencoder: the digit goes through 32 numbers and comes back.

use super::{Chapter, Preset};
use crate::data::sources;
use crate::model::builders::{dense, flatten};
use crate::model::spec::{LossSpec, TargetChoice, TrainingConfig};

pub static AUTOENCODER: Preset = Preset {
    name: "preset_autoencoder",
    chapter: Chapter::HighDimension,
    source: &sources::MNIST,
    layers: || {
        vec![
            flatten(),
            dense(128).activation("relu"),
            dense(32).activation("relu"),
            dense(128).activation("relu"),
            dense(784).activation("sigmoid"),
        ]
    },
    training: |config| {
        let loss = LossSpec::new("binary_crossentropy", [])?;
        Ok(TrainingConfig { epochs: 2, target: TargetChoice::Input, loss, ..config })
    },
};
