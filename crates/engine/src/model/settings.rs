//! Settings of the entries of a catalogue: their schema, and values that were checked against it.

mod check;
mod values;

use std::ops::Bound;

use super::spec::{LayerSpec, SettingValue};
pub use check::nearest;
pub use values::{SettingFault, Settings};

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
    /// Two numbers within these bounds, from which and up to which something goes; where `fewest` is 1, a single number may
    /// stand for both, by a rule of the layer.
    Range {
        min: f64,
        max: f64,
        fewest: usize,
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

    /// Declares a range within `min` and `max`, or a number that stands for one.
    pub const fn range_or_number(name: &'static str, min: f64, max: f64) -> Self {
        Self::new(name, SettingKind::Range { min, max, fewest: 1 })
    }

    /// Declares a range within `min` and `max`.
    pub const fn range(name: &'static str, min: f64, max: f64) -> Self {
        Self::new(name, SettingKind::Range { min, max, fewest: 2 })
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
