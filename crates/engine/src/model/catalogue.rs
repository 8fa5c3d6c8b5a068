//! Checks of a model against the catalogue of layers: types, settings, shapes, names, sizes.

use std::fmt;

use super::layers::merging::MAX_INPUTS;
use super::layers::{LAYERS, Layer};
use super::naming::{INPUT_LAYER, layer_names};
pub use super::settings::nearest;
pub use super::settings::{Card, Schema, Setting, SettingDefault, SettingKind, Settings};
use super::spec::ModelSpec;
pub use super::weights::{MaxNorm, Penalty, WeightSpec};
use crate::error::{Error, ModelError, Result};

/// The origin of a layer's input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// The model's input.
    Input,
    /// The output of the layer at this index.
    Layer(usize),
}

impl Source {
    /// Returns the name that `inputs` have for it.
    pub fn name(self, layers: &[ResolvedLayer]) -> String {
        match self {
            Self::Input => INPUT_LAYER.to_owned(),
            Self::Layer(at) => layers.get(at).map(|layer| layer.name.clone()).unwrap_or_default(),
        }
    }
}

/// One layer of a checked model.
#[derive(Clone)]
pub struct ResolvedLayer {
    /// Unique in the model: given, or as Keras would name it.
    pub name: String,
    pub layer_type: &'static dyn Layer,
    pub settings: Settings,
    pub inputs: Vec<Source>,
    /// The shapes of the inputs, without the batch axis.
    pub input_shapes: Vec<Vec<usize>>,
    /// Without the batch axis.
    pub output_shape: Vec<usize>,
    pub weights: Vec<WeightSpec>,
}

impl ResolvedLayer {
    /// Counts the weights, trained or not, as Keras's summary does.
    pub fn params(&self) -> usize {
        self.weights.iter().map(|weight| weight.shape.iter().product::<usize>()).sum()
    }
}

impl ResolvedLayer {
    /// Counts the numbers that the layer holds for one example.
    pub fn held(&self) -> u64 {
        self.layer_type.held(&self.settings, &self.input_shapes, &self.output_shape)
    }
}

impl fmt::Debug for ResolvedLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}{:?} -> {:?}", self.name, self.layer_type.type_name(), self.input_shapes, self.output_shape)
    }
}

/// The longest model that is accepted.
pub const MAX_LAYERS: usize = 256;

/// The most weights, and the most activations of one example, that a layer or a whole model may have. Sizes are
/// checked in 64 bits against this before anything is multiplied in `usize`, which has 32 bits in the browser.
pub const MAX_ELEMENTS: u64 = 1 << 28;

/// The longest name of a layer, in characters.
pub const MAX_NAME_LENGTH: usize = 64;

/// Finds a layer type by its name.
///
/// # Errors
/// `unknown-layer`, naming the nearest known one.
pub fn find(type_name: &str) -> Result<&'static dyn Layer> {
    LAYERS.iter().find(|layer| layer.type_name() == type_name).copied().ok_or_else(|| {
        let known: Vec<&str> = LAYERS.iter().map(|layer| layer.type_name()).collect();
        let (layer_type, nearest) = (type_name.to_owned(), nearest(type_name, known.iter().copied()));
        let known = known.into_iter().collect();
        match nearest {
            Some(nearest) => ModelError::MisspeltLayer { layer_type, nearest: nearest.to_owned(), known },
            None => ModelError::UnknownLayer { layer_type, known },
        }
        .into()
    })
}

/// Checks a whole model: layer types, settings, shapes, names, sizes.
///
/// # Errors
/// Stops at the first layer at fault; the error carries that layer's index and name. Codes: `no-layers`,
/// `too-many-layers`, `bad-input-shape`, `unknown-layer`, `unknown-setting`, `missing-setting`, `bad-setting`,
/// `bad-name`, `too-large`; those of inputs: `unknown-input`, `input-order`, `input-count`, `unused-layer`; and those of the
/// layers' shapes: `input-shapes`, `wrong-rank`, `kernel-too-large`.
pub fn resolve(spec: &ModelSpec) -> Result<Vec<ResolvedLayer>> {
    match resolve_prefix(spec) {
        (layers, None) => Ok(layers),
        (_, Some(error)) => Err(error),
    }
}

