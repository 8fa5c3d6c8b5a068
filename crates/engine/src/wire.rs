//! How records and choices cross a border: page and worker, JavaScript API, file, URL.
//!
//! Everything is turned into a small tree, [`Value`], which alone knows serde: what the browser downloads then holds one
//! reader and one writer of JavaScript values, not one for every type (serde's derived code for tagged enums was a tenth of
//! the program). The macros [`record!`], [`choice!`] and [`tagged!`] give a type its two functions; field names are in camel
//! case outside, `batch_size` becoming `batchSize`.

pub mod json;

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};

/// What JSON can say.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    Null,
    Flag(bool),
    Number(f64),
    Text(Cow<'static, str>),
    List(Vec<Value>),
    Record(Vec<(Cow<'static, str>, Value)>),
}

/// What can be written as a [`Value`] and read from one.
pub trait Wire: Sized {
    fn to_value(&self) -> Value;

    /// # Errors
    /// `bad-message`, with what was expected and what came.
    fn from_value(value: Value) -> Result<Self>;

    /// What a field means that is left out; `None` where it must be there.
    fn absent() -> Option<Self> {
        None
    }
}

impl Value {
    /// What it is, in a word or two.
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Flag(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Record(_) => "a record",
        }
    }

    fn mismatch(&self, expected: &str) -> Error {
        Error::new("bad-message", "value").expected(expected).got(self.kind())
    }

    /// A number that is whole and at most `max`.
    fn whole(&self, max: f64) -> Result<f64> {
        match self {
            Self::Number(number) if (0.0..=max).contains(number) && number.fract() == 0.0 => Ok(*number),
            _ => Err(self.mismatch("a whole number")),
        }
    }
}

/// The fields of a record while it is read.
pub struct Fields {
    subject: &'static str,
    fields: Vec<(Cow<'static, str>, Value)>,
}

impl Fields {
    /// # Errors
    /// `bad-message` if the value is no record.
    pub fn of(subject: &'static str, value: Value) -> Result<Self> {
        match value {
            Value::Record(fields) => Ok(Self { subject, fields }),
            other => Err(named(other.mismatch("a record"), subject)),
        }
    }

    /// Takes a field out, given as in Rust or as outside.
    pub fn take(&mut self, field: &str) -> Option<Value> {
        let index = self.fields.iter().position(|(name, _)| is_camel_of(name, field))?;
        Some(self.fields.swap_remove(index).1)
    }

    /// A field's value, or `default`, or what its type makes of its absence.
    ///
    /// # Errors
    /// `bad-message` if it is missing or does not fit.
    pub fn get<T: Wire>(&mut self, field: &'static str, default: Option<T>) -> Result<T> {
        match self.take(field) {
            Some(value) => T::from_value(value).map_err(|error| named(error, field)),
            None => default.or_else(T::absent).ok_or_else(|| named(Value::Null.mismatch("a value"), field)),
        }
    }

    /// # Errors
    /// `bad-message` if a field is left that nobody took.
    pub fn finish(self) -> Result<()> {
        match self.fields.first() {
            None => Ok(()),
            Some((name, _)) => Err(Error::new("bad-message", self.subject).expected("known fields").got(name.clone())),
        }
    }

    /// What nobody has taken yet.
    pub fn rest(self) -> Vec<(Cow<'static, str>, Value)> {
        self.fields
    }
}

/// The fields of a record while it is written; what is [`Value::Null`] is left out.
#[derive(Default)]
pub struct Written(Vec<(Cow<'static, str>, Value)>);

impl Written {
    pub fn put(&mut self, field: &'static str, value: Value) {
        if value != Value::Null {
            self.0.push((camel(field), value));
        }
    }

    pub fn done(self) -> Value {
        Value::Record(self.0)
    }
}

/// The error under the name of the field at fault, unless it has the name of a field further in.
fn named(mut error: Error, subject: &str) -> Error {
    if error.subject == "value" {
        subject.clone_into(&mut error.subject);
    }
    error
}

/// `batch_size` as `batchSize`, `SetModel` as `setModel`.
pub fn camel(name: &'static str) -> Cow<'static, str> {
    if !name.contains('_') && name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return name.into();
    }
    camel_characters(name).collect::<String>().into()
}

fn camel_characters(name: &str) -> impl Iterator<Item = char> {
    let mut after_underscore = false;
    name.chars().enumerate().filter_map(move |(index, c)| {
        let upper = std::mem::replace(&mut after_underscore, c == '_');
        match c {
            '_' => None,
            c if upper => Some(c.to_ascii_uppercase()),
            c if index == 0 => Some(c.to_ascii_lowercase()),
            c => Some(c),
        }
    })
}

/// Whether this is how a name is written outside, or the name itself.
pub fn is_camel_of(outside: &str, name: &str) -> bool {
    outside == name || camel_characters(name).eq(outside.chars())
}

/// A choice: its name alone, or a record of one field, which is what comes with it.
pub fn choose(name: Cow<'static, str>, content: Option<Value>) -> Value {
    match content {
        None => Value::Text(name),
        Some(content) => Value::Record(vec![(name, content)]),
    }
}

/// The name of a choice and what comes with it.
///
/// # Errors
/// `bad-message` if it is no choice.
pub fn chosen(value: Value) -> Result<(Cow<'static, str>, Value)> {
    match value {
        Value::Text(name) => Ok((name, Value::Null)),
        Value::Record(mut fields) if fields.len() == 1 => fields.pop().ok_or_else(|| Value::Null.mismatch("a choice")),
        other => Err(other.mismatch("a choice")),
    }
}

/// A name that stands for no choice.
pub fn no_such_choice(subject: &'static str, name: &str) -> Error {
    Error::new("bad-message", subject).expected("a known name").got(name)
}

/// A record: its fields, with the name that one has outside if that is not its own, and its default if it may be left out.
#[macro_export]
macro_rules! record {
    ($type:ident { $($field:ident $(as $name:literal)? $(= $default:expr)?),+ $(,)? }) => {
        impl $crate::wire::Wire for $type {
            fn to_value(&self) -> $crate::wire::Value {
                let mut written = $crate::wire::Written::default();
                $(written.put($crate::wire::name!($field $($name)?), $crate::wire::Wire::to_value(&self.$field));)+
                written.done()
            }

            fn from_value(value: $crate::wire::Value) -> $crate::error::Result<Self> {
                let mut fields = $crate::wire::Fields::of(stringify!($type), value)?;
                let record =
                    Self { $($field: fields.get($crate::wire::name!($field $($name)?), $crate::wire::default!($($default)?))?),+ };
                fields.finish()?;
                Ok(record)
            }
        }

        $crate::wire::through_value!($type);
    };
}

/// A choice: its variants with their fields, or the name of what one holds, or nothing.
#[macro_export]
macro_rules! choice {
    ($type:ident { $($variant:ident $(as $name:literal)? $({ $($field:ident),+ })? $(($inner:ident))?),+ $(,)? }) => {
        impl $crate::wire::Wire for $type {
            fn to_value(&self) -> $crate::wire::Value {
                match self {
                    $(Self::$variant $({ $($field),+ })? $(($inner))? => {
                        let content = $crate::wire::write_variant!($({ $($field),+ })? $(($inner))?);
                        $crate::wire::choose($crate::wire::written_name!($variant $($name)?), content)
                    })+
                }
            }

            fn from_value(value: $crate::wire::Value) -> $crate::error::Result<Self> {
                let (name, content) = $crate::wire::chosen(value)?;
                $(if $crate::wire::is_camel_of(&name, $crate::wire::name!($variant $($name)?)) {
                    return Ok($crate::wire::read_variant!($type::$variant, content $(, { $($field),+ })? $(, ($inner))?));
                })+
                let _ = content;
                Err($crate::wire::no_such_choice(stringify!($type), &name))
            }
        }

        $crate::wire::through_value!($type);
    };
}

/// A choice whose name is the field `type` of a record; the name alone stands for a record of defaults.
#[macro_export]
macro_rules! tagged {
    ($type:ident { $($variant:ident as $name:literal { $($field:ident $(= $default:expr)?),* }),+ $(,)? }) => {
        impl $crate::wire::Wire for $type {
            fn to_value(&self) -> $crate::wire::Value {
                let mut written = $crate::wire::Written::default();
                match self {
                    $(Self::$variant { $($field),* } => {
                        written.put("type", $crate::wire::Value::Text($name.into()));
                        $(written.put(stringify!($field), $crate::wire::Wire::to_value($field));)*
                    })+
                }
                written.done()
            }

            fn from_value(value: $crate::wire::Value) -> $crate::error::Result<Self> {
                let value = match value {
                    text @ $crate::wire::Value::Text(_) => $crate::wire::Value::Record(vec![("type".into(), text)]),
                    other => other,
                };
                let mut fields = $crate::wire::Fields::of(stringify!($type), value)?;
                let name: String = fields.get("type", None)?;
                match name.as_str() {
                    $($name => {
                        let tagged = Self::$variant { $($field: fields.get(stringify!($field), $crate::wire::default!($($default)?))?),* };
                        fields.finish()?;
                        Ok(tagged)
                    })+
                    _ => Err($crate::wire::no_such_choice(stringify!($type), &name)),
                }
            }
        }

        $crate::wire::through_value!($type);
    };
}

#[macro_export]
macro_rules! name {
    ($own:ident) => {
        stringify!($own)
    };
    ($own:ident $name:literal) => {
        $name
    };
}

/// How the name of a choice is written outside: in camel case, or exactly as the schema says.
#[macro_export]
macro_rules! written_name {
    ($own:ident) => {
        $crate::wire::camel(stringify!($own))
    };
    ($own:ident $name:literal) => {
        $name.into()
    };
}

#[macro_export]
macro_rules! default {
    () => {
        None
    };
    ($default:expr) => {
        Some($default)
    };
}

#[macro_export]
macro_rules! write_variant {
    () => {
        None
    };
    ({ $($field:ident),+ }) => {{
        let mut written = $crate::wire::Written::default();
        $(written.put(stringify!($field), $crate::wire::Wire::to_value($field));)+
        Some(written.done())
    }};
    (($inner:ident)) => {
        Some($crate::wire::Wire::to_value($inner))
    };
}

#[macro_export]
macro_rules! read_variant {
    ($type:ident::$variant:ident, $content:ident) => {
        $type::$variant
    };
    ($type:ident::$variant:ident, $content:ident, { $($field:ident),+ }) => {{
        let mut fields = $crate::wire::Fields::of(stringify!($variant), $content)?;
        let variant = $type::$variant { $($field: fields.get(stringify!($field), None)?),+ };
        fields.finish()?;
        variant
    }};
    ($type:ident::$variant:ident, $content:ident, ($inner:ident)) => {{
        let $inner = $crate::wire::Wire::from_value($content)?;
        $type::$variant($inner)
    }};
}

/// serde for a type that has [`Wire`]: for JSON, in tests and files.
#[macro_export]
macro_rules! through_value {
    ($type:ident) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::wire::Wire::to_value(self).serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = $crate::wire::Value::deserialize(deserializer)?;
                $crate::wire::Wire::from_value(value).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub use {choice, default, name, read_variant, record, tagged, through_value, write_variant, written_name};

impl Wire for bool {
    fn to_value(&self) -> Value {
        Value::Flag(*self)
    }

    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Flag(flag) => Ok(flag),
            other => Err(other.mismatch("true or false")),
        }
    }
}

impl Wire for f64 {
    fn to_value(&self) -> Value {
        Value::Number(*self)
    }

    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Number(number) => Ok(number),
            other => Err(other.mismatch("a number")),
        }
    }
}

impl Wire for f32 {
    fn to_value(&self) -> Value {
        Value::Number(f64::from(*self))
    }

    fn from_value(value: Value) -> Result<Self> {
        f64::from_value(value).map(|number| number as f32)
    }
}

impl Wire for u32 {
    fn to_value(&self) -> Value {
        Value::Number(f64::from(*self))
    }

    fn from_value(value: Value) -> Result<Self> {
        value.whole(f64::from(u32::MAX)).map(|number| number as u32)
    }
}

impl Wire for usize {
    fn to_value(&self) -> Value {
        Value::Number(*self as f64)
    }

    /// Up to 2^53, or what the machine can address.
    fn from_value(value: Value) -> Result<Self> {
        value.whole((usize::MAX as f64).min(9_007_199_254_740_992.0)).map(|number| number as usize)
    }
}

impl Wire for String {
    fn to_value(&self) -> Value {
        Value::Text(self.clone().into())
    }

    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Text(text) => Ok(text.into_owned()),
            other => Err(other.mismatch("a text")),
        }
    }
}

