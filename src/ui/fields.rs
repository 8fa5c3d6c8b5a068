//! Between the text in a form field and the value of a setting.

use std::ops::Bound;

use chalkgrad_engine::model::catalogue::{self, Card, Setting, SettingDefault, SettingKind};
use chalkgrad_engine::model::spec::{LayerSpec, SettingValue};

use super::text::Locale;

pub use super::format::{number as number_text, parse as number};

/// Returns the key of a setting's label: that of its own type (`setting_ZeroPadding2D_padding`) if there is one, else the
/// one that all types share.
pub fn label_key(group: &str, type_name: &str, setting: &str) -> String {
    let own = format!("{group}_{type_name}_{setting}");
    if Locale::English.text(&own).is_some() { own } else { format!("{group}_{setting}") }
}

/// Returns the text of a field with one value.
pub fn value_text(value: &SettingValue) -> String {
    match value {
        SettingValue::Flag(flag) => flag.to_string(),
        SettingValue::Number(number) => number_text(*number),
        SettingValue::Text(text) => text.clone(),
        SettingValue::Numbers(numbers) => numbers_text(numbers),
        SettingValue::Pairs(pairs) => numbers_text(pairs.as_flattened()),
        SettingValue::Texts(texts) => texts.join(" "),
        SettingValue::Layer(layer) => layer.type_name.clone(),
    }
}

fn numbers_text(numbers: &[f64]) -> String {
    numbers.iter().map(|number| number_text(*number)).collect::<Vec<_>>().join(" ")
}

/// Returns the texts of a setting's fields: one, or two for a pair (height, width). An empty text stands for an absent
/// setting.
pub fn texts(setting: &Setting, layer: &LayerSpec) -> [String; 2] {
    let is_list =
        matches!(setting.kind, SettingKind::Integers { .. } | SettingKind::Range { .. } | SettingKind::Sides { .. });
    let shown = |value: &SettingValue| match value {
        _ if is_list => [list_text(value), String::new()],
        SettingValue::Flag(flag) => [flag.to_string(), String::new()],
        SettingValue::Number(number) => [number_text(*number), number_text(*number)],
        // Text that is not a number: both fields of a pair, separated by a space.
        SettingValue::Text(text) => match text.split_once(' ') {
            Some((first, second)) => [first.to_owned(), second.to_owned()],
            None => [text.clone(), text.clone()],
        },
        SettingValue::Numbers(numbers) => {
            [0, 1].map(|at| numbers.get(at).map(|number| number_text(*number)).unwrap_or_default())
        }
        SettingValue::Pairs(_) | SettingValue::Texts(_) | SettingValue::Layer(_) => [value_text(value), String::new()],
    };
    match (layer.settings.get(setting.name), &setting.default) {
        (Some(value), _) => shown(value),
        (None, SettingDefault::Flag(flag)) => [flag.to_string(), String::new()],
        (None, SettingDefault::Number(number)) => [number_text(*number), String::new()],
        (None, SettingDefault::Pair(height, width)) => [number_text(*height), number_text(*width)],
        (None, SettingDefault::Sides(side)) => [number_text(*side), String::new()],
        (None, SettingDefault::Text(text) | SettingDefault::Layer(text)) => [text.to_string(), String::new()],
        (None, SettingDefault::Numbers(numbers)) => [numbers_text(numbers).replace(' ', ", "), String::new()],
        (None, SettingDefault::Required | SettingDefault::Absent) => [String::new(), String::new()],
    }
}

/// Returns the value that the fields of a setting stand for; `None`: left out. Text that is no number stays as it is,
/// so that the check of the model can say what is wrong with it.
pub fn value(kind: &SettingKind, texts: [&str; 2]) -> Option<SettingValue> {
    let [first, second] = texts.map(str::trim);
    match kind {
        SettingKind::Flag => Some(SettingValue::Flag(first == "true")),
        SettingKind::Layer(types) => match types.iter().find(|known| **known == first) {
            Some(known) => SettingDefault::Layer(known).value(),
            None => Some(first.into()),
        },
        SettingKind::Choice(_) | SettingKind::Text => Some(SettingValue::Text(first.to_owned())),
        SettingKind::Integer { .. } | SettingKind::Number { .. } => {
            if first.is_empty() {
                return None;
            }
            Some(number(first).map_or_else(|| SettingValue::Text(first.to_owned()), SettingValue::Number))
        }
        SettingKind::Integers { .. } | SettingKind::Range { .. } | SettingKind::Sides { .. } if first.is_empty() => {
            None
        }
        SettingKind::Integers { .. } => Some(list(first).map_or_else(|| first.into(), SettingValue::Numbers)),
        SettingKind::Range { .. } => Some(match list(first).as_deref() {
            Some(&[number]) => SettingValue::Number(number),
            Some(numbers) => SettingValue::Numbers(numbers.to_vec()),
            None => first.into(),
        }),
        // As the four fields of a form: top, bottom, left, right.
        SettingKind::Sides { .. } => Some(match list(first).as_deref() {
            Some(&[all]) => SettingValue::Number(all),
            Some(&[top, bottom, left, right]) => SettingValue::Pairs(vec![[top, bottom], [left, right]]),
            Some(numbers) => SettingValue::Numbers(numbers.to_vec()),
            None => first.into(),
        }),
        SettingKind::Pair { .. } => match (first, second) {
            ("", "") => None,
            // One of the two alone stands for both while the other is still empty.
            (one, "") | ("", one) => pair(one, one),
            (first, second) => pair(first, second),
        },
    }
}

