//! Between the text in a form field and the value of a setting.

use chalkgrad_engine::model::catalogue::{Setting, SettingDefault, SettingKind};
use chalkgrad_engine::model::spec::{LayerSpec, SettingValue};
use chalkgrad_engine::tensor::limit;

pub use super::format::{number as number_text, parse as number};

/// What the fields of a setting show: one text, or two for a pair (height, width). Empty: left out.
pub fn texts(setting: &Setting, layer: &LayerSpec) -> [String; 2] {
    let shown = |value: &SettingValue| match value {
        SettingValue::Flag(flag) => [flag.to_string(), String::new()],
        SettingValue::Number(number) => [number_text(*number), number_text(*number)],
        // What could not be read as a number: both fields of a pair, separated by a space that no number holds.
        SettingValue::Text(text) => match text.split_once(' ') {
            Some((first, second)) => [first.to_owned(), second.to_owned()],
            None => [text.clone(), text.clone()],
        },
        SettingValue::Numbers(numbers) => {
            [0, 1].map(|at| numbers.get(at).map(|number| number_text(*number)).unwrap_or_default())
        }
    };
    match (layer.settings.get(setting.name), &setting.default) {
        (Some(value), _) => shown(value),
        (None, SettingDefault::Flag(flag)) => [flag.to_string(), String::new()],
        (None, SettingDefault::Number(number)) => [number_text(*number), String::new()],
        (None, SettingDefault::Pair(height, width)) => [number_text(*height), number_text(*width)],
        (None, SettingDefault::Text(text)) => [text.to_string(), String::new()],
        (None, SettingDefault::Required | SettingDefault::Absent) => [String::new(), String::new()],
    }
}

/// The value that the fields of a setting stand for; `None`: left out. Text that is no number stays as it is, so that
/// the check of the model can say what is wrong with it.
pub fn value(kind: &SettingKind, texts: [&str; 2]) -> Option<SettingValue> {
    let [first, second] = texts.map(str::trim);
    match kind {
        SettingKind::Flag => Some(SettingValue::Flag(first == "true")),
        SettingKind::Choice(_) => Some(SettingValue::Text(first.to_owned())),
        SettingKind::Integer { .. } | SettingKind::Number { .. } => {
            if first.is_empty() {
                return None;
            }
            Some(number(first).map_or_else(|| SettingValue::Text(first.to_owned()), SettingValue::Number))
        }
        SettingKind::Pair { .. } | SettingKind::OptionalPair { .. } => match (first, second) {
            ("", "") => None,
            // One of the two alone stands for both while the other is still empty.
            (one, "") | ("", one) => pair(one, one),
            (first, second) => pair(first, second),
        },
    }
}

fn pair(first: &str, second: &str) -> Option<SettingValue> {
    Some(match (number(first), number(second)) {
        (Some(first), Some(second)) => SettingValue::Numbers(vec![first, second]),
        _ => SettingValue::Text(format!("{first} {second}")),
    })
}

/// The most important settings of a layer in a few characters for its card: `3×3`, `64`, `relu`.
pub fn summary(settings: &[Setting], layer: &LayerSpec) -> Vec<String> {
    const SHOWN: [&str; 7] = ["filters", "units", "kernelSize", "poolSize", "rate", "strides", "activation"];
    SHOWN
        .iter()
        .filter_map(|name| settings.iter().find(|setting| setting.name == *name))
        .filter_map(|setting| {
            let [first, second] = texts(setting, layer);
            let is_given = layer.settings.contains_key(setting.name);
            match (setting.name, &setting.kind) {
                _ if first.is_empty() => None,
                ("activation", _) if first == "linear" => None,
                ("strides", _) if !is_given || (first == "1" && second == "1") => None,
                ("strides", _) => Some(format!("/{first}×{second}")),
                (_, SettingKind::Pair { .. } | SettingKind::OptionalPair { .. }) => Some(format!("{first}×{second}")),
                _ => Some(first),
            }
        })
        .collect()
}

/// The value one step up or down from a number in a field: by one for whole numbers, else by a tenth of its magnitude.
pub fn stepped(kind: &SettingKind, text: &str, up: bool) -> Option<String> {
    let direction = if up { 1.0 } else { -1.0 };
    let (low, high, whole) = match *kind {
        SettingKind::Integer { min, max } | SettingKind::Pair { min, max } | SettingKind::OptionalPair { min, max } => {
            (min as f64, max as f64, true)
        }
        SettingKind::Number { min, max } => (min, max, false),
        _ => return None,
    };
    let current = number(text)?;
    let step = if whole { 1.0 } else { 0.05 };
    let next = limit(current + direction * step, low, high);
    // A twentieth is no binary number; two decimals are what the step means.
    Some(number_text(if whole { next.round() } else { (next * 1e6).round() / 1e6 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIR: SettingKind = SettingKind::Pair { min: 1, max: 9 };
    const INTEGER: SettingKind = SettingKind::Integer { min: 1, max: 512 };

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
        for text in ["NaN", "inf", "three", "1,5"] {
            assert_eq!(value(&INTEGER, [text, ""]), Some(SettingValue::Text(text.to_owned())));
            assert_eq!(number(text), None);
        }
        assert_eq!(value(&INTEGER, [" ", ""]), None);
        assert_eq!(value(&INTEGER, ["-4", ""]), Some(SettingValue::Number(-4.0)));
    }

    #[test]
    fn a_pair_half_filled_stands_for_both() {
        assert_eq!(value(&PAIR, ["5", ""]), Some(SettingValue::Numbers(vec![5.0, 5.0])));
        assert_eq!(value(&PAIR, ["5", "3"]), Some(SettingValue::Numbers(vec![5.0, 3.0])));
        assert_eq!(value(&PAIR, ["", ""]), None);
    }

    #[test]
    fn fields_show_what_was_typed_even_if_it_is_wrong() {
        let setting = Setting { name: "kernelSize", kind: PAIR, default: SettingDefault::Required, help: "" };
        let typed = value(&PAIR, ["5", "x"]).unwrap();
        let layer = LayerSpec::new("Conv2D").with("kernelSize", typed);
        assert_eq!(texts(&setting, &layer), ["5", "x"]);
    }

    #[test]
    fn steps_stay_in_range() {
        assert_eq!(stepped(&INTEGER, "512", true).as_deref(), Some("512"));
        assert_eq!(stepped(&INTEGER, "1", false).as_deref(), Some("1"));
        let rate = SettingKind::Number { min: 0.0, max: 0.99 };
        assert_eq!(stepped(&rate, "0.3", true).as_deref(), Some("0.35"));
        assert_eq!(stepped(&rate, "x", true), None);
    }
}