/// Resolves like [`resolve`], but also returns the layers before the one at fault, for the page to show during edits.
pub fn resolve_prefix(spec: &ModelSpec) -> (Vec<ResolvedLayer>, Option<Error>) {
    let mut layers = Vec::with_capacity(spec.layers.len().min(MAX_LAYERS));
    let result = check_model(spec).and_then(|()| {
        let mut resolver = Resolver::new(spec);
        for index in 0..spec.layers.len() {
            let layer = resolver.layer(index, &layers)?;
            layers.push(layer);
        }
        check_use(&layers)
    });
    (layers, result.err())
}

/// The most outputs of a classifier, unless the data set has more classes. A confusion matrix is the square of it.
pub const MAX_OUTPUTS: usize = 256;

/// Finds the first dense layer whose input has more axes than one: in a classifier that is a forgotten Flatten.
pub(super) fn first_dense_on_image(layers: &[ResolvedLayer]) -> Option<usize> {
    let works_on_image = |layer: &ResolvedLayer| {
        layer.layer_type.type_name() == "Dense" && layer.input_shapes.iter().any(|shape| shape.len() > 1)
    };
    layers.iter().position(works_on_image)
}

/// Formats a shape as the page does, `28×28×1`.
pub fn shape_text(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×")
}

pub(super) fn no_layers() -> Error {
    ModelError::NoLayers.into()
}

fn check_model(spec: &ModelSpec) -> Result<()> {
    if spec.layers.is_empty() {
        return Err(no_layers());
    }
    if spec.layers.len() > MAX_LAYERS {
        return Err(ModelError::TooManyLayers { max: MAX_LAYERS, count: spec.layers.len() }.into());
    }
    let bad_extent = spec.input_shape.contains(&0) || elements(&spec.input_shape) > MAX_ELEMENTS;
    if spec.input_shape.is_empty() || spec.input_shape.len() > 4 || bad_extent {
        return Err(ModelError::BadInputShape { shape: shape_text(&spec.input_shape), max: MAX_ELEMENTS }.into());
    }
    Ok(())
}

/// Returns the number of elements, saturating.
fn elements(shape: &[usize]) -> u64 {
    shape.iter().fold(1, |product: u64, extent| product.saturating_mul(*extent as u64))
}

/// Checks that the output of each layer but the last has a use. Keras would leave the others out of the model without a word.
fn check_use(layers: &[ResolvedLayer]) -> Result<()> {
    let mut is_used = vec![false; layers.len()];
    for source in layers.iter().flat_map(|layer| &layer.inputs) {
        if let Source::Layer(at) = *source {
            is_used[at] = true;
        }
    }
    let but_last = layers.iter().zip(is_used).enumerate().take(layers.len().saturating_sub(1));
    let unused = but_last.into_iter().find(|(_, (_, is_used))| !is_used);
    unused.map_or(Ok(()), |(at, (layer, _))| Err(Error::from(ModelError::UnusedLayer).at_layer(at, &layer.name)))
}

/// Walks through a model from its input.
struct Resolver<'a> {
    spec: &'a ModelSpec,
    names: Vec<String>,
    weights: u64,
    activations: u64,
}

impl<'a> Resolver<'a> {
    fn new(spec: &'a ModelSpec) -> Self {
        Self { spec, names: layer_names(spec.layers.iter()), weights: 0, activations: 0 }
    }

