//! A model that has been checked, and the configuration that it trains with.

use std::ops::Not;

use super::graphs::{CONFIDENCE, PREDICTED};
use super::plans;
use crate::data::{FieldType, Schema, Target, Values};
use crate::error::{Result, SessionError};
use crate::model::catalogue::{self, ResolvedLayer, WeightSpec};
use crate::model::metrics::{self, ACCURACY, Basis, Metric};
use crate::model::spec::{ModelSpec, TrainingConfig};
use crate::model::task::Task;
use crate::protocol::{LayerSummary, ModelSummary, SnapshotInfo};
use crate::tensor::HostTensor;

/// The smallest shard of a batch, in examples, if a layer takes statistics of the batch.
pub const MIN_SHARD: usize = 8;

/// See the [module](self).
pub struct LoadedModel {
    spec: ModelSpec,
    layers: Vec<ResolvedLayer>,
    config: TrainingConfig,
    task: Task,
    metrics: Vec<&'static dyn Metric>,
    has_logits: bool,
}

impl LoadedModel {
    /// Checks a model. The configuration and the data set's schema are taken as they are.
    ///
    /// # Errors
    /// If the model is invalid, or a metric tells nothing about the target.
    pub fn new(spec: &ModelSpec, config: &TrainingConfig, schema: &Schema) -> Result<Self> {
        let (layers, task) = (catalogue::resolve(spec)?, Task::new(schema, config));
        let metrics = metrics::chosen(config.metrics.as_deref(), &task.schema.target)?;
        let mut model = Self { layers, spec: spec.clone(), config: config.clone(), task, metrics, has_logits: false };
        // A model that cannot be lowered is refused by the checks.
        model.has_logits = model.ends_with_logits().unwrap_or(false);
        Ok(model)
    }

    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    pub fn layers(&self) -> &[ResolvedLayer] {
        &self.layers
    }

    pub fn config(&self) -> &TrainingConfig {
        &self.config
    }

    /// Returns the kind of the data that the model is trained on.
    pub fn schema(&self) -> &Schema {
        &self.task.schema
    }

    /// Returns the metrics that are measured beside the loss.
    pub fn metrics(&self) -> &[&'static dyn Metric] {
        &self.metrics
    }

    /// Iterates over the metrics that have sums of their own, with the number of these.
    pub fn own_sums(&self) -> impl Iterator<Item = (&'static dyn Metric, usize)> {
        self.metrics.iter().filter_map(|metric| match metric.basis() {
            Basis::Sums(count) => Some((*metric, count)),
            Basis::Confusion => None,
        })
    }

    /// Returns true if a training step counts the confusion matrix: the accuracy alone needs the right answers only.
    pub fn counts_confusion(&self) -> bool {
        self.metrics.iter().any(|metric| metric.basis() == Basis::Confusion && metric.name() != ACCURACY)
    }

    /// Returns the number of words of all counts for metrics that a training step puts out besides the right answers.
    pub fn count_words(&self) -> usize {
        let confusion = if self.counts_confusion() { self.classes() * (self.answers() + 1) } else { 0 };
        confusion + self.own_sums().map(|(_, count)| count).sum::<usize>()
    }

    /// Returns the number of words of the sums that an evaluation puts out.
    pub fn sum_words(&self) -> usize {
        self.own_sums().map(|(_, count)| count).sum()
    }

    /// Returns the number of classes; 0 if the target is no class.
    pub fn classes(&self) -> usize {
        self.schema().target.class_names().len()
    }

    /// Returns the number of classes that the model can name; 0 if the target is no class. One output tells two apart.
    pub fn answers(&self) -> usize {
        match (self.classes(), self.outputs()) {
            (0, _) => 0,
            (_, 1) => 2,
            (_, outputs) => outputs,
        }
    }

    /// Returns the names of the outputs of an evaluation that answer each example: predicted class and its score, or the values.
    pub fn answer_names(&self) -> Vec<String> {
        match self.schema().target {
            Target::Class { .. } => vec![PREDICTED.to_owned(), CONFIDENCE.to_owned()],
            Target::Values { .. } => vec![self.output_name()],
            Target::Input => Vec::new(),
        }
    }

