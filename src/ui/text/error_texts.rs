//! The texts of errors: every variant has one in every language, and the English one is its `Display`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use chalkgrad_engine::error::{
    Arguments, BackendError, CheckpointError, DataError, ErrorKind, FetchFault, FileFault, Given, GraphError,
    MessageError, ModelError, SessionError, SettingError, SettingRule, key_and_arguments,
};
use chalkgrad_engine::protocol::{BackendDetail, ErrorReport};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use strum::IntoEnumIterator;

use super::Locale;
use crate::error::{ClientError, LostWork, PageError, WorkerFault};
use crate::ui::features::network::checked::tests::digits;

/// An error with a different value in each of its arguments.
struct Sample {
    group: &'static str,
    key: String,
    code: Option<&'static str>,
    arguments: Arguments,
    /// Its `Display`.
    english: String,
}

/// Returns all errors of all areas.
fn samples() -> Vec<Sample> {
    // An area that is new here belongs into the list below, too.
    fn known(kind: &ErrorKind) {
        match kind {
            ErrorKind::Backend(_) | ErrorKind::Checkpoint(_) | ErrorKind::Data(_) | ErrorKind::Graph(_) => (),
            ErrorKind::Message(_) | ErrorKind::Model(_) | ErrorKind::Session(_) | ErrorKind::Setting(_) => (),
        }
    }
    let _ = known;
    let errors = [
        errors::<BackendError>(),
        errors::<CheckpointError>(),
        errors::<DataError>(),
        errors::<GraphError>(),
        errors::<MessageError>(),
        errors::<ModelError>(),
        errors::<SessionError>(),
        errors::<SettingError>(),
        errors::<ClientError>(),
        errors::<PageError>(),
    ];
    let reasons = [
        texts::<FetchFault>("reason"),
        texts::<FileFault>("reason"),
        texts::<SettingRule>("reason"),
        texts::<Given>("reason"),
        texts::<WorkerFault>("reason"),
        texts::<LostWork>("reason"),
        texts::<BackendDetail>("backend"),
    ];
    errors.into_iter().chain(reasons).flatten().collect()
}

fn errors<E>() -> Vec<Sample>
where
    E: IntoEnumIterator + Serialize + DeserializeOwned + Display,
    for<'a> &'a E: Into<&'static str>,
{
    let code = |error: &E| Some(error.into());
    E::iter().map(|error| sample("error", error, code)).collect()
}

fn texts<T: IntoEnumIterator + Serialize + DeserializeOwned + Display>(group: &'static str) -> Vec<Sample> {
    T::iter().map(|text| sample(group, text, |_| None)).collect()
}

fn sample<T: Serialize + DeserializeOwned + Display>(
    group: &'static str,
    value: T,
    code: impl Fn(&T) -> Option<&'static str>,
) -> Sample {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(&value) else { panic!("{value} is no object") };
    let mut number = 7001;
    for (name, field) in fields.iter_mut().filter(|(name, _)| *name != "key") {
        number += 1;
        match field {
            Value::String(text) => *text = format!("<{name}>"),
            Value::Number(old) if old.is_f64() => *field = (f64::from(number) + 0.5).into(),
            Value::Number(_) => *field = number.into(),
            Value::Array(list) => list.extend([format!("<{name} 1>").into(), format!("<{name} 2>").into()]),
            // A text of its own, which has its own sample.
            Value::Object(_) => {}
            other => panic!("{value}: the argument {name} is {other}"),
        }
    }
    let value: T = serde_json::from_value(fields.into()).unwrap();
    let (key, arguments) = key_and_arguments(&value);
    Sample { group, key, code: code(&value), arguments, english: value.to_string() }
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect()
}

/// Returns the English text with placeholders, as the locale file should have it.
fn template(sample: &Sample) -> String {
    let mut text = sample.english.clone();
    for (name, value) in &sample.arguments {
        let value = Locale::English.argument(value);
        text = text.replace(&value, &format!("{{{name}}}"));
    }
    text
}

