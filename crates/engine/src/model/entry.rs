//! Entries of a catalogue, chosen by type and configured: `{"type": "Adam", "learningRate": 0.001}`.
//!
//! Optimizers, losses and schedules are catalogues. One file describes one entry, one line in its catalogue registers it.
//! Menus, forms, checks and documentation are made from its [`Schema`].

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::settings::{Schema, SettingFault, Settings, nearest};
use super::spec::SettingValue;
use crate::error::{Result, SettingError, SettingRule};
use crate::json;

/// The entries that a specification chooses from. `dyn Optimizer`, `dyn Loss` and `dyn Schedule` are catalogues.
pub trait Catalogue: Sync + 'static {
    /// The name of the field in a training configuration.
    const FIELD: &'static str;

    /// Returns every entry, in the order of menus.
    fn entries() -> &'static [&'static Self];

    fn known() -> &'static Known;

    fn schema(&self) -> &'static Schema;
}

/// The names of a catalogue, for errors.
pub struct Known {
    types: Vec<&'static str>,
    settings: BTreeMap<&'static str, Vec<&'static str>>,
}

impl Known {
    pub fn of<C: Catalogue + ?Sized>() -> Self {
        let schemas = || C::entries().iter().map(|entry| entry.schema());
        let settings = |schema: &Schema| schema.settings.iter().map(|setting| setting.name).collect();
        Self {
            types: schemas().map(|schema| schema.type_name).collect(),
            settings: schemas().map(|schema| (schema.type_name, settings(schema))).collect(),
        }
    }

    /// Returns the names of all types.
    pub fn types(&self) -> &[&'static str] {
        &self.types
    }

    /// Returns the names of the settings of a type.
    pub fn settings(&self, type_name: &str) -> &[&'static str] {
        self.settings.get(type_name).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Declares the entries of a catalogue: each has a module of its own and a line.
macro_rules! catalogue {
    ($(#[$doc:meta])* $entries:ident: $catalogue:ident for $field:literal { $($module:ident::$entry:ident),* $(,)? }) => {
        $(mod $module; pub use $module::$entry;)*

        $(#[$doc])*
        pub static $entries: &[&dyn $catalogue] = &[$(&$entry),*];

        impl $crate::model::entry::Catalogue for dyn $catalogue {
            const FIELD: &'static str = $field;

            fn entries() -> &'static [&'static Self] {
                $entries
            }

            fn known() -> &'static $crate::model::entry::Known {
                static KNOWN: std::sync::LazyLock<$crate::model::entry::Known> =
                    std::sync::LazyLock::new($crate::model::entry::Known::of::<dyn $catalogue>);
                &KNOWN
            }

            fn schema(&self) -> &'static $crate::model::settings::Schema {
                <Self as $catalogue>::schema(self)
            }
        }
    };
}

pub(super) use catalogue;

/// An entry of a catalogue with a value for each of its settings, all of them checked.
pub struct Configured<C: Catalogue + ?Sized> {
    pub entry: &'static C,
    pub settings: Settings,
}

impl<C: Catalogue + ?Sized> Configured<C> {
    /// Configures the entry of this type; settings that are left out have their defaults.
    ///
    /// # Errors
    /// `bad-setting` for an unknown type or a value out of range, `unknown-setting`, `missing-setting`.
    pub fn new<const N: usize>(type_name: &str, settings: [(&str, SettingValue); N]) -> Result<Self> {
        let given = settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self::check(type_name, &given).map_err(|fault| match fault {
            Fault::Type => {
                let value = format!("\"{}\"", type_name.chars().take(64).collect::<String>());
                let rule = SettingRule::OneOf { words: C::known().types().iter().collect() };
                let setting = C::FIELD.to_owned();
                match nearest(type_name, C::known().types().iter().copied()) {
                    Some(nearest) => SettingError::MisspeltChoice { setting, value, nearest: nearest.to_owned(), rule },
                    None => SettingError::BadSetting { setting, value, rule },
                }
                .into()
            }
            Fault::Setting(schema, fault) => fault.into_error(schema),
        })
    }

    /// Returns the entry with the values that a menu starts with.
    pub fn initial(entry: &'static C) -> Self {
        Self { entry, settings: Settings::initial(entry.schema()) }
    }

