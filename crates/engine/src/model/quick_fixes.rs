//! Quick fixes: edits that mend a model with one click, shown beside the error.

use std::ops::Bound;

use super::catalogue::{ResolvedLayer, Source, find, nearest, resolve_prefix};
use super::losses::LOSSES;
use super::naming::follow_edit;
use super::settings::{Setting, SettingDefault, SettingKind};
use super::spec::{LayerSpec, LossSpec, ModelSpec, SettingValue};
use super::task::Task;
use crate::data::schema::FieldType;
use crate::error::{Error, ErrorKind, ModelError};

/// An edit of a model.
#[derive(Clone, PartialEq, Debug)]
pub enum Fix {
    /// Put these layers at this place, one after the other.
    Insert {
        index: usize,
        layers: Vec<LayerSpec>,
    },
    /// Set a setting of a layer, or with `None` leave it out.
    Set {
        index: usize,
        setting: String,
        value: Option<SettingValue>,
    },
    /// Let the layer take the outputs of these layers, or with `None` that of the layer before it.
    SetInputs {
        index: usize,
        inputs: Option<Vec<String>>,
    },
    /// Let the layer be named automatically.
    Unname {
        index: usize,
    },
    /// Put the layer at this place instead.
    Move {
        index: usize,
        to: usize,
    },
    Remove {
        index: usize,
    },
    /// Give the model another input shape.
    SetInputShape {
        shape: Vec<usize>,
    },
    /// Put another model in the place of this one.
    Replace {
        model: ModelSpec,
    },
}

impl Fix {
    /// Returns the model after the edit.
    pub fn apply(&self, model: &ModelSpec) -> ModelSpec {
        match self {
            Self::SetInputShape { shape } => return ModelSpec { input_shape: shape.clone(), ..model.clone() },
            Self::Replace { model } => return model.clone(),
            _ => {}
        }
        let before: Vec<(u32, LayerSpec)> = (0..).zip(model.layers.iter().cloned()).collect();
        let mut layers = before.clone();
        match self {
            Self::Insert { index, layers: new } => {
                let at = (*index).min(layers.len());
                let ids = before.len() as u32..;
                layers.splice(at..at, ids.zip(new.iter().cloned()));
            }
            Self::Set { index, setting, value } => {
                if let Some((_, layer)) = layers.get_mut(*index) {
                    match value {
                        Some(value) => layer.settings.insert(setting.clone(), value.clone()),
                        None => layer.settings.remove(setting),
                    };
                }
            }
            Self::SetInputs { index, inputs } => {
                if let Some((_, layer)) = layers.get_mut(*index) {
                    layer.inputs.clone_from(inputs);
                }
            }
            Self::Unname { index } => {
                if let Some((_, layer)) = layers.get_mut(*index) {
                    layer.name = None;
                }
            }
            Self::Move { index, to } => {
                if *index < layers.len() && *to < layers.len() {
                    let layer = layers.remove(*index);
                    layers.insert(*to, layer);
                }
            }
            Self::Remove { index } => {
                if *index < layers.len() {
                    layers.remove(*index);
                }
            }
            Self::SetInputShape { .. } | Self::Replace { .. } => {}
        }
        if !matches!(self, Self::SetInputs { .. }) {
            follow_edit(&before, &mut layers);
        }
        ModelSpec { layers: layers.into_iter().map(|(_, layer)| layer).collect(), ..model.clone() }
    }
}

/// The number of fixes that are offered at most.
const MAX_FIXES: usize = 3;

/// Edits that put an error right, the best first. Each has been tried: afterwards the model is in order, or at fault only
/// further on.
pub fn quick_fixes(model: &ModelSpec, error: &Error, task: &Task) -> Vec<Fix> {
    let mut fixes: Vec<Fix> = Vec::new();
    let before = error.layer_index.unwrap_or_default();
    for fix in candidates(model, error, task) {
        // A removal moves what stands behind it one place nearer.
        let shift = usize::from(matches!(fix, Fix::Remove { .. }));
        let helps = fault(&fix.apply(model), task).is_none_or(|after| {
            let is_other = (after.code, &after.subject) != (error.code, &error.subject);
            let place = after.layer_index.unwrap_or_default() + shift;
            place > before || (place == before && is_other)
        });
        if helps && !fixes.contains(&fix) && fixes.len() < MAX_FIXES {
            fixes.push(fix);
        }
    }
    fixes
}

