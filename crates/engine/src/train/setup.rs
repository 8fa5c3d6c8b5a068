//! What a session is set up with: model, configuration, initial weights.

use super::ahead::Preparation;
use super::look::Look;
use super::plans::{self, PlanKey};
use super::progress::{Position, Totals};
use super::{Session, sampler};
use crate::error::{Error, Result};
use crate::model::catalogue::{self, ResolvedLayer, WeightSpec};
use crate::model::spec::{ModelSpec, TrainingConfig};
use crate::model::{initializers, optimizers, training};
use crate::protocol::ModelSummary;
use crate::tensor::HostTensor;

impl Session {
    /// Replaces the model. Training stops; the new weights come from the seed.
    ///
    /// # Errors
    /// If the model is invalid, does not fit the data, or is too large. The old model then goes on as if nothing had
    /// happened.
    pub fn set_model(&mut self, spec: &ModelSpec) -> Result<ModelSummary> {
        let layers = self.check_model(spec, &self.config)?;
        self.layers = layers;
        self.spec = spec.clone();
        self.reset();
        Ok(self.summary())
    }

    /// As [`Session::set_model`], but each layer takes over the weights of the layer of the old model that `kept` names, if
    /// they are of the same kinds and shapes. The optimizer's state and the counters begin anew. As long as nobody has
    /// trained or written a weight, all of them come from the seed, so that what is built first and trained then replays.
    ///
    /// # Errors
    /// As [`Session::set_model`]; those of the backend.
    pub fn edit_model(&mut self, spec: &ModelSpec, kept: &[Option<u32>]) -> Result<ModelSummary> {
        let layers = self.check_model(spec, &self.config)?;
        self.settle();
        let kept = if self.untouched { Vec::new() } else { self.kept_weights(&layers, kept)? };
        self.layers = layers;
        self.spec = spec.clone();
        self.reset();
        self.untouched = kept.is_empty();
        for (name, values) in &kept {
            self.backend.write_state(name, values);
        }
        Ok(self.summary())
    }

    /// Weights of the model in use under the names that they have in the new one.
    fn kept_weights(&self, layers: &[ResolvedLayer], kept: &[Option<u32>]) -> Result<Vec<(String, HostTensor)>> {
        let mut weights = Vec::new();
        for (layer, source) in layers.iter().zip(kept) {
            let Some(old) = source.and_then(|at| self.layers.get(at as usize)) else { continue };
            let alike = |(a, b): (&WeightSpec, &WeightSpec)| {
                (a.name, &a.shape, a.initializer, a.trainable) == (b.name, &b.shape, b.initializer, b.trainable)
            };
            let is_same_type = old.layer_type.type_name() == layer.layer_type.type_name();
            if !is_same_type
                || old.weights.len() != layer.weights.len()
                || !old.weights.iter().zip(&layer.weights).all(alike)
            {
                continue;
            }
            for weight in &layer.weights {
                let values = self.backend.read_state(&format!("{}.{}", old.name, weight.name))?;
                if let Some(values) = HostTensor::f32(weight.shape.clone(), values) {
                    weights.push((format!("{}.{}", layer.name, weight.name), values));
                }
            }
        }
        Ok(weights)
    }

    /// Replaces the training configuration, also during training. Weights stay, unless the seed changes before anybody
    /// has trained or written them: they are then those of the new seed. The optimizer's state stays unless its
    /// type changes. If the order of the images changes (batch size, seed, shuffle, number of images), the running epoch
    /// begins again.
    ///
    /// # Errors
    /// If a value is out of range or does not fit the data. The old configuration then stays.
    pub fn set_training(&mut self, config: TrainingConfig) -> Result<()> {
        self.check_training(&config)?;
        let same_graph = config.loss == self.config.loss
            && config.optimizer.has_same_rule(&self.config.optimizer)
            && config.clip_norm == self.config.clip_norm
            && config.clip_value == self.config.clip_value;
        let same_plans = same_graph && config.batch_size == self.config.batch_size;
        if !same_plans {
            plans::compile(
                PlanKey::Training(config.batch_size as usize),
                &self.layers,
                &self.spec.input_shape,
                &config,
            )?;
        }
        self.settle();
        let order = |config: &TrainingConfig| {
            (config.batch_size, config.seed, config.shuffle, config.train_samples, config.validation_split.to_bits())
        };
        let old = std::mem::replace(&mut self.config, config);
        if order(&old) != order(&self.config) {
            self.sampler = sampler(&self.config);
            self.position.batch = 0;
            self.last_batch = None;
            self.forget_output_gradients();
            self.totals = Totals::default();
        }
        if !same_plans {
            self.unload_plans();
            self.restart_evaluations();
        }
        if !self.config.optimizer.keeps_state_of(&old.optimizer) {
            self.write_slots();
        }
        if old.seed != self.config.seed && self.untouched && !self.shows_pretrained {
            self.write_weights();
        }
        Ok(())
    }

