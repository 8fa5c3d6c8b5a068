//! Which layers exist, what can be set on them, and the shapes that they make.
//!
//! One file under `model/layers/` describes one layer. The page reads this catalogue to build its menus and forms and to
//! check a model while it is edited, so nothing here refers to ops or kernels; [`super::lower`] does.

use super::layers::CATALOGUE;
use super::spec::{LayerSpec, ModelSpec, SettingValue};
use crate::error::{Error, Result};

/// One kind of layer.
pub trait LayerType: Sync {
    /// The name in specs, as in Keras: `"Conv2D"`.
    fn type_name(&self) -> &'static str;

    /// The stem of its automatic names, as in Keras: `"conv2d"`.
    fn default_name(&self) -> &'static str;

    /// What can be set, in the order in which a form shows it.
    fn settings(&self) -> &'static [Setting];

    /// The output's shape for an input shape, both without the batch axis.
    ///
    /// # Errors
    /// If the input does not fit the layer. The layer's name is added by the caller.
    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>>;

    /// The layer's weights, in Keras's order. The input shape is one that [`LayerType::output_shape`] accepts.
    fn weights(&self, settings: &Settings, input: &[usize]) -> Vec<WeightSpec> {
        let _ = (settings, input);
        Vec::new()
    }
}

/// One setting of a layer: a row of its form.
pub struct Setting {
    /// As in a spec: `"kernelSize"`.
    pub name: &'static str,
    pub kind: SettingKind,
    pub default: SettingDefault,
    /// One English sentence; the page's locale files translate it under `setting_<name>_help`.
    pub help: &'static str,
}

pub enum SettingKind {
    Flag,
    /// A whole number within these bounds, both included.
    Integer {
        min: u32,
        max: u32,
    },
    /// A number within these bounds, both included.
    Number {
        min: f64,
        max: f64,
    },
    /// Two whole numbers, height then width, within these bounds; a single number stands for both.
    Pair {
        min: u32,
        max: u32,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number that may be left out; what that means is in the help.
    OptionalPair {
        min: u32,
        max: u32,
    },
}

pub enum SettingDefault {
    /// The user must say.
    Required,
    Flag(bool),
    Number(f64),
    Pair(f64, f64),
    Text(&'static str),
    /// Left out.
    Absent,
}

/// A weight of a layer.
#[derive(Clone, PartialEq, Debug)]
pub struct WeightSpec {
    /// `"kernel"`, `"bias"`, `"gamma"`, ...
    pub name: &'static str,
    pub shape: Vec<usize>,
    pub initializer: Initializer,
    /// Whether the optimizer changes it; the moving statistics of a batch normalisation are not trained.
    pub trainable: bool,
    /// The factor of an L2 penalty, 0 for none.
    pub l2: f32,
}

/// How a weight starts. Formulas as in Keras's initialisers of the same names.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Initializer {
    Zeros,
    Ones,
    /// Uniform within `±sqrt(6 / (fan_in + fan_out))` (Glorot and Bengio 2010, equation 16).
    GlorotUniform,
    /// Truncated normal with standard deviation `sqrt(2 / fan_in)` (He et al. 2015).
    HeNormal,
    /// Uniform within `±sqrt(6 / fan_in)`.
    HeUniform,
}

/// The settings of one layer after checking: every setting of the schema has a value of the right kind in its range,
/// given or default.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings(Vec<(&'static str, Option<SettingValue>)>);

/// One layer of a checked model.
#[derive(Clone)]
pub struct ResolvedLayer {
    /// Unique in the model: given, or as Keras would name it.
    pub name: String,
    pub layer_type: &'static dyn LayerType,
    pub settings: Settings,
    /// Without the batch axis.
    pub input_shape: Vec<usize>,
    pub output_shape: Vec<usize>,
    pub weights: Vec<WeightSpec>,
}

impl Settings {
    /// Checks the settings of a layer against its schema and fills in defaults.
    ///
    /// # Errors
    /// `unknown-setting` (naming the nearest known one), `missing-setting`, `bad-setting`.
    pub fn resolve(layer_type: &dyn LayerType, spec: &LayerSpec) -> Result<Self> {
        let _ = (layer_type, spec);
        todo!()
    }
}

/// Finds a layer type by its name.
///
/// # Errors
/// `unknown-layer`, naming the nearest known one.
pub fn find(type_name: &str) -> Result<&'static dyn LayerType> {
    CATALOGUE
        .iter()
        .find(|layer| layer.type_name() == type_name)
        .copied()
        .ok_or_else(|| Error::new("unknown-layer", type_name))
}

/// The longest model that is accepted.
pub const MAX_LAYERS: usize = 256;

/// Checks a whole model: layer types, settings, shapes, names, sizes.
///
/// Stops at the first layer at fault; the error carries that layer's index and name.
pub fn resolve(spec: &ModelSpec) -> Result<Vec<ResolvedLayer>> {
    let _ = spec;
    todo!()
}

/// Like [`resolve`], but returns the layers before the one at fault as well: what the page shows while a model is
/// being edited.
pub fn resolve_prefix(spec: &ModelSpec) -> (Vec<ResolvedLayer>, Option<Error>) {
    let _ = spec;
    todo!()
}