    /// Replaces the configuration and the schema of its data set, and returns the old configuration. They have been checked.
    pub(super) fn set_config(&mut self, config: TrainingConfig, schema: &Schema) -> TrainingConfig {
        self.task = Task::new(schema, &config);
        self.metrics = metrics::chosen(config.metrics.as_deref(), &self.task.schema.target).unwrap_or_default();
        std::mem::replace(&mut self.config, config)
    }

    /// Returns the number of words that the target of an example takes.
    pub fn target_words(&self) -> usize {
        self.schema().target.words()
    }

    /// Checks that the model fits its data set and its loss.
    ///
    /// # Errors
    /// As [`Task::check`].
    pub(super) fn check_task(&self) -> Result<()> {
        self.task.check(&self.spec, &self.layers)
    }

    /// Checks that the model fits its data set and its loss, and that its memory is bounded.
    ///
    /// # Errors
    /// `wrong-input`, `wrong-output`, `bad-setting`, `too-large`.
    pub(super) fn check(&self) -> Result<()> {
        self.check_task()?;
        let slots = self.config.optimizer.slots().len() as u64;
        let params = self.layers.iter().map(|layer| layer.params() as u64).sum::<u64>();
        let bytes = params.saturating_mul(4 * (2 + slots));
        if bytes > plans::MAX_PLAN_BYTES as u64 {
            let limit_mib = (plans::MAX_PLAN_BYTES >> 20) as u64;
            return Err(SessionError::WeightsMemory { size_mib: bytes >> 20, limit_mib }.into());
        }
        self.check_training_size()
    }

    /// Returns the largest number of shards that a training batch may be cut into. A layer that takes statistics of the batch
    /// learns nothing from shards of a few examples.
    pub fn most_shards(&self, batch: usize) -> usize {
        let mixes_examples = self.layers.iter().any(mixes_examples);
        if mixes_examples { (batch / MIN_SHARD).max(1) } else { usize::MAX }
    }

    /// Returns the number of values of one input.
    pub fn input_len(&self) -> usize {
        self.spec.input_shape.iter().product()
    }

    /// Checks that an input's values are of the data set's type, and that its tokens are in the vocabulary.
    ///
    /// # Errors
    /// `wrong-type`, `unknown-token`.
    pub(super) fn check_values(&self, values: Values<'_>) -> Result<()> {
        let dataset = || self.config.dataset.clone();
        match (self.schema().input.dtype, values) {
            (FieldType::Tokens { vocabulary }, Values::I32(ids)) => {
                match ids.iter().find(|id| u32::try_from(**id).is_ok_and(|id| id < vocabulary).not()) {
                    None => Ok(()),
                    Some(&id) => Err(SessionError::UnknownToken { id, max: vocabulary.saturating_sub(1) }.into()),
                }
            }
            (FieldType::Tokens { .. }, _) => Err(SessionError::NoTokenIds { dataset: dataset() }.into()),
            (FieldType::U8 { .. } | FieldType::F32, Values::I32(_)) => {
                Err(SessionError::TokenIds { dataset: dataset() }.into())
            }
            (FieldType::U8 { .. } | FieldType::F32, Values::U8(_) | Values::F32(_)) => Ok(()),
        }
    }