/// Losses that put an error of the loss right, the best first. With each of them the model has been checked.
pub fn fitting_losses(model: &ModelSpec, error: &Error, task: &Task) -> Vec<LossSpec> {
    if error.setting() != Some("loss") {
        return Vec::new();
    }
    let fits = |loss: &LossSpec| fault(model, &Task { loss: loss.clone(), ..task.clone() }).is_none();
    let mut losses: Vec<LossSpec> = LOSSES.iter().map(|entry| LossSpec::initial(*entry)).filter(fits).collect();
    // A cross-entropy is the usual loss of classes.
    losses.sort_by_key(|loss| !loss.type_name().ends_with("crossentropy"));
    losses.truncate(MAX_FIXES);
    losses
}

/// Returns the first fault, if there is any.
fn fault(model: &ModelSpec, task: &Task) -> Option<Error> {
    let (layers, error) = resolve_prefix(model);
    task.check_input(model).err().or(error).or_else(|| task.check(model, &layers).err())
}

fn candidates(model: &ModelSpec, error: &Error, task: &Task) -> Vec<Fix> {
    let flatten = || LayerSpec::new("Flatten");
    let head = || task.head();
    let replace = Fix::Replace { model: task.small_network() };
    let Some(index) = error.layer_index else {
        return match error.code {
            "no-layers" => vec![Fix::Insert { index: 0, layers: vec![flatten(), head()] }],
            "wrong-input" => {
                let shape = task.schema.input.shape.clone();
                let is_alike = shape.len() == model.input_shape.len();
                let set = Fix::SetInputShape { shape };
                // Layers for inputs of another kind can do nothing with these. A wrong number of outputs has a fix of its own.
                let is_mended =
                    fault(&set.apply(model), task).is_none_or(|after| is_alike && after.code == "wrong-output");
                is_mended.then_some(set).into_iter().chain([replace]).collect()
            }
            _ => Vec::new(),
        };
    };
    let Some(layer) = model.layers.get(index) else { return Vec::new() };
    let schema = find(&layer.type_name).ok().map(|layer_type| layer_type.schema());
    let (resolved, _) = resolve_prefix(model);
    let before = index.checked_sub(1).map_or(Source::Input, Source::Layer);
    let input = shape_of(model, &resolved, before);
    let set = |setting: &str, value: SettingValue| Fix::Set { index, setting: setting.to_owned(), value: Some(value) };
    let remove = Fix::Remove { index };
    match error.code {
        "missing-flatten" => {
            let pooling = LayerSpec::new("GlobalAveragePooling2D");
            vec![Fix::Insert { index, layers: vec![flatten()] }, Fix::Insert { index, layers: vec![pooling] }, remove]
        }
        "kernel-too-large" => {
            let largest: Vec<f64> = input.iter().take(2).map(|extent| *extent as f64).collect();
            let mut fixes = vec![set("padding", "same".into()), remove];
            if let Some(smallest) = largest.iter().copied().reduce(f64::min) {
                // Square where the window is, and never larger than it was.
                fixes.insert(0, set(&error.subject, vec![smallest, smallest].into()));
            }
            fixes
        }
        "wrong-rank" => {
            let flattens = |layer: &ResolvedLayer| {
                layer.input_shapes.iter().any(|shape| shape.len() > 1) && layer.output_shape.len() == 1
            };
            let before = resolved.iter().position(flattens);
            let moved = before.map(|to| Fix::Move { index, to });
            let is_sequence = matches!(error.kind, ErrorKind::Model(ModelError::NotASequence { .. }));
            let sequence = is_sequence.then(|| make_sequence(&resolved, index, &input)).flatten();
            sequence.into_iter().chain(moved).chain([remove]).collect()
        }
        "wrong-output" => {
            let end = model.layers.len();
            let layers = if resolved.get(index).is_some_and(|layer| layer.output_shape.len() > 1) {
                vec![flatten(), head()]
            } else {
                vec![head()]
            };
            let mut fixes = vec![Fix::Insert { index: end, layers }];
            if schema.is_some_and(|schema| schema.setting("units").is_some()) {
                fixes.insert(0, set("units", (task.outputs() as f64).into()));
            }
            fixes
        }
        "unknown-input" | "input-order" | "input-count" | "input-shapes" => {
            let set = |inputs| Fix::SetInputs { index, inputs };
            let respelt = match (&error.kind, &layer.inputs) {
                (ErrorKind::Model(ModelError::MisspeltInput { name, nearest, .. }), Some(inputs)) => {
                    let right = |input: &String| if input == name { nearest.clone() } else { input.clone() };
                    Some(set(Some(inputs.iter().map(right).collect())))
                }
                _ => None,
            };
            let fitting = fitting_inputs(model, index).map(|inputs| set(Some(inputs)));
            respelt.into_iter().chain(fitting).chain([set(None), remove]).collect()
        }
        "unused-layer" => vec![Fix::SetInputs { index: index + 1, inputs: None }, remove],
        "bad-name" => vec![Fix::Unname { index }],
        "unknown-setting" => vec![Fix::Set { index, setting: error.subject.clone(), value: None }],
        "missing-setting" | "bad-setting" => {
            let setting = schema.and_then(|schema| schema.setting(&error.subject));
            let value = setting.and_then(|setting| usual(setting, layer.settings.get(&error.subject)));
            match (value, setting) {
                (Some(value), _) => vec![set(&error.subject, value)],
                (None, Some(_)) => vec![Fix::Set { index, setting: error.subject.clone(), value: None }],
                (None, None) => Vec::new(),
            }
        }
        "too-large" => vec![remove],
        "no-tokens" => vec![remove, replace],
        "tokens" | "vocabulary" => {
            let FieldType::Tokens { vocabulary } = task.schema.input.dtype else { return vec![remove] };
            let rows = f64::from(vocabulary);
            let table =
                LayerSpec::new("Embedding").with("inputDim", rows).with("outputDim", 32.0).with("maskZero", true);
            let insert = Fix::Insert { index, layers: vec![table] };
            let best = if error.code == "tokens" { insert } else { set("inputDim", rows.into()) };
            vec![best, replace, remove]
        }
        _ => Vec::new(),
    }
}

