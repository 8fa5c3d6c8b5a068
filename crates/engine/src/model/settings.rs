//! Settings of the entries of a catalogue: their schema, and values that were checked against it.

use std::collections::BTreeMap;
use std::ops::{Bound, RangeBounds};

use super::spec::{LayerSpec, SettingValue};
use crate::error::{Error, Result, SettingError, SettingRule};
use crate::tensor::number_text;

/// The name of a catalogue's entry in specs, and its settings.
///
/// The locale files describe it: `<catalogue>_<type name>_help`, and for each setting `setting_<name>` (its label) and
/// `setting_<name>_help`.
#[derive(Debug)]
pub struct Schema {
    /// As in Keras: `"Conv2D"`.
    pub type_name: &'static str,
    /// In the order in which a form shows them.
    pub settings: &'static [Setting],
}

impl Schema {
    /// Returns the setting of this name.
    pub fn setting(&self, name: &str) -> Option<&'static Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }
}

/// One setting: a row of a form.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// As in a spec: `"kernelSize"`.
    pub name: &'static str,
    pub kind: SettingKind,
    pub default: SettingDefault,
    /// The value that a menu starts with, where that is not the default.
    pub initial: SettingDefault,
    pub card: Card,
}

/// The way in which a layer's card shows a setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Card {
    Hidden,
    Always,
    /// Only if it is not the default, after this text.
    IfChanged(&'static str),
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum SettingKind {
    Flag,
    /// A whole number within these bounds, both included.
    Integer {
        min: i64,
        max: i64,
    },
    /// Between one and `most` whole numbers within these bounds.
    Integers {
        min: i64,
        max: i64,
        most: usize,
    },
    /// Whole numbers for the four sides of an image, `[[top, bottom], [left, right]]`. A single number stands for all, two
    /// for top and bottom and for left and right.
    Sides {
        max: u32,
    },
    Number {
        min: Bound<f64>,
        max: Bound<f64>,
    },
    /// Two whole numbers, height then width, within these bounds; a single number stands for both.
    Pair {
        min: u32,
        max: u32,
    },
    /// Any text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A layer of one of these types, without a name and inputs of its own.
    Layer(&'static [&'static str]),
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum SettingDefault {
    /// The user must say.
    Required,
    Flag(bool),
    Number(f64),
    Pair(f64, f64),
    /// This number on all four sides.
    Sides(f64),
    Numbers(&'static [f64]),
    Text(&'static str),
    /// A layer of this type, with the settings that a menu starts with.
    Layer(&'static str),
    /// The setting may be left out; its help says what that means.
    Absent,
}

impl Setting {
    const fn new(name: &'static str, kind: SettingKind) -> Self {
        let default = SettingDefault::Required;
        Self { name, kind, default, initial: SettingDefault::Absent, card: Card::Hidden }
    }

    pub const fn flag(name: &'static str, default: bool) -> Self {
        Self::new(name, SettingKind::Flag).default(SettingDefault::Flag(default))
    }

    /// Declares an integer from `min` to `max`.
    pub const fn integer(name: &'static str, min: i64, max: i64) -> Self {
        Self::new(name, SettingKind::Integer { min, max })
    }

    /// Declares a list of up to `most` integers from `min` to `max`.
    pub const fn integers(name: &'static str, min: i64, max: i64, most: usize) -> Self {
        Self::new(name, SettingKind::Integers { min, max, most })
    }

    /// Declares integers up to `max` for the four sides of an image.
    pub const fn sides(name: &'static str, max: u32) -> Self {
        Self::new(name, SettingKind::Sides { max })
    }

    pub const fn number(name: &'static str, min: Bound<f64>, max: Bound<f64>) -> Self {
        Self::new(name, SettingKind::Number { min, max })
    }

    /// Declares two integers from `min` to `max`.
    pub const fn pair(name: &'static str, min: u32, max: u32) -> Self {
        Self::new(name, SettingKind::Pair { min, max })
    }

    pub const fn text(name: &'static str) -> Self {
        Self::new(name, SettingKind::Text)
    }

    pub const fn choice(name: &'static str, words: &'static [&'static str], default: &'static str) -> Self {
        Self::new(name, SettingKind::Choice(words)).default(SettingDefault::Text(default))
    }

    /// Declares a layer of one of these types.
    pub const fn layer(name: &'static str, types: &'static [&'static str]) -> Self {
        Self::new(name, SettingKind::Layer(types))
    }

    pub const fn default(self, default: SettingDefault) -> Self {
        Self { default, ..self }
    }

    pub const fn initial(self, initial: SettingDefault) -> Self {
        Self { initial, ..self }
    }

    pub const fn card(self, card: Card) -> Self {
        Self { card, ..self }
    }

    /// Returns the value that a new entry of a menu has; `None` if it is left out.
    pub fn initial_value(&self) -> Option<SettingValue> {
        self.initial.value().or_else(|| self.default.value())
    }
}

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

    fn normalized(&self, value: &SettingValue) -> Option<SettingValue> {
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

    fn refusal(&self, value: &SettingValue) -> Error {
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
            Self::Pair { min, max } => SettingRule::Pair { min: *min, max: *max },
            Self::Sides { max } => SettingRule::Sides { max: *max },
            Self::Layer(types) => SettingRule::LayerOf { types: types.iter().copied().collect() },
            Self::Choice(words) => {
                SettingRule::OneOf { words: words.iter().map(|word| format!("\"{word}\"")).collect() }
            }
        }
    }
}

impl SettingDefault {
    /// Returns the value that stands for a setting that was left out.
    pub fn value(&self) -> Option<SettingValue> {
        match *self {
            Self::Required | Self::Absent => None,
            Self::Flag(flag) => Some(SettingValue::Flag(flag)),
            Self::Number(number) => Some(SettingValue::Number(number)),
            Self::Pair(height, width) => Some(SettingValue::Numbers(vec![height, width])),
            Self::Sides(side) => Some(SettingValue::Pairs(vec![[side; 2]; 2])),
            Self::Numbers(numbers) => Some(SettingValue::Numbers(numbers.to_vec())),
            Self::Text(text) => Some(SettingValue::Text(text.to_owned())),
            Self::Layer(type_name) => {
                let mut layer = LayerSpec::new(type_name);
                let schema = super::catalogue::find(type_name).ok().map(|found| found.schema());
                for setting in schema.into_iter().flat_map(|schema| schema.settings) {
                    let value = setting.initial.value().map(|value| (setting.name.to_owned(), value));
                    layer.settings.extend(value);
                }
                Some(layer.into())
            }
        }
    }
}

/// Checks the settings of a layer inside another.
fn inner_settings(layer: &LayerSpec) -> Result<Settings> {
    Settings::resolve(super::catalogue::find(&layer.type_name)?.schema(), &layer.settings)
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

fn unknown_setting(schema: &Schema, unknown: &str) -> Error {
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
