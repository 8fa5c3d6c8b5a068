//! Validated draft for the cards: names, shapes and sizes up to the first layer at fault, and the fault.

use crate::ui::features::network::history::ModelDraft;
use chalkgrad_engine::error::Error;
use chalkgrad_engine::model::catalogue::{self, Source, WeightSpec};
use chalkgrad_engine::model::cost::memory_bytes;
use chalkgrad_engine::model::task::Task;

/// One layer that is in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckedLayer {
    pub name: String,
    pub inputs: Vec<Source>,
    /// Without the batch axis.
    pub output_shape: Vec<usize>,
    pub params: usize,
    /// In Keras's order.
    pub weights: Vec<CheckedWeight>,
    /// Shapes of the weights, in the same order.
    pub weight_shapes: Vec<Vec<usize>>,
    /// Operations for one example forward.
    pub flops: u64,
    /// Tensors that can be read besides output and weights.
    pub views: &'static [&'static str],
    /// Derivation of each extent of the output.
    pub rule: Vec<String>,
}

/// A weight of a layer that is in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CheckedWeight {
    pub name: &'static str,
    /// The optimizer changes it.
    pub trainable: bool,
}

impl From<&WeightSpec> for CheckedWeight {
    fn from(weight: &WeightSpec) -> Self {
        Self { name: weight.name, trainable: weight.trainable }
    }
}

impl CheckedLayer {
    /// Returns the bytes of weights and outputs at this batch size.
    pub fn memory_bytes(&self, batch: u32) -> u64 {
        memory_bytes(self.params, &self.output_shape, batch)
    }
}

/// The result of checking a draft. Layers behind the fault have no shapes, so they are missing in `layers`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ValidatedModel {
    pub layers: Vec<CheckedLayer>,
    pub error: Option<Error>,
}

impl ValidatedModel {
    /// Validates a draft for a task.
    pub fn new(draft: &ModelDraft, task: &Task) -> Self {
        let spec = draft.spec();
        let (resolved, error) = catalogue::resolve_prefix(&spec);
        // An input of another kind comes first: the layers that do not fit it are not at fault.
        let error = task.check_input(&spec).err().or(error).or_else(|| task.check(&spec, &resolved).err());
        let layers = resolved
            .iter()
            .map(|layer| CheckedLayer {
                name: layer.name.clone(),
                inputs: layer.inputs.clone(),
                output_shape: layer.output_shape.clone(),
                params: layer.params(),
                weights: layer.weights.iter().map(CheckedWeight::from).collect(),
                weight_shapes: layer.weights.iter().map(|weight| weight.shape.clone()).collect(),
                flops: layer.layer_type.flops(&layer.settings, &layer.input_shapes, &layer.output_shape),
                views: layer.layer_type.views(&layer.settings),
                rule: layer.layer_type.shape_rule(&layer.settings, &layer.input_shapes, &layer.output_shape),
            })
            .collect();
        Self { layers, error }
    }

    pub fn params(&self) -> usize {
        self.layers.iter().map(|layer| layer.params).sum()
    }

    /// Returns the fault of the layer at this index.
    pub fn error_at(&self, index: usize) -> Option<&Error> {
        self.error.as_ref().filter(|error| error.layer_index == Some(index))
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::ui::features::network::history::History;
    use chalkgrad_engine::data::DatasetInfo;
    use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec, TrainingConfig};

    /// Returns the task of the page as it opens.
    pub fn digits() -> Task {
        Task::new(&DatasetInfo::mnist().schema, &TrainingConfig::default())
    }

    #[test]
    fn layers_before_the_fault_keep_their_shapes() {
        let mut history = History::new(&ModelSpec::reference_cnn());
        assert_eq!(ValidatedModel::new(history.draft(), &digits()).params(), 93_322);
        history.insert(0, LayerSpec::new("Flatten"));
        let checked = ValidatedModel::new(history.draft(), &digits());
        assert_eq!(checked.layers.len(), 1);
        assert!(checked.error_at(0).is_none());
        assert!(checked.error_at(1).is_some());
    }

    #[test]
    fn a_model_without_ten_outputs_is_at_fault_in_its_last_layer() {
        let mut history = History::new(&ModelSpec::reference_cnn());
        let last = history.draft().layers[7].0;
        history.set(last, "units", Some(3.0.into()));
        let checked = ValidatedModel::new(history.draft(), &digits());
        assert_eq!(checked.layers.len(), 8);
        assert!(checked.error_at(7).is_some());
    }
}
