//! Given settings, and settings that were checked.

use std::collections::BTreeMap;

use super::check::unknown_setting;
use super::{Schema, Setting, SettingDefault};
use crate::error::{Error, Result, SettingError};
use crate::model::spec::{LayerSpec, SettingValue};

/// A fault of given settings.
#[derive(Clone, Debug)]
pub enum SettingFault {
    /// The schema has no setting of this name.
    Unknown(String),
    Missing(&'static Setting),
    /// A value of another kind, or out of range.
    Bad(&'static Setting, SettingValue),
}

impl SettingFault {
    pub fn into_error(self, schema: &Schema) -> Error {
        match self {
            Self::Unknown(name) => unknown_setting(schema, &name),
            Self::Missing(setting) => SettingError::MissingSetting {
                owner: schema.type_name.to_owned(),
                setting: setting.name.to_owned(),
                rule: setting.kind.rule(),
            }
            .into(),
            Self::Bad(setting, value) => setting.refusal(&value),
        }
    }
}

/// The settings of one entry after checking: every setting of the schema has a value of the right kind in its range,
/// given or default.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings(Vec<(&'static str, Option<SettingValue>)>);

impl Settings {
    /// Checks given settings against a schema and fills in defaults.
    ///
    /// # Errors
    /// `unknown-setting` (naming the nearest known one), `missing-setting`, `bad-setting`.
    pub fn resolve(schema: &'static Schema, given: &BTreeMap<String, SettingValue>) -> Result<Self> {
        Self::check(schema, given).map_err(|fault| fault.into_error(schema))
    }

    /// Checks like [`Settings::resolve`].
    ///
    /// # Errors
    /// The first fault.
    pub fn check(
        schema: &'static Schema,
        given: &BTreeMap<String, SettingValue>,
    ) -> std::result::Result<Self, SettingFault> {
        if let Some(unknown) = given.keys().find(|name| schema.setting(name).is_none()) {
            return Err(SettingFault::Unknown(unknown.clone()));
        }
        let value = |setting: &'static Setting| match given.get(setting.name) {
            Some(value) => match setting.normalized(value) {
                Some(value) => Ok((setting.name, Some(value))),
                None => Err(SettingFault::Bad(setting, value.clone())),
            },
            None if setting.default == SettingDefault::Required => Err(SettingFault::Missing(setting)),
            None => Ok((setting.name, setting.default.value())),
        };
        schema.settings.iter().map(value).collect::<std::result::Result<_, _>>().map(Self)
    }

    /// Returns the values that a menu starts with.
    pub fn initial(schema: &'static Schema) -> Self {
        Self(schema.settings.iter().map(|setting| (setting.name, setting.initial_value())).collect())
    }

    /// Returns the same settings with another value of one; `None`: left out.
    ///
    /// # Errors
    /// As [`Settings::resolve`].
    pub fn with(&self, schema: &'static Schema, name: &str, value: Option<SettingValue>) -> Result<Self> {
        let mut given: BTreeMap<String, SettingValue> =
            self.given().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        given.remove(name);
        given.extend(value.map(|value| (name.to_owned(), value)));
        Self::resolve(schema, &given)
    }

    /// Returns the settings that have a value, in the order of the schema.
    pub fn given(&self) -> impl Iterator<Item = (&'static str, &SettingValue)> {
        self.0.iter().filter_map(|(name, value)| Some((*name, value.as_ref()?)))
    }

    /// Returns the value of a setting, `None` where it is left out.
    pub fn get(&self, name: &str) -> Option<&SettingValue> {
        self.0.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.as_ref())
    }

    /// Returns a [`SettingKind::Flag`] of the schema.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(SettingValue::Flag(true)))
    }

    /// Returns a [`SettingKind::Integers`] of the schema.
    pub fn integers(&self, name: &str) -> &[f64] {
        match self.get(name) {
            Some(SettingValue::Numbers(numbers)) => numbers,
            _ => &[],
        }
    }

    /// Returns a [`SettingKind::Sides`] of the schema: `[[top, bottom], [left, right]]`.
    pub fn sides(&self, name: &str) -> [[usize; 2]; 2] {
        match self.get(name) {
            Some(SettingValue::Pairs(pairs)) => {
                [0, 1].map(|at| pairs.get(at).map_or([0; 2], |pair| pair.map(|side| side as usize)))
            }
            _ => [[0; 2]; 2],
        }
    }

    /// Returns a [`SettingKind::Integer`] of the schema that is not negative.
    pub fn integer(&self, name: &str) -> usize {
        self.number(name) as usize
    }

    /// Returns a [`SettingKind::Number`] of the schema.
    pub fn number(&self, name: &str) -> f64 {
        match self.get(name) {
            Some(SettingValue::Number(number)) => *number,
            _ => 0.0,
        }
    }

    /// Returns a [`SettingKind::Range`] of the schema; a single number goes through `both`.
    pub fn range(&self, name: &str, both: impl Fn(f64) -> [f64; 2]) -> [f64; 2] {
        let [one, other] = match self.get(name) {
            Some(SettingValue::Numbers(numbers)) => match numbers[..] {
                [one, other] => [one, other],
                _ => [0.0; 2],
            },
            Some(SettingValue::Number(number)) => both(*number),
            _ => [0.0; 2],
        };
        [one.min(other), one.max(other)]
    }

    /// Returns a [`SettingKind::Choice`] of the schema.
    pub fn choice(&self, name: &str) -> &str {
        match self.get(name) {
            Some(SettingValue::Text(text)) => text,
            _ => "",
        }
    }

    /// Returns a [`SettingKind::Layer`] of the schema.
    pub fn layer(&self, name: &str) -> Option<&LayerSpec> {
        match self.get(name) {
            Some(SettingValue::Layer(layer)) => Some(layer),
            _ => None,
        }
    }

    /// Returns a [`SettingKind::Pair`] of the schema: height, width.
    pub fn pair(&self, name: &str) -> [usize; 2] {
        self.optional_pair(name).unwrap_or([1, 1])
    }

    /// Returns a [`SettingKind::Pair`] of the schema that may be left out: height, width.
    pub fn optional_pair(&self, name: &str) -> Option<[usize; 2]> {
        match self.get(name) {
            Some(SettingValue::Numbers(numbers)) => match numbers[..] {
                [height, width] => Some([height as usize, width as usize]),
                _ => None,
            },
            _ => None,
        }
    }
}