    /// Checks a layer, given those before it.
    fn layer(&mut self, index: usize, before: &[ResolvedLayer]) -> Result<ResolvedLayer> {
        let spec = &self.spec.layers[index];
        let label = spec.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&spec.type_name);
        let layer_type = find(&spec.type_name).map_err(|error| error.at_layer(index, label))?;
        self.check_name(index).map_err(|error| error.at_layer(index, label))?;
        let name = self.names[index].clone();
        self.resolved(index, layer_type, before).map_err(|error| error.at_layer(index, &name))
    }

    fn resolved(
        &mut self,
        index: usize,
        layer_type: &'static dyn Layer,
        before: &[ResolvedLayer],
    ) -> Result<ResolvedLayer> {
        let settings = Settings::resolve(layer_type.schema(), &self.spec.layers[index].settings)?;
        let inputs = self.inputs(index, layer_type)?;
        let input_shapes: Vec<Vec<usize>> = inputs
            .iter()
            .map(|source| match *source {
                Source::Input => self.spec.input_shape.clone(),
                Source::Layer(at) => before.get(at).map(|layer| layer.output_shape.clone()).unwrap_or_default(),
            })
            .collect();
        let output_shape = layer_type.output_shape(&settings, &input_shapes)?;
        let weights = layer_type.weights(&settings, &input_shapes);
        let held = layer_type.held(&settings, &input_shapes, &output_shape);
        self.activations = self.activations.saturating_add(held.max(elements(&output_shape)));
        self.weights = weights.iter().fold(self.weights, |sum, weight| sum.saturating_add(elements(&weight.shape)));
        let max = MAX_ELEMENTS;
        if self.activations > max {
            return Err(ModelError::TooManyActivations { count: self.activations, max }.into());
        }
        if self.weights > max {
            return Err(ModelError::TooManyWeights { count: self.weights, max }.into());
        }
        let name = self.names[index].clone();
        Ok(ResolvedLayer { name, layer_type, settings, inputs, input_shapes, output_shape, weights })
    }

    /// Finds the inputs of a layer: those that it names, or the layer before it.
    fn inputs(&self, index: usize, layer_type: &dyn Layer) -> Result<Vec<Source>> {
        let inputs = match &self.spec.layers[index].inputs {
            Some(names) if names.len() > MAX_INPUTS => {
                return Err(ModelError::TooManyInputs { count: names.len(), max: MAX_INPUTS }.into());
            }
            Some(names) => names.iter().map(|name| self.input(index, name)).collect::<Result<_>>()?,
            None => vec![index.checked_sub(1).map_or(Source::Input, Source::Layer)],
        };
        match (layer_type.merges(), inputs.len()) {
            (true, count @ (0 | 1)) => Err(ModelError::SeveralInputs { count }.into()),
            (false, count) if count != 1 => Err(ModelError::OneInput { count }.into()),
            _ => Ok(inputs),
        }
    }

    fn input(&self, index: usize, name: &str) -> Result<Source> {
        let is_named = |own: &String| own == name;
        if let Some(at) = self.names[..index].iter().position(is_named) {
            return Ok(Source::Layer(at));
        }
        let known = || self.names[..index].iter().map(String::as_str).chain([INPUT_LAYER]);
        if self.names[index] == name {
            return Err(ModelError::OwnInput { known: known().collect() }.into());
        }
        let name = name.chars().take(MAX_NAME_LENGTH).collect::<String>();
        if self.names[index..].iter().any(is_named) {
            return Err(ModelError::LaterInput { name }.into());
        }
        if name == INPUT_LAYER {
            return Ok(Source::Input);
        }
        Err(match nearest(&name, known()) {
            Some(nearest) => {
                ModelError::MisspeltInput { nearest: nearest.to_owned(), name, known: known().collect() }.into()
            }
            None => ModelError::UnknownInput { name, known: known().collect() }.into(),
        })
    }

    fn check_name(&self, index: usize) -> Result<()> {
        let Some(name) = &self.spec.layers[index].name else { return Ok(()) };
        let well_formed = (1..=MAX_NAME_LENGTH).contains(&name.chars().count())
            && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
        // Tensors are named `layer.weight` and `grad layer.weight`, so neither a dot nor a space may be in it.
        if !well_formed {
            let name = name.chars().take(MAX_NAME_LENGTH).collect();
            return Err(ModelError::BadName { name, max: MAX_NAME_LENGTH }.into());
        }
        if self.spec.layers[..index].iter().any(|earlier| earlier.name.as_ref() == Some(name)) {
            return Err(ModelError::NameTaken { name: name.clone() }.into());
        }
        Ok(())
    }
}