    /// Returns the number of outputs for one input.
    pub fn outputs(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.output_shape.iter().product())
    }

    /// Returns the name of the tensor that the model puts out.
    pub fn output_name(&self) -> String {
        self.layers.last().map_or_else(String::new, output_name)
    }

    /// Returns true if the model ends with a softmax or a sigmoid.
    pub fn has_logits(&self) -> bool {
        self.has_logits
    }

    pub fn layer(&self, name: &str) -> Option<&ResolvedLayer> {
        self.layers.iter().find(|layer| layer.name == name)
    }

    /// Returns the layer whose output or [view](crate::model::layers::Layer::views) has this name.
    pub fn layer_of_output(&self, name: &str) -> Option<&ResolvedLayer> {
        let (layer, tensor) = name.split_once('.')?;
        let layer = self.layer(layer)?;
        let is_view = || layer.layer_type.views(&layer.settings).contains(&tensor);
        (tensor == "output" || is_view()).then_some(layer)
    }

    /// Returns the names of the outputs of all layers and of what they show besides.
    pub fn output_names(&self) -> Vec<String> {
        self.layers.iter().flat_map(|layer| [output_name(layer)].into_iter().chain(view_names(layer))).collect()
    }

    /// Returns all weights with their names, `conv2d.kernel`, layer by layer in Keras's order.
    pub fn weights(&self) -> impl Iterator<Item = (String, &WeightSpec)> {
        self.layers.iter().flat_map(layer_weights)
    }

    /// Returns the weights that are trained, with their names.
    pub fn parameters(&self) -> impl Iterator<Item = (String, &WeightSpec)> {
        self.weights().filter(|(_, weight)| weight.trainable)
    }

    /// Returns names and shapes of all states: weights, then the optimizer's.
    pub fn states(&self) -> Vec<(String, Vec<usize>)> {
        let mut states: Vec<_> = self.weights().map(|(name, weight)| (name, weight.shape.clone())).collect();
        let optimizer = &self.config.optimizer;
        for slot in optimizer.slots() {
            let parameters = self.parameters();
            states.extend(parameters.map(|(name, weight)| (optimizer.slot_state(&slot, &name), weight.shape.clone())));
        }
        states
    }

    /// Returns the contents of a snapshot with the names of arrays as they are today. Earlier versions wrote `momentum conv2d.kernel` for
    /// `adam.m conv2d.kernel`.
    pub(super) fn present_info(&self, info: &SnapshotInfo) -> SnapshotInfo {
        let optimizer = &self.config.optimizer;
        let present = |name: &String| {
            let (slot, parameter) = name.split_once(' ')?;
            let slot = optimizer.slots().into_iter().find(|own| own.earlier_name == slot)?;
            Some(optimizer.slot_state(&slot, parameter))
        };
        let names = info.names.iter().map(|name| present(name).unwrap_or_else(|| name.clone())).collect();
        SnapshotInfo { names, ..info.clone() }
    }

    /// Returns the shape of a state.
    pub fn state_shape(&self, name: &str) -> Option<Vec<usize>> {
        self.states().into_iter().find(|(own, _)| own == name).map(|(_, shape)| shape)
    }

    /// Returns the states of a freshly initialised optimizer.
    pub(super) fn initial_slots(&self) -> Vec<(String, HostTensor)> {
        let mut states = Vec::new();
        let optimizer = &self.config.optimizer;
        for slot in optimizer.slots() {
            for (name, weight) in self.parameters() {
                let values = vec![slot.initial; weight.shape.iter().product()];
                let values = HostTensor::f32(weight.shape.clone(), values);
                states.extend(values.map(|values| (optimizer.slot_state(&slot, &name), values)));
            }
        }
        states
    }

    pub fn summary(&self) -> ModelSummary {
        let layers: Vec<LayerSummary> = self
            .layers
            .iter()
            .map(|layer| LayerSummary {
                name: layer.name.clone(),
                type_name: layer.layer_type.type_name().to_owned(),
                inputs: layer.inputs.iter().map(|source| source.name(&self.layers)).collect(),
                output_shape: layer.output_shape.clone(),
                params: layer.params(),
            })
            .collect();
        ModelSummary { params: layers.iter().map(|layer| layer.params).sum(), layers }
    }
}

/// Returns true if a layer takes statistics of the batch: those layers keep moving averages of them, which are not trained.
pub(super) fn mixes_examples(layer: &ResolvedLayer) -> bool {
    layer.weights.iter().any(|weight| !weight.trainable)
}

/// Returns the weights of a layer with their names, `conv2d.kernel`.
pub fn layer_weights(layer: &ResolvedLayer) -> impl Iterator<Item = (String, &WeightSpec)> {
    layer.weights.iter().map(|weight| (format!("{}.{}", layer.name, weight.name), weight))
}

/// Returns the names of what a layer shows besides its output.
fn view_names(layer: &ResolvedLayer) -> impl Iterator<Item = String> {
    layer.layer_type.views(&layer.settings).iter().map(|view| format!("{}.{view}", layer.name))
}

/// Returns the name of a layer's output.
pub fn output_name(layer: &ResolvedLayer) -> String {
    format!("{}.output", layer.name)
}
