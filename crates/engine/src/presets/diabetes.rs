//! A value from a table: the progression of a disease after a year.

use super::{Chapter, Preset, adam};
use crate::data::sources;
use crate::model::builders::dense;
use crate::model::spec::TrainingConfig;

pub static DIABETES: Preset = Preset {
    name: "preset_diabetes",
    chapter: Chapter::Tables,
    source: &sources::DIABETES,
    layers: || vec![dense(16).activation("relu"), dense(1)],
    training: |config| Ok(TrainingConfig { epochs: 60, standardize: true, optimizer: adam(0.01)?, ..config }),
};
