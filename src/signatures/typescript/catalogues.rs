//! Layers, optimizers, losses and schedules, each as a union that its `type` discriminates.

use std::collections::BTreeMap;

use chalkgrad_engine::model::catalogue::{Schema, Setting, SettingDefault, SettingKind};
use chalkgrad_engine::model::layers::LAYERS;
use chalkgrad_engine::model::losses::LOSSES;
use chalkgrad_engine::model::metrics::METRICS;
use chalkgrad_engine::model::optimizers::OPTIMIZERS;
use chalkgrad_engine::model::schedules::SCHEDULES;

use super::layout::docs;
use crate::ui::fields::label_key;
use crate::ui::text::Locale;

/// Types of settings with a choice of words, by name.
type Choices = BTreeMap<String, String>;

pub(super) fn declarations() -> String {
    let mut choices = Choices::new();
    let layers: Vec<&Schema> = LAYERS.iter().map(|layer| layer.schema()).collect();
    let optimizers: Vec<&Schema> = OPTIMIZERS.iter().map(|optimizer| optimizer.schema()).collect();
    let losses: Vec<&Schema> = LOSSES.iter().map(|loss| loss.schema()).collect();
    let schedules: Vec<&Schema> = SCHEDULES.iter().map(|schedule| schedule.schema()).collect();
    // A configuration that is read has every setting: `Required<..>` in its declaration.
    for schema in optimizers.iter().chain(&schedules) {
        let absent = schema.settings.iter().find(|setting| setting.default == SettingDefault::Absent);
        assert!(absent.is_none(), "{}: {absent:?} may be absent from a configuration", schema.type_name);
    }
    let unions = [
        union(&mut choices, "Layer", "layer", "setting", &layers),
        union(&mut choices, "Optimizer", "optimizer", "training", &optimizers),
        union(&mut choices, "Loss", "loss", "training", &losses),
        union(&mut choices, "Schedule", "schedule", "training", &schedules),
    ];
    let choices = choices.into_iter().map(|(name, words)| format!("export type {name} = {words};\n"));
    let metrics = METRICS.iter().map(|metric| format!("\"{}\"", metric.name())).collect::<Vec<_>>().join(" | ");
    let metrics = format!("/** A metric. */\nexport type MetricName = {metrics};\n");
    unions.concat() + &choices.collect::<String>() + &metrics
}

/// Declares the entries of a catalogue and their union, `<Kind>Spec`. Texts come from the English locale file.
fn union(choices: &mut Choices, kind: &str, catalogue: &str, group: &str, schemas: &[&Schema]) -> String {
    let mut declarations = String::new();
    for schema in schemas {
        let help = Locale::English.text(&format!("{catalogue}_{}_help", schema.type_name));
        let name = type_name(schema.type_name, kind);
        declarations += &help.map(docs).unwrap_or_default();
        declarations += &format!("export interface {name} {{\ntype: \"{}\";\n", schema.type_name);
        if kind == "Layer" {
            declarations += &docs("The layer's name. Default: as in Keras, `conv2d`, `conv2d_1`, ...");
            declarations += "name?: string;\n";
            declarations += &docs(
                "The layers whose outputs it takes. Default: the layer before. `input_layer` is the model's input.",
            );
            declarations += "inputs?: string[];\n";
        }
        for setting in schema.settings {
            let label = label_key(group, schema.type_name, setting.name);
            let help = Locale::English.text(&format!("{label}_help")).unwrap_or_default();
            let help = format!("{}.", help.trim_end_matches('.'));
            declarations += &docs(&format!("{help}\n{}", range_and_default(setting)));
            let mark = if setting.default == SettingDefault::Required { "" } else { "?" };
            declarations += &format!("{}{mark}: {};\n", setting.name, value_type(choices, schema, setting));
        }
        declarations += "}\n";
    }
    let names: Vec<String> = schemas.iter().map(|schema| type_name(schema.type_name, kind)).collect();
    declarations + &format!("export type {kind}Spec = {};\n", names.join(" | "))
}

fn range_and_default(setting: &Setting) -> String {
    let range = match setting.kind {
        SettingKind::Integer { .. }
        | SettingKind::Integers { .. }
        | SettingKind::Number { .. }
        | SettingKind::Pair { .. }
        | SettingKind::Range { .. }
        | SettingKind::Sides { .. } => setting.kind.rule().to_string(),
        SettingKind::Flag | SettingKind::Text | SettingKind::Choice(_) | SettingKind::Layer(_) => String::new(),
    };
    let default = setting.default.value().map(|value| format!("Default: {value}."));
    format!("{range} {}", default.unwrap_or_default()).trim().to_owned()
}

/// Returns the type of a setting's values.
fn value_type(choices: &mut Choices, schema: &Schema, setting: &Setting) -> String {
    match setting.kind {
        SettingKind::Flag => "boolean".to_owned(),
        SettingKind::Integer { .. } | SettingKind::Number { .. } => "number".to_owned(),
        SettingKind::Integers { .. } => "number | number[]".to_owned(),
        SettingKind::Pair { .. } | SettingKind::Range { fewest: 1, .. } => "number | [number, number]".to_owned(),
        SettingKind::Range { .. } => "[number, number]".to_owned(),
        SettingKind::Sides { .. } => "number | [number, number] | [[number, number], [number, number]]".to_owned(),
        SettingKind::Text => "string".to_owned(),
        SettingKind::Layer(types) => types.iter().map(|name| type_name(name, "Layer")).collect::<Vec<_>>().join(" | "),
        SettingKind::Choice(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            let words = words.join(" | ");
            let shared = type_name(setting.name, "");
            // A layer with other words has a type of its own: `Conv1DPadding`.
            let name = if choices.get(&shared).is_none_or(|known| *known == words) {
                shared
            } else {
                format!("{}{shared}", schema.type_name)
            };
            let known = choices.entry(name.clone()).or_insert_with(|| words.clone());
            assert_eq!(*known, words, "{name} has two meanings");
            name
        }
    }
}

/// Returns a name as TypeScript's types have it: `MeanSquaredErrorLoss` of `mean_squared_error`.
fn type_name(name: &str, kind: &str) -> String {
    let words = name.split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    });
    words.collect::<String>() + kind
}
