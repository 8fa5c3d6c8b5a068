//! A deeper network with batch normalisation after each convolution.

use super::{Chapter, Preset};
use crate::data::sources;
use crate::model::builders::{activation, batch_normalization, conv2d, dense, flatten, max_pooling2d};
use crate::model::spec::TrainingConfig;

pub static NORMALISED: Preset = Preset {
    name: "preset_normalised",
    chapter: Chapter::Convolution,
    source: &sources::MNIST,
    layers: || {
        let block = |filters: u32| {
            [conv2d(filters, 3).with("padding", "same"), batch_normalization(), activation("relu"), max_pooling2d(2)]
        };
        let end = [flatten(), dense(64).activation("relu"), dense(10).activation("softmax")];
        [16, 32, 64].into_iter().flat_map(block).chain(end).collect()
    },
    training: |config| Ok(TrainingConfig { epochs: 1, train_samples: 30_000, ..config }),
};
