//! Generator of `www/chalkgrad.d.ts`, the TypeScript declarations of the public API, and the test that the file is current.
//!
//! Structs and enums come from their Rust types by ts-rs, layers and other catalogue entries from their schemas, methods from
//! the `#[wasm_bindgen]` block of `src/api.rs`.

mod catalogues;
mod layout;
mod methods;

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::protocol::{BackendChoice, DatasetDescription, ModelSummary};
use ts_rs::{Config, TS, TypeVisitor};

use super::{
    BackendInfo, BackendOptions, EvaluateOptions, EvaluationResult, EventDetail, Events, Example, Float32Array,
    OpenedModel, ReadyInfo, RunResult, StateInfo, TensorValue, TrainOptions,
};

const FILE: &str = "www/chalkgrad.d.ts";

const HEAD: &str = r#"// TypeScript declarations of chalkgrad's public JavaScript API, made from its Rust types: do not edit.
//
//     import type { ModelSpec } from "./chalkgrad";
//     const model: ModelSpec = { layers: [{ type: "Flatten" }, { type: "Dense", units: 10, activation: "softmax" }] };
//     await window.chalkgrad.setModel(model);
"#;

/// Declarations that no Rust type has: the object on `window`, errors, and partial configurations.
const TAIL: &str = r#"
/** The error with which a Promise is rejected. */
export type ChalkgradError = Error & ErrorReport;

/**
 * Fields of a training configuration to change. Optimizer and schedule may be given by their type alone; as long as the type
 * stays, settings that are left out keep their value. `null` removes an optional field.
 */
export type TrainingChanges = {
  [Field in keyof TrainingConfig]?:
    | (TrainingConfig[Field] extends { type: string }
        ? TrainingConfig[Field]["type"] | Partial<TrainingConfig[Field]>
        : TrainingConfig[Field] extends TextSpec | undefined
          ? Partial<TextSpec>
          : TrainingConfig[Field])
    | ({} extends Pick<TrainingConfig, Field> ? null : never);
};

/** Metrics by name. */
export type MetricValues = Record<string, number>;

/** Metrics by name, with a value for each epoch. */
export type MetricSeries = Record<string, number[]>;

declare global {
  interface Window {
    chalkgrad: Chalkgrad;
  }
  var chalkgrad: Chalkgrad;
}
"#;

impl TS for Float32Array {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn name(_: &Config) -> String {
        "Float32Array".to_owned()
    }

    fn inline(config: &Config) -> String {
        Self::name(config)
    }
}

/// Declarations of types and of the types that they use, by name.
struct Declarations {
    config: Config,
    by_name: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        let name = T::name(&self.config);
        // Types of the language have no declaration.
        if T::output_path().is_some() && !self.by_name.contains_key(&name) {
            let docs = T::docs().unwrap_or_default();
            self.by_name.insert(name, docs + &declaration(&T::decl(&self.config)));
            T::visit_dependencies(self);
        }
    }
}

/// Exports a declaration of ts-rs, as an interface if it is an object.
fn declaration(made: &str) -> String {
    let mut text = made.to_owned();
    while let Some(start) = text.rfind("Array<") {
        let end = start + text[start..].find('>').unwrap();
        let item = text[start + "Array<".len()..end].to_owned();
        text.replace_range(start..=end, &format!("{item}[]"));
    }
    match (text.strip_prefix("type ").and_then(|text| text.split_once(" = {")), text.strip_suffix("};")) {
        (Some((name, _)), Some(object)) if !object.contains("} | {") => {
            format!("export interface {name} {}}}", &object[object.find('{').unwrap()..])
        }
        _ => format!("export {text}"),
    }
}

/// Returns the contents of the file.
fn declarations() -> String {
    let mut types = Declarations { config: Config::new(), by_name: BTreeMap::new() };
    types.visit::<BackendChoice>();
    types.visit::<BackendInfo>();
    types.visit::<BackendOptions>();
    types.visit::<DatasetDescription>();
    types.visit::<EvaluateOptions>();
    types.visit::<EvaluationResult>();
    types.visit::<Events>();
    types.visit::<Example>();
    types.visit::<ModelSpec>();
    types.visit::<ModelSummary>();
    types.visit::<OpenedModel>();
    types.visit::<ReadyInfo>();
    types.visit::<StateInfo>();
    types.visit::<TensorValue>();
    types.visit::<TrainOptions>();
    types.visit::<TrainingConfig>();
    types.visit::<RunResult>();
    let types: Vec<String> = types.by_name.into_values().collect();
    let parts = [methods::interface(), types.join("\n"), catalogues::declarations()];
    format!("{HEAD}\n{}{TAIL}", layout::lay_out(&parts.join("\n")))
}

#[test]
fn the_declarations_are_those_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let declarations = declarations();
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, &declarations).unwrap();
    }
    let current = fs::read_to_string(&path).unwrap_or_default();
    let differs = current.lines().zip(declarations.lines()).find(|(current, made)| current != made);
    assert!(
        current == declarations,
        "{FILE} is not what the types give (first difference: {differs:?}); `UPDATE=1 cargo test -p chalkgrad --lib \
         declarations` writes it"
    );
}

#[test]
fn the_documentation_names_every_method_and_event() {
    let documentation = include_str!("../../docs/api.md");
    for name in methods::names() {
        assert!(documentation.contains(&format!("`{name}(")), "docs/api.md does not name the method {name}");
    }
    for name in EventDetail::NAMES {
        assert!(documentation.contains(&format!("`{name}`")), "docs/api.md does not name the event {name}");
    }
}