/// Returns the text of a list of numbers: those of one side or two pairs are joined.
fn list_text(value: &SettingValue) -> String {
    match value {
        SettingValue::Numbers(_) | SettingValue::Pairs(_) => value_text(value).replace(' ', ", "),
        other => value_text(other),
    }
}

/// Reads numbers with commas or spaces between them.
fn list(text: &str) -> Option<Vec<f64>> {
    text.split([',', '，', ' ']).map(str::trim).filter(|part| !part.is_empty()).map(number).collect()
}

fn pair(first: &str, second: &str) -> Option<SettingValue> {
    Some(match (number(first), number(second)) {
        (Some(first), Some(second)) => SettingValue::Numbers(vec![first, second]),
        _ => SettingValue::Text(format!("{first} {second}")),
    })
}

/// Returns the most important settings of a layer in a few characters for its card: `3×3`, `64`, `relu`.
pub fn summary(settings: &[Setting], layer: &LayerSpec) -> Vec<String> {
    let shown = settings.iter().filter_map(|setting| {
        let prefix = match setting.card {
            Card::Hidden => return None,
            Card::Always => "",
            Card::IfChanged(prefix) => {
                let given = layer.settings.get(setting.name)?;
                if setting.check(given).ok() == setting.default.value() {
                    return None;
                }
                prefix
            }
        };
        let [first, second] = texts(setting, layer);
        match setting.kind {
            _ if first.is_empty() => None,
            SettingKind::Pair { .. } => Some(format!("{prefix}{first}×{second}")),
            // A flag that is not as usual.
            SettingKind::Flag => Some(prefix.to_owned()),
            SettingKind::Layer(_) => Some(inner_summary(layer.settings.get(setting.name)?)),
            _ => Some(format!("{prefix}{first}")),
        }
    });
    // A layer that takes others than the one before it names them.
    let inputs = layer.inputs.as_ref().map(|inputs| format!("← {}", inputs.join(", ")));
    shown.chain(inputs).collect()
}

/// Returns the type of a layer inside another, and its own summary.
fn inner_summary(value: &SettingValue) -> String {
    let SettingValue::Layer(layer) = value else { return value_text(value) };
    let settings = catalogue::find(&layer.type_name).map(|found| found.schema().settings).unwrap_or_default();
    [vec![layer.type_name.clone()], summary(settings, layer)].concat().join(" ")
}