impl Wire for crate::error::Arguments {
    fn to_value(&self) -> Value {
        serde_json::to_string(self).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null)
    }

    fn from_value(value: Value) -> Result<Self> {
        match serde_json::to_value(&value) {
            Ok(serde_json::Value::Object(arguments)) => Ok(arguments),
            _ => Err(value.mismatch("a record")),
        }
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn to_value(&self) -> Value {
        Value::List(self.iter().map(T::to_value).collect())
    }

    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::List(values) => values.into_iter().map(T::from_value).collect(),
            other => Err(other.mismatch("a list")),
        }
    }
}

impl<T: Wire> Wire for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }

    fn from_value(value: Value) -> Result<Self> {
        if value == Value::Null { Ok(None) } else { T::from_value(value).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Wire, E: Wire> Wire for std::result::Result<T, E> {
    fn to_value(&self) -> Value {
        match self {
            Ok(value) => choose("ok".into(), Some(value.to_value())),
            Err(error) => choose("err".into(), Some(error.to_value())),
        }
    }

    fn from_value(value: Value) -> Result<Self> {
        match chosen(value)? {
            (name, content) if name == "ok" => T::from_value(content).map(Ok),
            (_, content) => E::from_value(content).map(Err),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(value)?;
                }
                list.end()
            }
            Self::Record(fields) => {
                let mut record = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    record.serialize_entry(&**name, value)?;
                }
                record.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned().into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut record: A) -> Result<Value, A::Error> {
        let mut fields = Vec::new();
        while let Some((name, value)) = record.next_entry::<String, Value>()? {
            fields.push((name.into(), value));
        }
        Ok(Value::Record(fields))
    }
}
