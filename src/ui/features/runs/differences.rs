//! Differences of a run from the one before it.

use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec};
use serde_json::Value;

use crate::ui::features::runs::records::RunRecord;

/// A difference between two runs.
#[derive(Clone, PartialEq, Debug)]
pub enum Difference {
    /// A setting has another value; `None` if it is left out.
    Setting {
        layer: Option<String>,
        name: String,
        before: Option<String>,
        after: Option<String>,
    },
    /// Layers came or went: their types.
    Added(Vec<String>),
    Removed(Vec<String>),
}

/// Returns how a run differs from an earlier one in network and training.
pub fn differences(before: &RunRecord, after: &RunRecord) -> Vec<Difference> {
    let mut all = layer_differences(&before.model, &after.model);
    let json = |record: &RunRecord| serde_json::to_value(&record.training).unwrap_or_default();
    setting_differences(None, "", Some(&json(before)), Some(&json(after)), &mut all);
    all
}

fn layer_differences(before: &ModelSpec, after: &ModelSpec) -> Vec<Difference> {
    let (old, new) = (&before.layers, &after.layers);
    let is_alike = |(one, other): &(&LayerSpec, &LayerSpec)| one.type_name == other.type_name;
    let mut all = Vec::new();
    if old.len() == new.len() && old.iter().zip(new).all(|pair| is_alike(&pair)) {
        for (index, (one, other)) in old.iter().zip(new).enumerate() {
            let name = layer_name(new, index);
            let [one, other] = [one, other].map(|layer| serde_json::to_value(layer).unwrap_or_default());
            setting_differences(Some(&name), "", Some(&one), Some(&other), &mut all);
        }
        return all;
    }
    // Both have the same layers at the beginning and at the end.
    let start = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let end = old[start..].iter().rev().zip(new[start..].iter().rev()).take_while(|(one, other)| one == other).count();
    let types = |layers: &[LayerSpec]| -> Vec<String> { layers.iter().map(|layer| layer.type_name.clone()).collect() };
    let (removed, added) = (types(&old[start..old.len() - end]), types(&new[start..new.len() - end]));
    all.extend((!removed.is_empty()).then_some(Difference::Removed(removed)));
    all.extend((!added.is_empty()).then_some(Difference::Added(added)));
    all
}

/// Names a layer by its own name or its type, with a number if there are several of the type.
fn layer_name(layers: &[LayerSpec], index: usize) -> String {
    let layer = &layers[index];
    let is_alike = |other: &&LayerSpec| other.type_name == layer.type_name;
    match &layer.name {
        Some(name) => name.clone(),
        None if layers.iter().filter(is_alike).count() == 1 => layer.type_name.clone(),
        None => format!("{} {}", layer.type_name, layers[..=index].iter().filter(is_alike).count()),
    }
}

fn setting_differences(
    layer: Option<&str>,
    name: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    all: &mut Vec<Difference>,
) {
    if before == after {
        return;
    }
    if let (Some(Value::Object(one)), Some(Value::Object(other))) = (before, after) {
        let is_other_type = !name.is_empty() && one.get("type") != other.get("type");
        let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
        // Another optimizer has other settings; its name says enough.
        for inner in names.filter(|inner| !is_other_type || *inner == "type") {
            let path = if inner == "type" { name } else { inner };
            setting_differences(layer, path, one.get(inner), other.get(inner), all);
        }
        return;
    }
    let [before, after] = [before, after].map(|value| value.map(value_text));
    all.push(Difference::Setting { layer: layer.map(str::to_owned), name: name.to_owned(), before, after });
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(value_text).collect::<Vec<_>>().join("×"),
        Value::Object(fields) => fields.get("type").map(value_text).unwrap_or_default(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), crate::ui::format::number),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chalkgrad_engine::model::spec::TrainingConfig;

    fn run(model: &str, training: &str) -> RunRecord {
        let training: TrainingConfig = serde_json::from_str(training).unwrap();
        RunRecord { number: 1, ..RunRecord::new(0.0, serde_json::from_str(model).unwrap(), 0, training, String::new()) }
    }

    fn setting(layer: Option<&str>, name: &str, before: &str, after: &str) -> Difference {
        let (before, after) = (Some(before.to_owned()), Some(after.to_owned()));
        Difference::Setting { layer: layer.map(str::to_owned), name: name.to_owned(), before, after }
    }

    const DENSE: &str = r#"{"layers":[{"type":"Flatten"},{"type":"Dense","units":10}]}"#;

    #[test]
    fn a_setting_that_differs_is_named_with_both_values() {
        let one = run(DENSE, r#"{"optimizer":{"type":"SGD","learningRate":0.1}}"#);
        assert!(differences(&one, &one).is_empty());
        let other =
            run(&DENSE.replace("10", "20"), r#"{"optimizer":{"type":"SGD","learningRate":0.5},"batchSize":64}"#);
        let found = differences(&one, &other);
        assert_eq!(found.len(), 3);
        assert_eq!(found[0], setting(Some("Dense"), "units", "10", "20"));
        assert!(found.contains(&setting(None, "learningRate", "0.1", "0.5")));
        assert!(found.contains(&setting(None, "batchSize", "32", "64")));
    }

    #[test]
    fn another_optimizer_is_one_difference() {
        let (one, other) = (run(DENSE, "{}"), run(DENSE, r#"{"optimizer":{"type":"SGD","learningRate":0.5}}"#));
        assert_eq!(differences(&one, &other), [setting(None, "optimizer", "Adam", "SGD")]);
    }

    #[test]
    fn layers_that_came_or_went_are_listed() {
        let more = r#"{"layers":[{"type":"Flatten"},{"type":"Dropout","rate":0.5},{"type":"Dense","units":10}]}"#;
        let (one, other) = (run(DENSE, "{}"), run(more, "{}"));
        assert_eq!(differences(&one, &other), [Difference::Added(vec!["Dropout".to_owned()])]);
        assert_eq!(differences(&other, &one), [Difference::Removed(vec!["Dropout".to_owned()])]);
    }
}
