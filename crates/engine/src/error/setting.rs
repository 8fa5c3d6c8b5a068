//! Errors of settings: of layers, of the training configuration, of calls.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

use super::List;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, EnumIter, IntoStaticStr, thiserror::Error)]
#[serde(tag = "key", rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum SettingError {
    #[error("The setting {setting} cannot be {value}. {rule}")]
    BadSetting { setting: String, value: String, rule: SettingRule },
    #[error("The setting {setting} cannot be {value}. Did you mean \"{nearest}\"? {rule}")]
    #[strum(serialize = "bad-setting")]
    MisspeltChoice { setting: String, value: String, nearest: String, rule: SettingRule },
    #[error("{owner} needs the setting {setting}. {rule}")]
    MissingSetting { owner: String, setting: String, rule: SettingRule },
    #[error("The setting {setting} must have a value. {rule}")]
    #[strum(serialize = "missing-setting")]
    SettingLeftOut { setting: String, rule: SettingRule },
    #[error("The field {setting} is missing.")]
    #[strum(serialize = "bad-setting")]
    MissingField { setting: String },
    #[error("There is no field {setting}: the fields are {known}. Remove it.")]
    #[strum(serialize = "unknown-setting")]
    UnknownField { setting: String, known: List },
    #[error("There is no field {setting}: the fields are {known}. Did you mean \"{nearest}\"?")]
    #[strum(serialize = "unknown-setting")]
    MisspeltField { setting: String, known: List, nearest: String },
    #[error("{owner} has no setting {setting}: its settings are {known}. Remove it.")]
    UnknownSetting { owner: String, setting: String, known: List },
    #[error("{owner} has no setting {setting}: its settings are {known}. Did you mean \"{nearest}\"?")]
    #[strum(serialize = "unknown-setting")]
    MisspeltSetting { owner: String, setting: String, known: List, nearest: String },
    #[error("{owner} has no setting {setting}, as it has no settings at all. Remove it.")]
    #[strum(serialize = "unknown-setting")]
    NoSettings { owner: String, setting: String },
    #[error("clipNorm and clipValue are both set, but only one of them can be used. Remove one of the two.")]
    #[strum(serialize = "bad-setting")]
    BothClips,
    #[error(
        "The setting patience needs images to validate on, but validationSplit is 0. Hold some back, for example with \
         validationSplit 0.1."
    )]
    #[strum(serialize = "bad-setting")]
    NothingToValidateOn,
    #[error(
        "The setting validationSplit is {value}, which leaves nothing of the {images} training images to train on: it \
         must be below {limit}. Hold fewer images back, or use more."
    )]
    #[strum(serialize = "bad-setting")]
    NothingToTrainOn { value: String, images: usize, limit: String },
    #[error(
        "The setting batchSize is {value}, but only {images} images are trained on. Make the batch smaller or use more \
         images."
    )]
    #[strum(serialize = "bad-setting")]
    BatchTooLarge { value: u32, images: usize },
    #[error("The setting trainSamples is {value}, but {dataset} has only {images} training images.")]
    #[strum(serialize = "bad-setting")]
    TooManyTrainSamples { value: u32, images: usize, dataset: String },
    #[error("There is no data set {dataset}. The data sets are {known}.")]
    UnknownDataset { dataset: String, known: List },
    #[error("There is no data set {dataset}. Did you mean \"{nearest}\"? The data sets are {known}.")]
    #[strum(serialize = "unknown-dataset")]
    MisspeltDataset { dataset: String, nearest: String, known: List },
    #[error(
        "The loss {loss} needs an output for each of the {classes} classes, but the model has one. Use one of {fitting}, or a Dense layer of {classes} units at the end."
    )]
    #[strum(serialize = "bad-setting")]
    LossNeedsClasses { loss: String, classes: usize, fitting: List },
    #[error("The metric {metric} tells nothing about this target. Use some of {fitting}.")]
    #[strum(serialize = "bad-setting")]
    MetricNotForTarget { metric: String, fitting: List },
    #[error(
        "The setting standardize is for tables, but the inputs of {dataset} are not columns of numbers. Switch it off, or choose a \
         table."
    )]
    #[strum(serialize = "bad-setting")]
    NothingToStandardize { dataset: String },
    #[error("The setting text is for texts, but {dataset} has none. Leave it out, or choose a data set of texts.")]
    #[strum(serialize = "bad-setting")]
    NothingToTokenize { dataset: String },
    #[error("The loss {loss} does not compare with classes. Use one of {fitting}.")]
    #[strum(serialize = "bad-setting")]
    LossNotForClasses { loss: String, fitting: List },
    #[error("The loss {loss} does not compare with numbers, as the target of this data set is. Use one of {fitting}.")]
    #[strum(serialize = "bad-setting")]
    LossNotForValues { loss: String, fitting: List },
    #[error("The loss {loss} does not compare with the input. Use one of {fitting}.")]
    #[strum(serialize = "bad-setting")]
    LossNotForInput { loss: String, fitting: List },
    #[error("The split holds no images. Set validationSplit above 0 to hold back images for validation.")]
    #[strum(serialize = "bad-setting")]
    EmptySplit,
    #[error("Example {index} cannot be read: only {examples} examples of the split have arrived.")]
    #[strum(serialize = "bad-setting")]
    NoSuchExample { index: u32, examples: usize },
    #[error("{count} examples were asked for, but at most {max} come at a time.")]
    #[strum(serialize = "bad-setting")]
    TooManyExamplesAtOnce { count: usize, max: u32 },
    #[error(
        "The dilationRate is {dilation}, but it must be 1 where strides are larger than 1. Set one of the two to 1."
    )]
    #[strum(serialize = "bad-setting")]
    StridesAndDilation { dilation: String },
    #[error(
        "The outputPadding is {output_padding}, but with a stride of {stride} here it must be from {least} to {most}, or be left out."
    )]
    #[strum(serialize = "bad-setting")]
    OutputPadding { output_padding: usize, stride: usize, least: usize, most: usize },
    #[error(
        "The setting outputPadding must be left out where the kernel has an even size, the stride is 1 and the padding is same."
    )]
    #[strum(serialize = "bad-setting")]
    NoOutputPadding,
}

