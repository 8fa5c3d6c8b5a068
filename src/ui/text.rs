//! Every string that people read: the locale files and how they are looked up.
//!
//! Many keys come from data (a layer's type, a setting's name, an error's key), so texts are found by key at run time;
//! the tests below do what a macro would do at compile time: no key in the source or the catalogue is without its text,
//! in any language.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use chalkgrad_engine::error::{Arguments, key_and_arguments};
use chalkgrad_engine::protocol::{BackendDetail, ErrorReport};
use serde_json::Value;

/// A language of the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Locale {
    English,
    Chinese,
}

type Texts = HashMap<Cow<'static, str>, Cow<'static, str>>;

static ENGLISH: LazyLock<Texts> = LazyLock::new(|| parse(Locale::English.json()));
static CHINESE: LazyLock<Texts> = LazyLock::new(|| parse(Locale::Chinese.json()));

/// Parses a locale file. A test parses all of them, so this cannot fail.
fn parse(json: &'static str) -> Texts {
    serde_json::from_str(json).unwrap_or_default()
}

impl Locale {
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// Returns the tag for `<html lang>`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }

    /// Finds the best match for a language tag such as `zh-CN`.
    pub fn from_tag(tag: &str) -> Self {
        if tag.to_ascii_lowercase().starts_with("zh") { Self::Chinese } else { Self::English }
    }

    /// Returns the language's own name.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Chinese => "中文",
        }
    }

    /// Its file: one JSON object of texts by key.
    pub fn json(self) -> &'static str {
        match self {
            Self::English => include_str!("../../www/locales/en.json"),
            Self::Chinese => include_str!("../../www/locales/zh.json"),
        }
    }

    /// Returns the text of a key, if it has one.
    pub fn text(self, key: &str) -> Option<&'static str> {
        let texts: &'static Texts = match self {
            Self::English => &ENGLISH,
            Self::Chinese => &CHINESE,
        };
        texts.get(key).map(|text| &**text)
    }

    /// Returns the text that says what was expected, what came and what to do.
    pub fn report_text(self, report: &ErrorReport) -> String {
        let Some(sentence) = self.message("error", &report.key, &report.arguments) else {
            return report.message.clone();
        };
        match (&report.layer, self.text("error.in-layer")) {
            (Some(layer), Some(text)) => fill(text, &[("layer", layer), ("message", &sentence)]),
            _ => sentence,
        }
    }

    /// Describes the backend that runs, and the reason.
    pub fn backend_text(self, detail: &BackendDetail) -> String {
        let (key, arguments) = key_and_arguments(detail);
        self.message("backend", &key, &arguments).unwrap_or_else(|| detail.to_string())
    }

    /// Returns the text of a key with its arguments, if it has one.
    fn message(self, group: &str, key: &str, arguments: &Arguments) -> Option<String> {
        let text = self.text(&format!("{group}.{key}"))?;
        let value = |(name, value): (&String, &Value)| match (name.as_str(), value) {
            ("setting", Value::String(setting)) => self.setting_name(setting),
            (_, value) => self.argument(value),
        };
        let values: Vec<(&str, String)> =
            arguments.iter().map(|(name, own)| (name.as_str(), value((name, own)))).collect();
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Some(fill(text, &values))
    }

    /// Names a setting for an error: in English as in the API, in other languages as in the form.
    fn setting_name(self, setting: &str) -> String {
        let label = match self {
            Self::English => None,
            Self::Chinese => {
                self.text(&format!("setting_{setting}")).or_else(|| self.text(&format!("training_{setting}")))
            }
        };
        label.unwrap_or(setting).to_owned()
    }

    /// Formats an argument for a text: numbers and lists as in English, texts in this language.
    fn argument(self, value: &Value) -> String {
        match value {
            Value::String(text) => text.clone(),
            Value::Array(items) => items.iter().map(|item| self.argument(item)).collect::<Vec<_>>().join(", "),
            Value::Object(arguments) => {
                let key = arguments.get("key").and_then(Value::as_str).unwrap_or_default();
                let text = ["reason", "error"].iter().find_map(|group| self.message(group, key, arguments));
                // The English sentence, if an error has no key.
                let sentence = || arguments.get("message").and_then(Value::as_str).unwrap_or_default();
                text.unwrap_or_else(|| sentence().to_owned())
            }
            // Whole numbers without a point, as they are displayed everywhere.
            other => other.as_f64().map_or_else(|| other.to_string(), |number| number.to_string()),
        }
    }
}

