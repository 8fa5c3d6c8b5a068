//! Two classes from a table of measurements, which needs its columns on one scale.

use super::{Chapter, Preset};
use crate::data::sources;
use crate::model::builders::dense;
use crate::model::spec::TrainingConfig;

pub static BREAST_CANCER: Preset = Preset {
    name: "preset_breast_cancer",
    chapter: Chapter::Tables,
    source: &sources::BREAST_CANCER,
    layers: || vec![dense(16).activation("relu"), dense(2).activation("softmax")],
    training: |config| Ok(TrainingConfig { epochs: 20, standardize: true, ..config }),
};