/// Returns an edit after which the layer at this index gets a sequence: of the rows of an image, or of the states of the
/// recurrent layer before it.
fn make_sequence(layers: &[ResolvedLayer], index: usize, input: &[usize]) -> Option<Fix> {
    if let [height, width, channels] = *input {
        let shape = vec![height as f64, (width * channels) as f64];
        let reshape = LayerSpec::new("Reshape").with("targetShape", shape);
        return Some(Fix::Insert { index, layers: vec![reshape] });
    }
    let before = index.checked_sub(1).filter(|_| input.len() == 1)?;
    let schema = layers.get(before)?.layer_type.schema();
    let setting = schema.setting("returnSequences")?.name.to_owned();
    Some(Fix::Set { index: before, setting, value: Some(true.into()) })
}

/// Returns the shape of an input; empty where the layer is not in order.
fn shape_of(model: &ModelSpec, layers: &[ResolvedLayer], source: Source) -> Vec<usize> {
    match source {
        Source::Input => model.input_shape.clone(),
        Source::Layer(at) => layers.get(at).map(|layer| layer.output_shape.clone()).unwrap_or_default(),
    }
}

/// Returns inputs with which the merging layer at this index is in order: the layer before it, and one before that whose
/// output fits. If several in a row fit, that is the first of them, so that the way round them is as long as can be.
pub fn fitting_inputs(model: &ModelSpec, index: usize) -> Option<Vec<String>> {
    if !find(&model.layers.get(index)?.type_name).ok()?.merges() {
        return None;
    }
    let mut beginning = model.clone();
    beginning.layers.truncate(index + 1);
    let (resolved, _) = resolve_prefix(&beginning);
    let before = index.checked_sub(1).filter(|before| *before < resolved.len())?;
    let fits = |source: &Source| {
        let mut model = beginning.clone();
        model.layers[index].inputs =
            Some([*source, Source::Layer(before)].map(|source| source.name(&resolved)).to_vec());
        resolve_prefix(&model).0.len() > index
    };
    let earlier = (0..before).rev().map(Source::Layer);
    let source = earlier.skip_while(|source| !fits(source)).take_while(fits).last();
    let source = source.or_else(|| Some(Source::Input).filter(fits))?;
    Some([source, Source::Layer(before)].map(|source| source.name(&resolved)).to_vec())
}

/// Returns a value that a setting accepts: the nearest to the one given, or the one that a new layer has.
fn usual(setting: &Setting, given: Option<&SettingValue>) -> Option<SettingValue> {
    let number = match given {
        Some(SettingValue::Number(number)) if !number.is_nan() => Some(*number),
        _ => None,
    };
    match (setting.kind, number, given) {
        (SettingKind::Integer { min, max }, Some(number), _) => {
            Some(number.round().clamp(min as f64, max as f64).into())
        }
        (SettingKind::Number { min: Bound::Included(min), max: Bound::Included(max) }, Some(number), _) => {
            Some(number.clamp(min, max).into())
        }
        (SettingKind::Choice(words), _, Some(SettingValue::Text(word))) => {
            nearest(word, words.iter().copied()).map(SettingValue::from)
        }
        _ if setting.default == SettingDefault::Required => setting.initial_value(),
        _ => setting.default.value(),
    }
}
