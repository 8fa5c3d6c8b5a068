//! The fields of a training configuration: their ranges, their groups in the form, and checks that need neither a model
//! nor data.

use std::ops::Bound::{Excluded, Included, Unbounded};

use super::losses::LossSpec;
use super::metrics;
use super::settings::{Setting, SettingDefault};
use super::spec::{SettingValue, TargetChoice, TrainingConfig};
use crate::data::schema::Target;
use crate::data::text::{TextSpec, TextSplit};
use crate::error::{Result, SettingError};
use crate::tensor::number_text;

/// The largest batch that is accepted, and the most training images.
pub const MAX_SAMPLES: u32 = 1 << 24;

/// The words of `target`.
const TARGETS: [&str; 2] = ["label", "input"];

/// The words of `split`.
const SPLITS: [&str; 2] = ["whitespace", "character"];

/// The largest vocabulary and the longest sequence of texts.
const MAX_TOKENS: i64 = 1 << 20;
const MAX_SEQUENCE: i64 = 4096;

/// The most epochs.
pub const MAX_EPOCHS: u32 = 100_000;

/// A field of the configuration that holds one value. Its default is that of [`TrainingConfig::default`].
pub struct Field {
    pub setting: Setting,
    pub group: Group,
    get: fn(&TrainingConfig) -> Option<SettingValue>,
    set: fn(&mut TrainingConfig, Option<SettingValue>),
}

/// The part of the form that shows a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    /// The update of the weights in a step.
    Step,
    /// The images of a run, and their order.
    Data,
    /// The way in which texts become token ids. The form shows it for texts.
    Text,
    /// When a run ends.
    End,
    /// The form does not show it.
    Hidden,
}

/// Declares the fields: the struct's field, its group, its setting.
macro_rules! fields {
    ($($field:ident: $group:ident, $setting:expr;)*) => {
        /// Every field, in the order in which the form shows them.
        pub static FIELDS: &[Field] = &[$(Field {
            setting: $setting,
            group: Group::$group,
            get: |config| FieldValue::to_setting(&config.$field),
            set: |config, value| {
                if let Some(value) = FieldValue::from_setting(value) {
                    config.$field = value;
                }
            },
        }),*];
    };
}

fields! {
    clip_norm: Step, Setting::number("clipNorm", Excluded(0.0), Unbounded).default(SettingDefault::Absent);
    clip_value: Step, Setting::number("clipValue", Excluded(0.0), Unbounded).default(SettingDefault::Absent);
    batch_size: Data, Setting::integer("batchSize", 1, MAX_SAMPLES as i64);
    seed: Data, Setting::integer("seed", 0, u32::MAX as i64);
    train_samples: Data, Setting::integer("trainSamples", 1, MAX_SAMPLES as i64);
    validation_split: Data, Setting::number("validationSplit", Included(0.0), Excluded(1.0));
    epochs: End, Setting::integer("epochs", 1, MAX_EPOCHS as i64);
    target_accuracy: End, Setting::number("targetAccuracy", Excluded(0.0), Included(1.0)).default(SettingDefault::Absent);
    patience: End, Setting::integer("patience", 1, MAX_EPOCHS as i64).default(SettingDefault::Absent);
    target: Data, Setting::choice("target", &TARGETS, "label");
    standardize: Data, Setting::flag("standardize", false);
    shuffle: Hidden, Setting::flag("shuffle", true);
    dataset: Hidden, Setting::text("dataset");
}

/// Declares the fields of `text`.
macro_rules! text_fields {
    ($($field:ident: $setting:expr;)*) => {
        /// The fields of `text`, which a configuration has for a data set of texts.
        pub static TEXT_FIELDS: &[Field] = &[$(Field {
            setting: $setting,
            group: Group::Text,
            get: |config| config.text.and_then(|text| text.$field.to_setting()),
            set: |config, value| {
                if let (Some(text), Some(value)) = (&mut config.text, FieldValue::from_setting(value)) {
                    text.$field = value;
                }
            },
        }),*];
    };
}

text_fields! {
    max_tokens: Setting::integer("maxTokens", 3, MAX_TOKENS);
    sequence_length: Setting::integer("sequenceLength", 1, MAX_SEQUENCE);
    split: Setting::choice("split", &SPLITS, "whitespace");
}

impl Field {
    /// Returns the field of this name, `"batchSize"`.
    pub fn named(name: &str) -> Option<&'static Self> {
        FIELDS.iter().find(|field| field.setting.name == name)
    }

    /// Returns the field's value; `None` if it is left out.
    pub fn get(&self, config: &TrainingConfig) -> Option<SettingValue> {
        (self.get)(config)
    }

    /// Sets the field, or leaves it out. One way of clipping takes the place of the other, and a loss that cannot compare with
    /// the input makes way for one that can.
    ///
    /// # Errors
    /// `bad-setting` if the value is out of range; `missing-setting` if the field may not be left out.
    pub fn set(&self, config: &mut TrainingConfig, value: Option<SettingValue>) -> Result<()> {
        let value = self.setting.check_optional(value)?;
        if value.is_some() {
            match self.setting.name {
                "clipNorm" => config.clip_value = None,
                "clipValue" => config.clip_norm = None,
                _ => {}
            }
        }
        (self.set)(config, value);
        if config.target == TargetChoice::Input && config.loss.check_target(&Target::Input).is_err() {
            config.loss = LossSpec::for_target(&Target::Input);
        }
        Ok(())
    }
}

