//! The check of given settings, and what is wrong with those that fail it.

use std::ops::{Bound, RangeBounds};

use super::{Schema, Setting, SettingDefault, SettingKind, Settings};
use crate::error::{Error, Result, SettingError, SettingRule};
use crate::model::catalogue;
use crate::model::spec::{LayerSpec, SettingValue};
use crate::tensor::number_text;

impl Setting {
    /// Returns the value in the form that [`Settings`] keeps: pairs as two numbers, sides as two pairs.
    ///
    /// # Errors
    /// `bad-setting` if it is of another kind or out of range.
    pub fn check(&self, value: &SettingValue) -> Result<SettingValue> {
        self.normalized(value).ok_or_else(|| self.refusal(value))
    }

    /// Checks like [`Setting::check`] a value that may be absent.
    ///
    /// # Errors
    /// `missing-setting` if it may not be.
    pub fn check_optional(&self, value: Option<SettingValue>) -> Result<Option<SettingValue>> {
        match (value, self.default) {
            (Some(value), _) => self.check(&value).map(Some),
            (None, SettingDefault::Absent) => Ok(None),
            (None, _) => {
                Err(SettingError::SettingLeftOut { setting: self.name.to_owned(), rule: self.kind.rule() }.into())
            }
        }
    }

    pub(super) fn normalized(&self, value: &SettingValue) -> Option<SettingValue> {
        let whole =
            |number: f64, min: i64, max: i64| number.fract() == 0.0 && number >= min as f64 && number <= max as f64;
        let fits = match (self.kind, value) {
            (SettingKind::Flag, SettingValue::Flag(_)) | (SettingKind::Text, SettingValue::Text(_)) => true,
            (SettingKind::Integer { min, max }, SettingValue::Number(number)) => whole(*number, min, max),
            // Most numbers become `f32`.
            (SettingKind::Number { min, max }, SettingValue::Number(number)) => {
                (*number as f32).is_finite() && (min, max).contains(number)
            }
            (SettingKind::Choice(words), SettingValue::Text(word)) => words.contains(&word.as_str()),
            (SettingKind::Layer(types), SettingValue::Layer(layer)) => {
                types.contains(&layer.type_name.as_str())
                    && layer.name.is_none()
                    && layer.inputs.is_none()
                    && inner_settings(layer).is_ok()
            }
            (SettingKind::Integers { min, max, .. }, SettingValue::Number(number)) => {
                return whole(*number, min, max).then(|| vec![*number].into());
            }
            (SettingKind::Integers { min, max, most }, SettingValue::Numbers(numbers)) => {
                (1..=most).contains(&numbers.len()) && numbers.iter().all(|number| whole(*number, min, max))
            }
            (SettingKind::Pair { min, max }, SettingValue::Number(number)) => {
                return whole(*number, min.into(), max.into()).then(|| vec![*number; 2].into());
            }
            (SettingKind::Pair { min, max }, SettingValue::Numbers(numbers)) => {
                numbers.len() == 2 && numbers.iter().all(|number| whole(*number, min.into(), max.into()))
            }
            (SettingKind::Range { min, max, fewest: 1 }, SettingValue::Number(number)) => (min..=max).contains(number),
            (SettingKind::Range { min, max, .. }, SettingValue::Numbers(numbers)) => {
                numbers.len() == 2 && numbers.iter().all(|number| (min..=max).contains(number))
            }
            (SettingKind::Sides { max }, value) => {
                let pairs = match value {
                    SettingValue::Number(side) => vec![[*side; 2]; 2],
                    SettingValue::Numbers(sides) => sides.iter().map(|side| [*side; 2]).collect(),
                    SettingValue::Pairs(pairs) => pairs.clone(),
                    _ => return None,
                };
                let fits = pairs.len() == 2 && pairs.as_flattened().iter().all(|side| whole(*side, 0, max.into()));
                return fits.then_some(SettingValue::Pairs(pairs));
            }
            _ => false,
        };
        fits.then(|| value.clone())
    }

