//! Every string that people read: the locale files and how they are looked up.
//!
//! The program holds the English texts. Those of another language come when it is chosen (`chalkgradReady.loadTexts` in
//! index.html), or beside the program where the browser asks for it from the start.
//!
//! Many keys come from data (a layer's type, a setting's name, an error's code), so texts are found by key at run time;
//! the tests below do what a macro would do at compile time: no key in the source or the catalogue is without its text,
//! in any language.

/// A language of the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Locale {
    English,
    Chinese,
}

impl Locale {
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// As in `<html lang>`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }

    /// The best match for a language tag such as `zh-CN`.
    pub fn from_tag(tag: &str) -> Self {
        if tag.to_ascii_lowercase().starts_with("zh") { Self::Chinese } else { Self::English }
    }

    /// The language's own name for itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Chinese => "中文",
        }
    }

    /// Its file: one JSON object of texts by key.
    #[cfg(test)]
    pub fn json(self) -> &'static str {
        match self {
            Self::English => ENGLISH,
            Self::Chinese => include_str!("../../www/locales/zh.json"),
        }
    }
}

/// The English texts: one JSON object of texts by key.
#[cfg(any(test, all(target_arch = "wasm32", feature = "page")))]
const ENGLISH: &str = include_str!("../../www/locales/en.json");

/// Puts values in the place of `{name}`.
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub use browser::{error_detail, error_title, locale, phrase, report_text, set_locale, t, t_once, t_or_empty, t_with};

#[cfg(all(target_arch = "wasm32", feature = "page"))]
mod browser {
    use std::cell::{OnceCell, RefCell};

    use js_sys::{Array, Function, Promise, Reflect};
    use leptos::prelude::{untrack, window};
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::{JsFuture, spawn_local};

    use super::{ENGLISH, Locale, fill};
    use crate::ui::browser::get;
    use crate::ui::live::Live;
    use crate::ui::phrases::{Parts, Phrases};
    use chalkgrad_engine::error::Error;
    use chalkgrad_engine::protocol::ErrorReport;

    thread_local! {
        static LOCALE: Live<Locale> = Live::new(Locale::English);
        static ENGLISH_TABLE: OnceCell<JsValue> = const { OnceCell::new() };
        static CHINESE: RefCell<Option<Texts>> = const { RefCell::new(None) };
    }

    /// The files of a language that is not English.
    struct Texts {
        table: JsValue,
        phrases: Phrases<String>,
    }

    impl Texts {
        /// From what `loadTexts` gives: the contents of both files.
        fn new(files: &JsValue) -> Option<Self> {
            let files = files.dyn_ref::<Array>()?;
            let table = parse(&files.get(0).as_string()?);
            Some(Self { table, phrases: Phrases(files.get(1).as_string()?) })
        }
    }

    /// The language of the page, which the surrounding view then follows.
    pub fn locale() -> Locale {
        LOCALE.with(Live::get)
    }

    /// Changes the language, once its texts are there. `failed` is called if they do not come; the language stays.
    pub fn set_locale(locale: Locale, failed: impl FnOnce() + 'static) {
        let page = get(&window(), "chalkgradReady");
        if locale == Locale::English || CHINESE.with_borrow(Option::is_some) || keep(&get(&page, "texts")) {
            return LOCALE.with(|live| live.set(locale));
        }
        spawn_local(async move {
            if load(&page, locale).await.is_some_and(|files| keep(&files)) {
                LOCALE.with(|live| live.set(locale));
            } else {
                failed();
            }
        });
    }

    async fn load(page: &JsValue, locale: Locale) -> Option<JsValue> {
        let load: Function = get(page, "loadTexts").dyn_into().ok()?;
        let loading: Promise = load.call1(page, &locale.tag().into()).ok()?.dyn_into().ok()?;
        JsFuture::from(loading).await.ok()
    }

    fn keep(files: &JsValue) -> bool {
        let texts = Texts::new(files);
        let is_there = texts.is_some();
        if is_there {
            CHINESE.set(texts);
        }
        is_there
    }

    /// The text of a key in the language of the page. The surrounding view follows the language.
    pub fn t(key: &str) -> String {
        look_up(locale(), key).unwrap_or_else(|| key.to_owned())
    }

    /// As [`t`], but nothing for a key that has no text.
    pub fn t_or_empty(key: &str) -> String {
        look_up(locale(), key).unwrap_or_default()
    }