/// A type of a field.
trait FieldValue: Sized {
    fn to_setting(&self) -> Option<SettingValue>;

    /// Reads a value that the field's setting has checked.
    fn from_setting(value: Option<SettingValue>) -> Option<Self>;
}

/// Returns the choice of two that a word names.
fn chosen<T>(value: Option<SettingValue>, words: [&str; 2], [first, second]: [T; 2]) -> Option<T> {
    match value {
        Some(SettingValue::Text(word)) if word == words[1] => Some(second),
        Some(SettingValue::Text(_)) => Some(first),
        _ => None,
    }
}

impl FieldValue for TargetChoice {
    fn to_setting(&self) -> Option<SettingValue> {
        let word = match self {
            Self::Label => TARGETS[0],
            Self::Input => TARGETS[1],
        };
        Some(SettingValue::Text(word.to_owned()))
    }

    fn from_setting(value: Option<SettingValue>) -> Option<Self> {
        chosen(value, TARGETS, [Self::Label, Self::Input])
    }
}

impl FieldValue for TextSplit {
    fn to_setting(&self) -> Option<SettingValue> {
        let word = match self {
            Self::Whitespace => SPLITS[0],
            Self::Character => SPLITS[1],
        };
        Some(SettingValue::Text(word.to_owned()))
    }

    fn from_setting(value: Option<SettingValue>) -> Option<Self> {
        chosen(value, SPLITS, [Self::Whitespace, Self::Character])
    }
}

impl FieldValue for u32 {
    fn to_setting(&self) -> Option<SettingValue> {
        Some(SettingValue::Number(f64::from(*self)))
    }

    fn from_setting(value: Option<SettingValue>) -> Option<Self> {
        f64::from_setting(value).map(|number| number as u32)
    }
}

impl FieldValue for f64 {
    fn to_setting(&self) -> Option<SettingValue> {
        Some(SettingValue::Number(*self))
    }

    fn from_setting(value: Option<SettingValue>) -> Option<Self> {
        match value {
            Some(SettingValue::Number(number)) => Some(number),
            _ => None,
        }
    }
}

impl FieldValue for bool {
    fn to_setting(&self) -> Option<SettingValue> {
        Some(SettingValue::Flag(*self))
    }

    fn from_setting(value: Option<SettingValue>) -> Option<Self> {
        match value {
            Some(SettingValue::Flag(flag)) => Some(flag),
            _ => None,
        }
    }
}

impl FieldValue for String {
    fn to_setting(&self) -> Option<SettingValue> {
        Some(SettingValue::Text(self.clone()))
    }

    fn from_setting(value: Option<SettingValue>) -> Option<Self> {
        match value {
            Some(SettingValue::Text(text)) => Some(text),
            _ => None,
        }
    }
}

impl<T: FieldValue> FieldValue for Option<T> {
    fn to_setting(&self) -> Option<SettingValue> {
        self.as_ref().and_then(T::to_setting)
    }

    fn from_setting(value: Option<SettingValue>) -> Option<Self> {
        match value {
            None => Some(None),
            value => T::from_setting(value).map(Some),
        }
    }
}

/// Checks every field of a configuration. Optimizer, loss and schedule have been checked when they were made.
///
/// # Errors
/// `bad-setting`, naming the field as a spec does.
pub fn check(config: &TrainingConfig) -> Result<()> {
    for field in FIELDS {
        field.setting.check_optional(field.get(config))?;
    }
    for field in TEXT_FIELDS.iter().filter(|_| config.text.is_some()) {
        field.setting.check_optional(field.get(config))?;
    }
    for name in config.metrics.iter().flatten() {
        metrics::find(name)?;
    }
    if config.clip_norm.is_some() && config.clip_value.is_some() {
        return Err(SettingError::BothClips.into());
    }
    if config.patience.is_some() && config.validation_split == 0.0 {
        return Err(SettingError::NothingToValidateOn.into());
    }
    let samples = config.train_samples as usize;
    let trained = trained_samples(config, samples);
    if trained == 0 {
        // Below this share at least one image is left.
        let limit = number_text((samples - 1) as f64 / samples as f64);
        let value = number_text(config.validation_split);
        return Err(SettingError::NothingToTrainOn { value, images: samples, limit }.into());
    }
    if config.batch_size as usize > trained {
        return Err(SettingError::BatchTooLarge { value: config.batch_size, images: trained }.into());
    }
    Ok(())
}

/// Checks that a configuration says something about texts only if the data set has some.
///
/// # Errors
/// `bad-setting`, naming `text`.
pub fn check_text(config: &TrainingConfig, own: Option<TextSpec>) -> Result<()> {
    if config.text.is_none() || own.is_some() {
        return Ok(());
    }
    Err(SettingError::NothingToTokenize { dataset: config.dataset.clone() }.into())
}

/// Checks that there are as many examples as a configuration trains on.
///
/// # Errors
/// `bad-setting`, naming `trainSamples`.
pub fn check_examples(config: &TrainingConfig, examples: usize) -> Result<()> {
    if config.train_samples as usize <= examples {
        return Ok(());
    }
    Err(SettingError::TooManyTrainSamples {
        value: config.train_samples,
        images: examples,
        dataset: config.dataset.clone(),
    }
    .into())
}

/// Returns how many of the first `samples` images are trained on; the rest, at their end, is held back for validation as
/// in Keras.
pub fn trained_samples(config: &TrainingConfig, samples: usize) -> usize {
    (samples as f64 * (1.0 - config.validation_split)).floor() as usize
}