/// Puts values in the place of `{name}`.
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

#[cfg(target_arch = "wasm32")]
pub use browser::{error_detail, error_title, locale, report_text, set_locale, t, t_once, t_or_empty, t_with};

#[cfg(target_arch = "wasm32")]
mod browser {
    use leptos::prelude::untrack;

    use super::{Locale, fill};
    use chalkgrad_engine::error::Error;
    use chalkgrad_engine::protocol::ErrorReport;
    use leptos::prelude::*;

    thread_local! {
        static LOCALE: ArcRwSignal<Locale> = ArcRwSignal::new(Locale::English);
    }

    /// Returns the language of the page. The surrounding view follows it.
    pub fn locale() -> Locale {
        LOCALE.with(Get::get)
    }

    pub fn set_locale(locale: Locale) {
        LOCALE.with(|signal| signal.set(locale));
    }

    /// Returns the text of a key in the language of the page. The surrounding view follows the language.
    pub fn t(key: &str) -> String {
        locale().text(key).unwrap_or(key).to_owned()
    }

    /// Returns the text like [`t`], but an empty one for a key without a text.
    pub fn t_or_empty(key: &str) -> String {
        locale().text(key).unwrap_or_default().to_owned()
    }

    /// Returns the text of a key with values in place of `{name}`, without following the language: for one-time
    /// messages.
    pub fn t_once(key: &str, values: &[(&str, &str)]) -> String {
        untrack(|| t_with(key, values))
    }

    /// Returns the text of a key with values in place of `{name}`.
    pub fn t_with(key: &str, values: &[(&str, &str)]) -> String {
        fill(&t(key), values)
    }

    /// Returns a short title for the kind of fault.
    pub fn error_title(code: &str) -> String {
        locale().text(&format!("error_{code}")).map_or_else(|| t("error_other"), str::to_owned)
    }

    /// Returns the text that says what was expected, what came and what to do.
    pub fn error_detail(error: &Error) -> String {
        report_text(&ErrorReport::from(error.clone()))
    }

    /// Returns the text of an error that came from the engine.
    pub fn report_text(report: &ErrorReport) -> String {
        locale().report_text(report)
    }
}

#[cfg(test)]
mod error_texts;