    /// The text of a key with values in the place of `{name}`, as it is now: for what is said once.
    pub fn t_once(key: &str, values: &[(&str, &str)]) -> String {
        untrack(|| t_with(key, values))
    }

    /// The text of a key with values in the place of `{name}`.
    pub fn t_with(key: &str, values: &[(&str, &str)]) -> String {
        fill(&t(key), values)
    }

    /// What kind of fault it is, in a few words.
    pub fn error_title(code: &str) -> String {
        look_up(locale(), &format!("error_{code}")).unwrap_or_else(|| t("error_other"))
    }

    /// What was expected, what came and what to do.
    pub fn error_detail(error: &Error) -> String {
        match locale() {
            Locale::English => error.to_string(),
            Locale::Chinese => detail(&Parts::of(error)),
        }
    }

    /// An error that came from the engine.
    pub fn report_text(report: &ErrorReport) -> String {
        match (locale(), Parts::of_report(report)) {
            (Locale::English, _) => report.message.clone(),
            (Locale::Chinese, Some(parts)) => detail(&parts),
            (Locale::Chinese, None) => say(&report.message),
        }
    }

    /// What the engine says of itself.
    pub fn phrase(text: &str) -> String {
        match locale() {
            Locale::English => text.to_owned(),
            Locale::Chinese => say(text),
        }
    }

    fn detail(parts: &Parts<'_>) -> String {
        let subject = look_up(locale(), &format!("setting_{}", parts.subject));
        let subject = subject.unwrap_or_else(|| say(parts.subject));
        CHINESE.with_borrow(|texts| {
            texts.as_ref().map(|texts| texts.phrases.sentences(parts, &subject)).unwrap_or_default()
        })
    }

    fn say(phrase: &str) -> String {
        CHINESE.with_borrow(|texts| texts.as_ref().map_or_else(|| phrase.to_owned(), |texts| texts.phrases.say(phrase)))
    }

    fn look_up(locale: Locale, key: &str) -> Option<String> {
        let find = |table: &JsValue| Reflect::get(table, &key.into()).ok()?.as_string();
        match locale {
            Locale::English => ENGLISH_TABLE.with(|table| find(table.get_or_init(|| parse(ENGLISH)))),
            Locale::Chinese => CHINESE.with_borrow(|texts| find(&texts.as_ref()?.table)),
        }
    }

    /// The browser has a JSON parser, and its objects are tables.
    fn parse(json: &str) -> JsValue {
        js_sys::JSON::parse(json).unwrap_or(JsValue::UNDEFINED)
    }
}

#[cfg(test)]
pub mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;
    use chalkgrad_engine::model::catalogue::SettingKind;
    use chalkgrad_engine::model::layers::CATALOGUE;

    fn table(locale: Locale) -> BTreeMap<String, String> {
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

    /// The string literals that directly follow `call` in the sources under `folder`.
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
        use crate::ui::training_fields::{SCHEDULES, number_fields, optimizer_named, optimizer_names, schedule_named};
        use chalkgrad_engine::model::spec::TrainingConfig;
        let english = table(Locale::English);
        let optimizers = optimizer_names()
            .map(|kind| TrainingConfig { optimizer: optimizer_named(kind), ..TrainingConfig::default() });
        let schedules = SCHEDULES
            .map(|kind| TrainingConfig { learning_rate_schedule: schedule_named(kind), ..TrainingConfig::default() });
        let fields = optimizers.into_iter().chain(schedules).flat_map(|config| number_fields(&config));
        let keys = fields.flat_map(|field| [field.name.to_owned(), format!("{}_help", field.name)]);
        let missing: BTreeSet<_> = keys.filter(|key| !english.contains_key(key)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_layer_and_setting_is_described() {
        let english = table(Locale::English);
        let mut missing = BTreeSet::new();
        for layer in CATALOGUE {
            let mut keys = vec![format!("layer_{}_help", layer.type_name())];
            for setting in layer.settings() {
                keys.push(format!("setting_{}", setting.name));
                keys.push(format!("setting_{}_help", setting.name));
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
    fn every_fault_of_a_model_has_a_title() {
        let codes = literals("crates/engine/src/model", &["Error::new("]);
        let english = table(Locale::English);
        let missing: Vec<_> = codes.iter().filter(|code| !english.contains_key(&format!("error_{code}"))).collect();
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