    pub fn type_name(&self) -> &'static str {
        self.entry.schema().type_name
    }

    /// Returns the same entry with another value of a setting; `None`: left out.
    ///
    /// # Errors
    /// `unknown-setting`, `missing-setting`, `bad-setting`.
    pub fn with(&self, setting: &str, value: Option<SettingValue>) -> Result<Self> {
        let settings = self.settings.with(self.entry.schema(), setting, value)?;
        Ok(Self { entry: self.entry, settings })
    }

    fn check(type_name: &str, given: &BTreeMap<String, SettingValue>) -> std::result::Result<Self, Fault> {
        let entry = C::entries().iter().copied().find(|entry| entry.schema().type_name == type_name);
        let entry = entry.ok_or(Fault::Type)?;
        let schema = entry.schema();
        let settings = Settings::check(schema, given).map_err(|fault| Fault::Setting(schema, fault))?;
        Ok(Self { entry, settings })
    }
}

enum Fault {
    /// There is no such type.
    Type,
    Setting(&'static Schema, SettingFault),
}

impl<C: Catalogue + ?Sized> Clone for Configured<C> {
    fn clone(&self) -> Self {
        Self { entry: self.entry, settings: self.settings.clone() }
    }
}

impl<C: Catalogue + ?Sized> PartialEq for Configured<C> {
    fn eq(&self, other: &Self) -> bool {
        self.type_name() == other.type_name() && self.settings == other.settings
    }
}

impl<C: Catalogue + ?Sized> fmt::Debug for Configured<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(self.type_name()).field(&self.settings).finish()
    }
}

impl<C: Catalogue + ?Sized> Serialize for Configured<C> {
    /// Writes an object of the type and all settings.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.type_name())?;
        for (name, value) in self.settings.given() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Writes the type alone if every setting has its default, else an object.
///
/// # Errors
/// Errors of the serializer.
pub fn type_or_object<C: Catalogue + ?Sized, S: Serializer>(
    configured: &Configured<C>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let schema = configured.entry.schema();
    let is_default =
        schema.settings.iter().all(|setting| configured.settings.get(setting.name) == setting.default.value().as_ref());
    if is_default { serializer.serialize_str(schema.type_name) } else { configured.serialize(serializer) }
}

impl<'de, C: Catalogue + ?Sized> Deserialize<'de> for Configured<C> {
    /// Reads an object of a type and settings, or the type alone.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ConfiguredVisitor<C: ?Sized>(PhantomData<C>);

        impl<C: Catalogue + ?Sized> ConfiguredVisitor<C> {
            fn check<E: de::Error>(
                type_name: &str,
                given: &BTreeMap<String, SettingValue>,
            ) -> Result<Configured<C>, E> {
                Configured::check(type_name, given).map_err(|fault| match fault {
                    Fault::Type => E::unknown_variant(type_name, C::known().types()),
                    Fault::Setting(schema, SettingFault::Unknown(name)) => {
                        E::unknown_field(&name, C::known().settings(schema.type_name))
                    }
                    Fault::Setting(_, SettingFault::Missing(setting)) => E::missing_field(setting.name),
                    Fault::Setting(_, SettingFault::Bad(setting, _)) => E::custom(json::RuleText(setting.kind.rule())),
                })
            }
        }

        impl<'de, C: Catalogue + ?Sized> Visitor<'de> for ConfiguredVisitor<C> {
            type Value = Configured<C>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a type by its name, or an object with a \"type\"")
            }

            fn visit_str<E: de::Error>(self, type_name: &str) -> Result<Configured<C>, E> {
                Self::check(type_name, &BTreeMap::new())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Configured<C>, A::Error> {
                let mut given = BTreeMap::new();
                while let Some((name, value)) = fields.next_entry::<String, Option<SettingValue>>()? {
                    // Null stands for a setting that is left out, as Python's None does.
                    if let Some(value) = value {
                        given.insert(name, value);
                    }
                }
                match given.remove("type") {
                    Some(SettingValue::Text(type_name)) => Self::check(&type_name, &given),
                    Some(other) => Err(de::Error::unknown_variant(&other.to_string(), C::known().types())),
                    None => Err(de::Error::missing_field("type")),
                }
            }
        }

        deserializer.deserialize_any(ConfiguredVisitor(PhantomData))
    }
}