#[test]
fn every_error_has_a_text_in_every_language() {
    let (mut missing, mut wrong) = (BTreeMap::new(), Vec::new());
    for sample in samples() {
        let key = format!("{}.{}", sample.group, sample.key);
        let arguments: BTreeSet<&str> = sample.arguments.keys().map(String::as_str).collect();
        for locale in Locale::ALL {
            let Some(text) = locale.text(&key) else {
                missing.insert(format!("{}: {key}", locale.tag()), template(&sample));
                continue;
            };
            if placeholders(text) != arguments {
                wrong.push(format!("{}: {key} has other placeholders than {arguments:?}", locale.tag()));
            }
            let said = locale.message(sample.group, &sample.key, &sample.arguments).unwrap();
            if said.contains(['{', '}']) {
                wrong.push(format!("{}: {key} leaves a placeholder: {said}", locale.tag()));
            }
            if locale == Locale::English && said != sample.english {
                wrong.push(format!("en: {key} should be: {}", template(&sample)));
            }
            if locale == Locale::Chinese && said.is_ascii() && text != "{value}" {
                wrong.push(format!("zh: {key} is not Chinese: {said}"));
            }
        }
    }
    assert!(missing.is_empty(), "in www/locales: {missing:#?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn keys_are_unique_and_codes_in_kebab_case() {
    let mut keys = BTreeSet::new();
    for sample in samples() {
        let is_kebab = |word: &str| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        assert!(is_kebab(&sample.key) && sample.code.is_none_or(is_kebab), "{} {:?}", sample.key, sample.code);
        assert!(keys.insert((sample.group, sample.key.clone())), "{} stands for two errors", sample.key);
    }
    assert!(keys.len() > 30);
}

#[test]
fn no_text_is_left_without_its_error() {
    let keys: BTreeSet<String> = samples().iter().map(|sample| format!("{}.{}", sample.group, sample.key)).collect();
    let english = super::tests::table(Locale::English);
    let of_errors =
        english.keys().filter(|key| ["error.", "reason.", "backend."].iter().any(|group| key.starts_with(group)));
    let left: Vec<_> = of_errors.filter(|key| *key != "error.in-layer" && !keys.contains(*key)).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_report_is_said_in_the_language_of_the_page() {
    let error = GraphError::WrongAxisCount { op: "pad".to_owned(), axes: 4, got: "[2,3]".to_owned() };
    let error = chalkgrad_engine::error::Error::from(error).at_layer(1, "conv2d");
    let report = ErrorReport::from(error);
    assert_eq!(report.code, "shape-mismatch");
    assert_eq!(Locale::English.report_text(&report), report.message);
    assert_eq!(report.message, "conv2d: The op pad takes a tensor with 4 axes, but got the shape [2,3].");
    assert_eq!(Locale::Chinese.report_text(&report), "conv2d：运算 pad 需要有 4 个轴的张量，实际得到的形状是 [2,3]。");
}

#[test]
fn errors_of_models_hold_no_english_words() {
    use chalkgrad_engine::model::catalogue;
    use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec};
    let dense = || LayerSpec::new("Dense").with("units", 10.0).with("activation", "softmax");
    let flatten = || LayerSpec::new("Flatten");
    let conv = |kernel: f64| LayerSpec::new("Conv2D").with("filters", 8.0).with("kernelSize", vec![kernel, kernel]);
    let models = vec![
        vec![],
        vec![LayerSpec::new("Conv2d"), flatten(), dense()],
        vec![conv(31.0), flatten(), dense()],
        vec![conv(3.0), dense()],
        vec![conv(3.0).with("filter", 8.0), flatten(), dense()],
        vec![conv(3.0).with("padding", "some"), flatten(), dense()],
        vec![conv(3.0).with("strides", vec![2.0, 2.0]).with("dilationRate", vec![2.0, 2.0]), flatten(), dense()],
        vec![flatten(), LayerSpec::new("Dense").with("units", -1.0)],
        vec![flatten(), LayerSpec::new("Dense")],
        vec![
            flatten(),
            LayerSpec::new("Dense").with("units", 100_000.0),
            LayerSpec::new("Dense").with("units", 100_000.0),
        ],
        vec![flatten(), flatten().with("rate", 1.0), dense()],
        vec![flatten(), conv(3.0), dense()],
        vec![flatten(), LayerSpec::new("Dropout").with("rate", 1.0), dense()],
        vec![flatten(); 300],
        vec![flatten(), LayerSpec::new("Conv1D").with("filters", 2.0).with("kernelSize", 3.0), dense()],
        vec![LayerSpec::new("Reshape").with("targetShape", vec![5.0, -1.0]), dense()],
        vec![LayerSpec::new("Permute").with("dims", vec![1.0, 1.0, 2.0]), flatten(), dense()],
        vec![LayerSpec::new("Cropping2D").with("cropping", 14.0), flatten(), dense()],
        vec![flatten(), LayerSpec::new("Add"), dense()],
        vec![flatten(), LayerSpec::new("Add").inputs(&["flatten", "flaten"]), dense()],
        vec![flatten(), LayerSpec::new("Add").inputs(&["flatten", "dense"]), dense()],
        vec![flatten(), dense(), LayerSpec::new("Add").inputs(&["flatten", "dense"])],
        vec![flatten(), dense(), dense().inputs(&["flatten"])],
    ];
    for layers in models {
        let spec = ModelSpec { name: None, input_shape: vec![28, 28, 1], layers };
        let checked = catalogue::resolve(&spec).and_then(|layers| digits().check_output(&layers));
        let error = checked.err().unwrap_or_else(|| panic!("{spec:?} is valid"));
        let text = Locale::Chinese.report_text(&ErrorReport::from(error.clone()));
        let english =
            ["expected", "got", "one", "from", "the", "at", "of", "number", "than", "most", "layer", "a", "none"];
        let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphabetic() && c != '_').collect();
        assert!(!english.iter().any(|word| words.contains(word)), "{error}: {text}");
        assert!(!text.is_ascii(), "{text}");
    }
}

#[test]
fn every_fault_of_a_model_has_a_title() {
    let codes = errors::<ModelError>().into_iter().chain(errors::<SettingError>()).filter_map(|sample| sample.code);
    let missing: BTreeSet<_> = codes.filter(|code| Locale::English.text(&format!("error_{code}")).is_none()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
