//! LeNet-5 (LeCun et al. 1998), without its sparse connections and with a softmax at its end.

use super::{Chapter, Preset};
use crate::data::sources;
use crate::model::builders::{average_pooling2d, conv2d, dense, flatten};
use crate::model::spec::TrainingConfig;

pub static LENET: Preset = Preset {
    name: "preset_lenet",
    chapter: Chapter::Convolution,
    source: &sources::MNIST,
    layers: || {
        vec![
            conv2d(6, 5).activation("tanh").with("padding", "same"),
            average_pooling2d(2),
            conv2d(16, 5).activation("tanh"),
            average_pooling2d(2),
            flatten(),
            dense(120).activation("tanh"),
            dense(84).activation("tanh"),
            dense(10).activation("softmax"),
        ]
    },
    training: |config| Ok(TrainingConfig { epochs: 1, ..config }),
};
