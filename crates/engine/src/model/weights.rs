//! Declarations of a layer's weights: shapes, initial values, and what holds their size down.

use super::initializers::Initializer;
use super::settings::Settings;

/// A weight of a layer.
#[derive(Clone, PartialEq, Debug)]
pub struct WeightSpec {
    /// `"kernel"`, `"bias"`, `"gamma"`, ...
    pub name: &'static str,
    pub shape: Vec<usize>,
    /// The rule for its initial values.
    pub initializer: &'static dyn Initializer,
    /// True if the optimizer changes it; the moving statistics of a batch normalisation are not trained.
    pub trainable: bool,
    pub penalty: Penalty,
    pub max_norm: Option<MaxNorm>,
}

/// Factors of the penalties on a weight in the loss, as of Keras's `L1L2`; 0 for none.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Penalty {
    /// The factor of the sum of the sizes.
    pub l1: f32,
    /// The factor of the sum of the squares.
    pub l2: f32,
}

impl Penalty {
    pub const NONE: Self = Self { l1: 0.0, l2: 0.0 };
}

/// A limit of a weight's norms after each update, Keras's `MaxNorm`.
#[derive(Clone, PartialEq, Debug)]
pub struct MaxNorm {
    pub limit: f32,
    /// The axes of the numbers that make one norm.
    pub axes: Vec<usize>,
}

impl WeightSpec {
    /// Declares a weight that is trained and may have any size.
    pub fn new(name: &'static str, shape: Vec<usize>, initializer: &'static dyn Initializer) -> Self {
        Self { name, shape, initializer, trainable: true, penalty: Penalty::NONE, max_norm: None }
    }

    /// Declares that the optimizer leaves the weight alone.
    pub fn untrained(self) -> Self {
        Self { trainable: false, ..self }
    }

    /// Takes penalties and limit from the settings `l1`, `l2` and `maxNorm`. A norm is that of the weights which lead to one
    /// unit: `unit_axes` are the axes of the units.
    pub fn held_down(self, settings: &Settings, unit_axes: &[usize]) -> Self {
        let [l1, l2, limit] = ["l1", "l2", "maxNorm"].map(|name| settings.number(name) as f32);
        let axes = (0..self.shape.len()).filter(|axis| !unit_axes.contains(axis)).collect();
        let max_norm = settings.get("maxNorm").map(|_| MaxNorm { limit, axes });
        Self { penalty: Penalty { l1, l2 }, max_norm, ..self }
    }
}