#[cfg(test)]
pub mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;
    use chalkgrad_engine::model::catalogue::SettingKind;
    use chalkgrad_engine::model::layers::LAYERS;

    pub fn table(locale: Locale) -> BTreeMap<String, String> {
        serde_json::from_str(locale.json()).expect("a locale file is one flat JSON object of strings")
    }

    pub fn sources(folder: &Path) -> Vec<PathBuf> {
        fs::read_dir(folder)
            .unwrap()
            .flat_map(|entry| {
                let path = entry.unwrap().path();
                if path.is_dir() { sources(&path) } else { vec![path] }
            })
            .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
            .collect()
    }

    /// Finds the string literals that directly follow `call` in the sources under `folder`.
    fn literals(folder: &str, calls: &[&str]) -> BTreeSet<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut found = BTreeSet::new();
        for path in sources(&root) {
            let source = fs::read_to_string(path).unwrap();
            // Tests, such as this one, come last in a file.
            let source = source.split("#[cfg(test)]").next().unwrap();
            for call in calls {
                for (at, _) in source.match_indices(call) {
                    let is_whole_word =
                        !source[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
                    let rest = source[at + call.len()..].trim_start();
                    if let (true, Some(rest)) = (is_whole_word, rest.strip_prefix('"')) {
                        found.insert(rest.split('"').next().unwrap().to_owned());
                    }
                }
            }
        }
        found
    }

    #[test]
    fn all_locales_have_the_same_keys_and_placeholders() {
        let english = table(Locale::English);
        for locale in Locale::ALL {
            let other = table(locale);
            let missing: Vec<_> = english.keys().filter(|key| !other.contains_key(*key)).collect();
            let extra: Vec<_> = other.keys().filter(|key| !english.contains_key(*key)).collect();
            assert!(missing.is_empty() && extra.is_empty(), "{locale:?}: missing {missing:?}, extra {extra:?}");
            for (key, text) in &english {
                let placeholders = |text: &str| -> BTreeSet<String> {
                    text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect()
                };
                assert_eq!(placeholders(text), placeholders(&other[key]), "{locale:?}: placeholders of {key}");
                assert!(!other[key].trim().is_empty(), "{locale:?}: {key} is empty");
            }
        }
    }

    /// Checks what a JSON reader does not: of two texts with one key it would keep the last in silence.
    #[test]
    fn no_key_has_two_texts() {
        for locale in Locale::ALL {
            let keys = locale.json().lines().filter(|line| line.trim_start().starts_with('"')).count();
            assert_eq!(keys, table(locale).len(), "{locale:?}");
        }
    }

    #[test]
    fn every_key_that_the_page_names_has_a_text() {
        let keys = literals("src/ui", &["t(", "tr(", "t_with(", "t_once(", "label(", "title(", "icon_button("]);
        assert!(keys.len() > 40, "the search finds the calls: {}", keys.len());
        let english = table(Locale::English);
        let missing: Vec<_> = keys.iter().filter(|key| !english.contains_key(*key)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_field_of_the_training_form_has_a_text() {
        use crate::ui::features::training::fields::{Choice, tests::all_rows};
        use chalkgrad_engine::model::{losses::Loss, optimizers::Optimizer, schedules::Schedule};
        let english = table(Locale::English);
        let labels = all_rows().into_iter().map(|row| format!("training_{}", row.setting().name));
        let choices = [<dyn Optimizer>::LABEL, <dyn Schedule>::LABEL, <dyn Loss>::LABEL].map(str::to_owned);
        let keys = labels.chain(choices).flat_map(|label| [format!("{label}_help"), label]);
        let missing: BTreeSet<_> = keys.filter(|key| !english.contains_key(key)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_layer_and_setting_is_described() {
        let english = table(Locale::English);
        let mut missing = BTreeSet::new();
        for layer in LAYERS {
            let mut keys = vec![format!("layer_{}_help", layer.type_name())];
            for setting in layer.schema().settings {
                let key = crate::ui::fields::label_key("setting", layer.type_name(), setting.name);
                keys.extend([format!("{key}_help"), key]);
                assert!(
                    !matches!(setting.kind, SettingKind::Choice([])),
                    "{} of {} has nothing to choose",
                    setting.name,
                    layer.type_name()
                );
            }
            missing.extend(keys.into_iter().filter(|key| !english.contains_key(key)));
        }
        assert!(missing.is_empty(), "{missing:#?}");
    }

    #[test]
    fn every_preset_and_chapter_has_a_name() {
        use chalkgrad_engine::presets::{Chapter, PRESETS};
        let english = table(Locale::English);
        let keys = PRESETS.iter().map(|preset| preset.name).chain(Chapter::ALL.map(Chapter::key));
        let missing: Vec<_> = keys.filter(|key| !english.contains_key(*key)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn placeholders_are_filled() {
        assert_eq!(fill("{a} of {b}", &[("a", "1"), ("b", "2")]), "1 of 2");
    }

    #[test]
    fn languages_are_recognised() {
        assert_eq!(Locale::from_tag("zh-Hans-CN"), Locale::Chinese);
        assert_eq!(Locale::from_tag("en-GB"), Locale::English);
        assert_eq!(Locale::from_tag(""), Locale::English);
    }
}
