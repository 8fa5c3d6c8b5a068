//! A small residual network (He et al. 2015): a block that keeps its image's shape, and one that halves it, with a 1×1 convolution
//! on the way round.

use super::{Chapter, Preset};
use crate::data::sources;
use crate::model::builders::{
    activation, add, batch_normalization, conv2d, dense, global_average_pooling2d, max_pooling2d,
};
use crate::model::spec::TrainingConfig;

pub static RESIDUAL: Preset = Preset {
    name: "preset_residual",
    chapter: Chapter::Convolution,
    source: &sources::MNIST,
    layers: || {
        let same = |filters: u32| conv2d(filters, 3).with("padding", "same");
        let relu = || activation("relu");
        vec![
            same(16).activation("relu"),
            max_pooling2d(2),
            same(16),
            batch_normalization(),
            relu(),
            same(16),
            batch_normalization(),
            add(["max_pooling2d", "batch_normalization_1"]),
            relu(),
            same(32).with("strides", 2.0),
            batch_normalization(),
            relu(),
            same(32),
            batch_normalization(),
            conv2d(32, 1).with("strides", 2.0).inputs(&["activation_1"]),
            add(["batch_normalization_3", "conv2d_5"]),
            relu(),
            global_average_pooling2d(),
            dense(10).activation("softmax"),
        ]
    },
    training: |config| Ok(TrainingConfig { epochs: 1, train_samples: 30_000, ..config }),
};