/// Returns the value one step up or down from a number in a field: by one for integers, else by a tenth of its
/// magnitude.
pub fn stepped(kind: &SettingKind, text: &str, up: bool) -> Option<String> {
    let direction = if up { 1.0 } else { -1.0 };
    let low = |bound| match bound {
        Bound::Included(number) => number,
        // The form says that the bound itself is too low.
        Bound::Excluded(number) => number,
        Bound::Unbounded => f64::MIN,
    };
    let (low, high, whole) = match *kind {
        SettingKind::Integer { min, max } => (min as f64, max as f64, true),
        SettingKind::Pair { min, max } => (f64::from(min), f64::from(max), true),
        SettingKind::Number { min, max } => (low(min), -low(max.map(|number: f64| -number)), false),
        _ => return None,
    };
    let current = number(text)?;
    let step = if whole { 1.0 } else { 0.05 };
    let next = (current + direction * step).clamp(low, high);
    // A twentieth is no binary number; two decimals are what the step means.
    Some(number_text(if whole { next.round() } else { (next * 1e6).round() / 1e6 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIR: SettingKind = SettingKind::Pair { min: 1, max: 9 };
    const INTEGER: SettingKind = SettingKind::Integer { min: 1, max: 512 };

    #[test]
    fn a_layer_inside_another_has_its_own_summary() {
        let settings = catalogue::find("Bidirectional").unwrap().schema().settings;
        let inner = LayerSpec::new("GRU").with("units", 8.0).with("returnSequences", true);
        let layer = LayerSpec::new("Bidirectional").with("layer", inner).with("mergeMode", "sum");
        assert_eq!(summary(settings, &layer), ["GRU 8 sequences", "sum"]);
        assert_eq!(texts(&settings[0], &layer)[0], "GRU");
        let chosen = value(&settings[0].kind, ["SimpleRNN", ""]);
        assert!(matches!(chosen, Some(SettingValue::Layer(layer)) if layer.settings["units"] == 32.0.into()));
    }

    #[test]
    fn numbers_come_back_as_they_were() {
        for number in [0.0, 0.001, 1e-7, 32.0, 0.05, 1e12, -3.5] {
            assert_eq!(super::number(&number_text(number)), Some(number));
        }
        assert_eq!(number_text(1e-7), "1e-7");
        assert_eq!(number_text(0.001), "0.001");
    }

    #[test]
    fn what_is_no_finite_number_stays_text() {
        for text in ["NaN", "inf", "three", "1,5,2"] {
            assert_eq!(value(&INTEGER, [text, ""]), Some(SettingValue::Text(text.to_owned())));
            assert_eq!(number(text), None);
        }
        assert_eq!(value(&INTEGER, [" ", ""]), None);
        assert_eq!(value(&INTEGER, ["-4", ""]), Some(SettingValue::Number(-4.0)));
    }

    #[test]
    fn lists_are_written_with_commas() {
        let shape = Setting::integers("targetShape", -1, 99, 3);
        let typed = value(&shape.kind, ["7, -1", ""]).unwrap();
        assert_eq!(typed, SettingValue::Numbers(vec![7.0, -1.0]));
        assert_eq!(texts(&shape, &LayerSpec::new("Reshape").with("targetShape", typed))[0], "7, -1");
        let sides = Setting::sides("padding", 9);
        for (text, typed) in [
            ("2", SettingValue::Number(2.0)),
            ("1, 2", SettingValue::Numbers(vec![1.0, 2.0])),
            ("1, 2, 3, 4", SettingValue::Pairs(vec![[1.0, 2.0], [3.0, 4.0]])),
        ] {
            assert_eq!(value(&sides.kind, [text, ""]), Some(typed.clone()));
            assert_eq!(texts(&sides, &LayerSpec::new("ZeroPadding2D").with("padding", typed))[0], text);
        }
        assert_eq!(value(&sides.kind, ["1, x", ""]), Some(SettingValue::Text("1, x".to_owned())));
        assert_eq!(value(&sides.kind, [" ", ""]), None);
    }

    #[test]
    fn a_pair_half_filled_stands_for_both() {
        assert_eq!(value(&PAIR, ["5", ""]), Some(SettingValue::Numbers(vec![5.0, 5.0])));
        assert_eq!(value(&PAIR, ["5", "3"]), Some(SettingValue::Numbers(vec![5.0, 3.0])));
        assert_eq!(value(&PAIR, ["", ""]), None);
    }

    #[test]
    fn fields_show_what_was_typed_even_if_it_is_wrong() {
        let setting = Setting::pair("kernelSize", 1, 9);
        let typed = value(&PAIR, ["5", "x"]).unwrap();
        let layer = LayerSpec::new("Conv2D").with("kernelSize", typed);
        assert_eq!(texts(&setting, &layer), ["5", "x"]);
    }

    #[test]
    fn a_card_names_what_its_layer_does_and_takes() {
        let settings = [Setting::pair("size", 1, 9).card(Card::Always)];
        let layer = LayerSpec::new("UpSampling2D").with("size", vec![2.0, 3.0]);
        assert_eq!(summary(&settings, &layer), ["2×3"]);
        assert_eq!(summary(&settings, &layer.inputs(&["a", "b"])), ["2×3", "← a, b"]);
    }

    #[test]
    fn steps_stay_in_range() {
        assert_eq!(stepped(&INTEGER, "512", true).as_deref(), Some("512"));
        assert_eq!(stepped(&INTEGER, "1", false).as_deref(), Some("1"));
        let rate = SettingKind::Number { min: Bound::Included(0.0), max: Bound::Included(0.99) };
        assert_eq!(stepped(&rate, "0.3", true).as_deref(), Some("0.35"));
        assert_eq!(stepped(&rate, "x", true), None);
    }
}