/// The values that a setting accepts.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, EnumIter, thiserror::Error)]
#[serde(tag = "key", rename_all = "kebab-case")]
pub enum SettingRule {
    #[default]
    #[error("It must be true or false.")]
    TrueOrFalse,
    #[error("It must be a whole number from {min} to {max}.")]
    WholeNumber { min: i64, max: i64 },
    #[error("It must be up to {most} whole numbers from {min} to {max}.")]
    WholeNumbers { min: i64, max: i64, most: usize },
    #[error("It must be a whole number from 0 to {max}, two of them, or two pairs: [[top, bottom], [left, right]].")]
    Sides { max: u32 },
    #[error("It must be a whole number of at least {min}.")]
    WholeNumberFrom { min: u32 },
    #[error("It must be a number from {min} to {max}.")]
    Number { min: String, max: String },
    #[error("It must be a number from {min} to less than {limit}.")]
    NumberBelow { min: String, limit: String },
    #[error("It must be a number above {min}.")]
    NumberAbove { min: String },
    #[error("It must be a number of at least {min}.")]
    NumberFrom { min: String },
    #[error("It must be a number above {min} and at most {max}.")]
    NumberAboveTo { min: String, max: String },
    #[error("It must be a number from {min} to {max}, or two of them: the least and the largest.")]
    NumberOrRange { min: String, max: String },
    #[error("It must be two numbers from {min} to {max}: the least and the largest.")]
    Range { min: String, max: String },
    #[error("It must be one or two whole numbers from {min} to {max}.")]
    Pair { min: u32, max: u32 },
    #[error("It must be one of {words}.")]
    OneOf { words: List },
    #[error("It must be a layer of one of the types {types}, without name and inputs of its own.")]
    LayerOf { types: List },
    #[error("It must be {kind}.")]
    Kind { kind: String },
    #[error("It must be a text.")]
    Text,
    #[error("It must be an array.")]
    Array,
    #[error("It must be an object.")]
    Object,
    #[error("It must be a whole number.")]
    AnyWholeNumber,
    #[error("It must be a number.")]
    AnyNumber,
    #[error("It must be a number of at most {max}.")]
    NumberUpTo { max: String },
    #[error("It must be a number below {limit}.")]
    NumberUnder { limit: String },
    #[error("It must be a number above {min} and below {max}.")]
    NumberBetween { min: String, max: String },
}

impl SettingError {
    /// Gives a setting that was named by its path another name.
    pub(super) fn rename(&mut self, name: String) {
        match self {
            Self::BadSetting { setting, .. }
            | Self::MisspeltChoice { setting, .. }
            | Self::MissingField { setting }
            | Self::UnknownField { setting, .. }
            | Self::MisspeltField { setting, .. } => *setting = name,
            _ => {}
        }
    }

    /// Returns the name of the setting at fault.
    pub fn setting(&self) -> Option<&str> {
        match self {
            Self::BadSetting { setting, .. }
            | Self::MisspeltChoice { setting, .. }
            | Self::MissingSetting { setting, .. }
            | Self::UnknownSetting { setting, .. }
            | Self::MisspeltSetting { setting, .. }
            | Self::SettingLeftOut { setting, .. }
            | Self::MissingField { setting }
            | Self::UnknownField { setting, .. }
            | Self::MisspeltField { setting, .. }
            | Self::NoSettings { setting, .. } => Some(setting),
            Self::BothClips => Some("clipNorm"),
            Self::NothingToValidateOn => Some("patience"),
            Self::NothingToTrainOn { .. } => Some("validationSplit"),
            Self::BatchTooLarge { .. } => Some("batchSize"),
            Self::TooManyTrainSamples { .. } => Some("trainSamples"),
            Self::UnknownDataset { .. } | Self::MisspeltDataset { .. } => Some("dataset"),
            Self::MetricNotForTarget { .. } => Some("metrics"),
            Self::NothingToStandardize { .. } => Some("standardize"),
            Self::NothingToTokenize { .. } => Some("text"),
            Self::LossNeedsClasses { .. }
            | Self::LossNotForClasses { .. }
            | Self::LossNotForValues { .. }
            | Self::LossNotForInput { .. } => Some("loss"),
            Self::EmptySplit => Some("split"),
            Self::NoSuchExample { .. } | Self::TooManyExamplesAtOnce { .. } => Some("indices"),
            Self::StridesAndDilation { .. } => Some("dilationRate"),
            Self::OutputPadding { .. } | Self::NoOutputPadding => Some("outputPadding"),
        }
    }
}