    /// Whether a configuration is one, and fits the data.
    pub(super) fn check_training(&self, config: &TrainingConfig) -> Result<()> {
        training::check(config)?;
        let info = self.dataset.info();
        if config.dataset != info.name {
            return Err(Error::new("unknown-dataset", config.dataset.clone()).expected(format!("\"{}\"", info.name)));
        }
        training::check_images(config, info.train_total)
    }

    /// New weights from the seed; optimizer state and counters cleared; training stops.
    pub fn reset(&mut self) {
        self.stop();
        self.cancel();
        self.unload_plans();
        self.backend.clear();
        self.write_weights();
        self.write_slots();
        self.restart_evaluations();
        self.position = Position::default();
        self.totals = Totals::default();
    }

    /// Writes the weights that the seed gives.
    pub(super) fn write_weights(&mut self) {
        let weights = initializers::initial_weights(&self.layers, self.config.seed);
        let specs = self.layers.iter().flat_map(|layer| layer.weights.iter().map(move |weight| (layer, weight)));
        for ((layer, weight), values) in specs.zip(weights) {
            if let Some(values) = HostTensor::f32(weight.shape.clone(), values) {
                self.backend.write_state(&format!("{}.{}", layer.name, weight.name), &values);
            }
        }
        (self.untouched, self.shows_pretrained) = (true, false);
    }

    /// Gives the optimizer a fresh state.
    fn write_slots(&mut self) {
        for slot in self.config.optimizer.slots() {
            for (name, shape) in self.parameters() {
                let count = shape.iter().product();
                if let Some(values) = HostTensor::f32(shape, vec![slot.initial; count]) {
                    self.backend.write_state(&optimizers::slot_state(&slot, &name), &values);
                }
            }
        }
    }

    pub(super) fn check_model(&self, spec: &ModelSpec, config: &TrainingConfig) -> Result<Vec<ResolvedLayer>> {
        let layers = catalogue::resolve(spec)?;
        let info = self.dataset.info();
        // The catalogue has bounded the product.
        if spec.input_shape.iter().product::<usize>() != info.image_len() {
            return Err(Error::new("wrong-input", "inputShape")
                .expected(format!("{} numbers, as the images of {}", info.image_len(), info.name))
                .got(catalogue::shape_text(&spec.input_shape)));
        }
        catalogue::check_classifier(&layers, info.classes)?;
        let slots = config.optimizer.slots().len() as u64;
        let bytes = layers.iter().map(|layer| layer.params() as u64).sum::<u64>().saturating_mul(4 * (2 + slots));
        if bytes > plans::MAX_PLAN_BYTES as u64 {
            return Err(Error::new("too-large", "memory for weights and optimizer")
                .expected(format!("at most {} MiB", plans::MAX_PLAN_BYTES >> 20))
                .got(format!("{} MiB", bytes >> 20))
                .hint("Use smaller layers."));
        }
        plans::compile(PlanKey::Training(config.batch_size as usize), &layers, &spec.input_shape, config)?;
        Ok(layers)
    }

    fn unload_plans(&mut self) {
        self.preparation = Preparation::Wanted;
        self.output_gradients = None;
        self.plans.unload(self.backend.as_mut());
        (self.outputs, self.gradients) = (None, None);
        self.look = Look::default();
        if let Some(crew) = &mut self.crew {
            crew.outdate();
        }
    }
}