    pub(super) fn refusal(&self, value: &SettingValue) -> Error {
        let nearest = match (self.kind, value) {
            (SettingKind::Choice(words), SettingValue::Text(word)) => nearest(word, words.iter().copied()),
            // Its own settings are at fault.
            (SettingKind::Layer(types), SettingValue::Layer(layer)) if types.contains(&layer.type_name.as_str()) => {
                match inner_settings(layer) {
                    Err(error) => return error,
                    Ok(_) => None,
                }
            }
            _ => None,
        };
        let (setting, value, rule) = (self.name.to_owned(), value.to_string(), self.kind.rule());
        match nearest {
            Some(nearest) => SettingError::MisspeltChoice { setting, value, nearest: nearest.to_owned(), rule },
            None => SettingError::BadSetting { setting, value, rule },
        }
        .into()
    }
}

impl SettingKind {
    /// Returns the rule for the values that are accepted.
    pub fn rule(&self) -> SettingRule {
        match self {
            Self::Flag => SettingRule::TrueOrFalse,
            Self::Text => SettingRule::Text,
            Self::Integer { min, max } => SettingRule::WholeNumber { min: *min, max: *max },
            Self::Number { min, max } => range_rule(*min, *max),
            Self::Integers { min, max, most } => SettingRule::WholeNumbers { min: *min, max: *max, most: *most },
            Self::Range { min, max, fewest } => {
                let [min, max] = [min, max].map(|bound| number_text(*bound));
                if *fewest == 1 { SettingRule::NumberOrRange { min, max } } else { SettingRule::Range { min, max } }
            }
            Self::Pair { min, max } => SettingRule::Pair { min: *min, max: *max },
            Self::Sides { max } => SettingRule::Sides { max: *max },
            Self::Layer(types) => SettingRule::LayerOf { types: types.iter().copied().collect() },
            Self::Choice(words) => {
                SettingRule::OneOf { words: words.iter().map(|word| format!("\"{word}\"")).collect() }
            }
        }
    }
}

/// Checks the settings of a layer inside another.
fn inner_settings(layer: &LayerSpec) -> Result<Settings> {
    Settings::resolve(catalogue::find(&layer.type_name)?.schema(), &layer.settings)
}

/// Returns the known name that is most like a mistyped one, if any is alike enough to be meant.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Case and separators are what people mistake most: "kernel_size", "maxpooling2d".
    let plain = |name: &str| -> String {
        name.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_lowercase()
    };
    let name = plain(&name.chars().take(64).collect::<String>());
    known
        .map(|candidate| (strsim::jaro_winkler(&name, &plain(candidate)), candidate))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .and_then(|(similarity, candidate)| (similarity > 0.6).then_some(candidate))
}

/// Returns the rule for numbers within a range.
fn range_rule(low: Bound<f64>, high: Bound<f64>) -> SettingRule {
    let [min, max] = [low, high].map(|bound| match bound {
        Bound::Included(number) | Bound::Excluded(number) => number_text(number),
        Bound::Unbounded => String::new(),
    });
    match (low, high) {
        (Bound::Unbounded, Bound::Unbounded) => SettingRule::AnyNumber,
        (Bound::Included(_), Bound::Unbounded) => SettingRule::NumberFrom { min },
        (Bound::Excluded(_), Bound::Unbounded) => SettingRule::NumberAbove { min },
        (Bound::Unbounded, Bound::Included(_)) => SettingRule::NumberUpTo { max },
        (Bound::Unbounded, Bound::Excluded(_)) => SettingRule::NumberUnder { limit: max },
        (Bound::Included(_), Bound::Included(_)) => SettingRule::Number { min, max },
        (Bound::Included(_), Bound::Excluded(_)) => SettingRule::NumberBelow { min, limit: max },
        (Bound::Excluded(_), Bound::Included(_)) => SettingRule::NumberAboveTo { min, max },
        (Bound::Excluded(_), Bound::Excluded(_)) => SettingRule::NumberBetween { min, max },
    }
}

pub(super) fn unknown_setting(schema: &Schema, unknown: &str) -> Error {
    let known: Vec<&str> = schema.settings.iter().map(|setting| setting.name).collect();
    let nearest = nearest(unknown, known.iter().copied()).map(str::to_owned);
    let (owner, setting) = (schema.type_name.to_owned(), unknown.to_owned());
    match nearest {
        _ if known.is_empty() => SettingError::NoSettings { owner, setting },
        Some(nearest) => SettingError::MisspeltSetting { owner, setting, known: known.into_iter().collect(), nearest },
        None => SettingError::UnknownSetting { owner, setting, known: known.into_iter().collect() },
    }
    .into()
}
