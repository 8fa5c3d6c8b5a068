//! Ten steps of training from the weights that Keras drew, with every layer and option (`learning.py`).

use std::collections::BTreeSet;

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::model::catalogue::SettingKind;
use chalkgrad_engine::model::layers::LAYERS;
use serde_json::Value;

use super::support::{read, text};

#[path = "following.rs"]
pub mod following;

#[test]
fn every_layer_learns_as_keras_does() {
    let document = read("learning.json");
    for run in document["runs"].as_array().unwrap() {
        let mut session = following::session(&document, run, Box::new(CpuBackend::new()));
        following::follow(&document, run, &mut session);
    }
}

/// Lists the layers of a run, those inside others as well.
fn layers(run: &Value) -> Vec<&Value> {
    let layers = run["layers"].as_array().unwrap();
    layers.iter().flat_map(|layer| [layer, &layer["layer"]]).filter(|layer| layer["type"].is_string()).collect()
}

/// Options with which TensorFlow cannot train on a CPU. Finite differences check their ops.
const NOT_IN_TENSORFLOW: [&str; 1] = ["Conv2DTranspose.dilationRate"];

/// Finds layers, settings and words of a choice that no run has. Activations and initialisers have tests of their own, and a layer
/// needs one of them at most.
#[test]
fn every_layer_and_option_has_a_run() {
    let document = read("learning.json");
    let runs = document["runs"].as_array().unwrap();
    let mut missing = BTreeSet::new();
    for layer in LAYERS {
        let own: Vec<&Value> =
            runs.iter().flat_map(layers).filter(|other| text(&other["type"]) == layer.type_name()).collect();
        if own.is_empty() {
            missing.insert(layer.type_name().to_owned());
        }
        for setting in layer.schema().settings {
            let given: BTreeSet<String> = own.iter().map(|layer| layer[setting.name].to_string()).collect();
            let is_function = setting.name.ends_with("ctivation") || setting.name.ends_with("nitializer");
            let needed: Vec<String> = match setting.kind {
                SettingKind::Choice(words) if !is_function => words.iter().map(|word| format!("{word:?}")).collect(),
                _ => Vec::new(),
            };
            let default = setting.default.value().map(|value| value.to_string());
            let is_given = given.iter().any(|value| value != "null");
            let has = |word: &String| {
                given.contains(word)
                    || default.as_ref().is_some_and(|own| own.trim_matches('"') == word.trim_matches('"'))
            };
            let name = format!("{}.{}", layer.type_name(), setting.name);
            let is_covered = is_given && needed.iter().all(has);
            if !is_covered && !NOT_IN_TENSORFLOW.contains(&name.as_str()) {
                missing.insert(format!("{name} {needed:?}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
