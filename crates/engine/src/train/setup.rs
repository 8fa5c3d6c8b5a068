//! Set-up of a session: model, configuration, initial weights.

use super::inspection::Inspection;
use super::model::{LoadedModel, layer_weights};
use super::progress::{EpochMetrics, Position};
use super::{Provenance, Session};
use crate::data::{Dataset, DatasetInfo, FieldType, Schema, Vocabulary};
use crate::error::{DataError, Error, Result, SettingError};
use crate::model::catalogue::WeightSpec;
use crate::model::spec::{ModelSpec, TrainingConfig};
use crate::model::task::effective_target;
use crate::model::{initializers, metrics, training};
use crate::protocol::ModelSummary;
use crate::tensor::HostTensor;

impl Session {
    /// Replaces the model. Training stops; the new weights come from the seed.
    ///
    /// # Errors
    /// If the model is invalid, does not fit the data, or is too large. Nothing is then changed.
    pub fn set_model(&mut self, spec: &ModelSpec) -> Result<ModelSummary> {
        self.model = self.checked_model(spec)?;
        self.mismatch = None;
        self.reset();
        Ok(self.summary())
    }

    /// Replaces the model as [`Session::set_model`] does, but each layer takes over the weights of the layer of the old
    /// model that `kept` names, if they are of the same kinds and shapes. The optimizer's state and the counters are reset.
    /// As long as no weight has been trained or written, all of them come from the seed, so that a model which is built
    /// first and trained then replays.
    ///
    /// # Errors
    /// As [`Session::set_model`]; those of the backend.
    pub fn edit_model(&mut self, spec: &ModelSpec, kept: &[Option<u32>]) -> Result<ModelSummary> {
        let model = self.checked_model(spec)?;
        self.settle();
        let is_trained = self.weights == Provenance::Trained;
        let kept = if is_trained { self.kept_weights(&model, kept)? } else { Vec::new() };
        self.model = model;
        self.mismatch = None;
        let vocabulary = self.feeder.dataset.vectorization().map(|own| own.vocabulary.clone());
        self.reset();
        if !kept.is_empty() {
            self.weights = Provenance::Trained;
            self.use_vocabulary(vocabulary);
            self.executor.write_states(&kept);
        }
        Ok(self.summary())
    }

    /// Returns weights of the model in use under the names that they have in the new one.
    fn kept_weights(&self, model: &LoadedModel, kept: &[Option<u32>]) -> Result<Vec<(String, HostTensor)>> {
        let mut weights = Vec::new();
        for (layer, source) in model.layers().iter().zip(kept) {
            let Some(old) = source.and_then(|at| self.model.layers().get(at as usize)) else { continue };
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
            for ((name, weight), (old_name, _)) in layer_weights(layer).zip(layer_weights(old)) {
                let values = self.executor.backend.read_state(&old_name)?;
                weights.extend(HostTensor::f32(weight.shape.clone(), values).map(|values| (name, values)));
            }
        }
        Ok(weights)
    }

    /// Replaces the training configuration, also during training. Weights stay, unless the seed changes before any weight
    /// has been trained or written: they are then those of the new seed. The optimizer's state stays unless its type
    /// changes. If the order of the examples changes (batch size, seed, shuffle, number of examples), the present epoch begins
    /// again.
    ///
    /// A model whose output does not fit another target stays, as with [`Session::set_dataset`].
    ///
    /// # Errors
    /// If a value is out of range or does not fit the data. Nothing is then changed.
    pub fn set_training(&mut self, config: TrainingConfig) -> Result<()> {
        self.check_training(&config)?;
        let info = self.dataset().info().clone().with_text(config.text);
        let config = TrainingConfig { text: info.text, ..config };
        let old = self.model.config();
        // A target or an input of another shape is for another model, which comes next.
        let same_task = config.target == old.target && config.text == old.text;
        let same_graph = config.loss == old.loss
            && same_task
            && config.metrics == old.metrics
            && config.optimizer.has_same_rule(&old.optimizer)
            && config.clip_norm == old.clip_norm
            && config.clip_value == old.clip_value;
        let same_plans = same_graph && config.batch_size == old.batch_size;
        let order = |config: &TrainingConfig| {
            let TrainingConfig { batch_size, seed, shuffle, train_samples, standardize, text, .. } = *config;
            (batch_size, seed, shuffle, train_samples, config.validation_split.to_bits(), standardize, text)
        };
        let same_order = order(&config) == order(old);
        let mut mismatch = self.mismatch.clone();
        if !same_plans || !same_order {
            let model = LoadedModel::new(self.model.spec(), &config, &info.schema)?;
            mismatch = fit(&model)?;
            if let (Some(error), None, true) = (&mismatch, &self.mismatch, same_task) {
                return Err(error.clone());
            }
        }
        self.settle();
        self.is_midway = false;
        self.mismatch = mismatch;
        self.take_config(config, same_plans, same_order);
        Ok(())
    }

    /// Replaces the data set together with the configuration that names it. Training stops; the weights stay. A model that
    /// does not fit the new data stays as well, until another one takes its place: training and evaluations report the
    /// mismatch.
    ///
    /// # Errors
    /// If a value is out of range or does not fit the data. Nothing is then changed.
    pub fn set_dataset(&mut self, dataset: Dataset, config: TrainingConfig) -> Result<()> {
        check_against(&config, &dataset)?;
        let info = dataset.info().clone().with_text(config.text);
        let config = TrainingConfig { text: info.text, ..config };
        let mismatch = fit(&LoadedModel::new(self.model.spec(), &config, &info.schema)?)?;
        self.settle();
        self.stop();
        self.is_midway = false;
        self.mismatch = mismatch;
        self.replace_dataset(dataset);
        self.take_config(config, false, false);
        Ok(())
    }

    /// Takes the description that came with the data set, before any example has arrived, and reserves memory for all of it.
    ///
    /// # Errors
    /// `bad-data` if examples have arrived already and the description is another one; if the configuration does not fit it.
    pub fn set_dataset_info(&mut self, info: DatasetInfo) -> Result<()> {
        let info = info.with_text(self.dataset().info().text);
        if *self.dataset().info() != info {
            if self.dataset().train_examples() + self.dataset().test_examples() > 0 {
                return Err(DataError::ForeignDescription { dataset: info.name }.into());
            }
            let mut config = self.model.config().clone();
            config.train_samples = config.train_samples.min(info.train_total as u32);
            self.set_dataset(Dataset::new(info), config)?;
        }
        self.feeder.dataset.reserve();
        Ok(())
    }

    /// Returns the reason why the model cannot be trained on the data set, if it cannot.
    pub fn mismatch(&self) -> Option<&Error> {
        self.mismatch.as_ref()
    }

    pub(super) fn replace_dataset(&mut self, dataset: Dataset) {
        self.feeder.dataset = dataset;
        self.executor.backend.forget_datasets();
        self.evaluations.clear();
        self.prediction = None;
    }

    fn take_config(&mut self, config: TrainingConfig, same_plans: bool, same_order: bool) {
        let has_other_inputs = !same_order && self.feeder.set_order(&config, self.weights == Provenance::Trained);
        let old = self.model.set_config(config, self.feeder.dataset.schema());
        let config = self.model.config();
        let same_seed = old.seed == config.seed;
        let keeps_slots = config.optimizer.keeps_state_of(&old.optimizer);
        if !same_order {
            if has_other_inputs {
                self.executor.backend.forget_datasets();
            }
            self.training.restart_epoch();
            self.executor.forget_record();
        }
        if !same_plans {
            self.unload_plans();
            self.restart_evaluations();
        }
        if !keeps_slots {
            self.executor.write_states(&self.model.initial_slots());
        }
        if !same_seed && self.weights == Provenance::Seeded {
            self.write_weights();
        }
    }

    /// Checks a configuration, by itself and against the data.
    pub(super) fn check_training(&self, config: &TrainingConfig) -> Result<()> {
        check_against(config, &self.feeder.dataset)
    }

    /// Draws new weights from the seed, clears the optimizer's state and the counters, and stops training. The vocabulary of texts
    /// is that of the present training part.
    pub fn reset(&mut self) {
        if self.feeder.set_order(self.model.config(), false) {
            self.executor.backend.forget_datasets();
        }
        self.stop();
        self.cancel();
        self.is_midway = false;
        self.unload_plans();
        self.executor.backend.clear();
        self.write_weights();
        self.executor.write_states(&self.model.initial_slots());
        self.restart_evaluations();
        self.training.go_to(Position::default(), EpochMetrics::default());
    }

    /// Gives texts the vocabulary that the weights belong to.
    pub(super) fn use_vocabulary(&mut self, vocabulary: Option<Vocabulary>) {
        if vocabulary.is_some_and(|vocabulary| self.feeder.dataset.set_vocabulary(vocabulary)) {
            self.executor.backend.forget_datasets();
        }
    }

    /// Writes the weights that the seed gives.
    pub(super) fn write_weights(&mut self) {
        let values = initializers::initial_weights(self.model.layers(), self.model.config().seed);
        for ((name, weight), values) in self.model.weights().zip(values) {
            if let Some(values) = HostTensor::f32(weight.shape.clone(), values) {
                self.executor.backend.write_state(&name, &values);
            }
        }
        self.weights = Provenance::Seeded;
    }

    /// Loads a model for the data and the configuration in use.
    ///
    /// # Errors
    /// If it is invalid, or does not fit the data or the memory.
    fn checked_model(&self, spec: &ModelSpec) -> Result<LoadedModel> {
        let model = LoadedModel::new(spec, self.model.config(), self.schema())?;
        model.check()?;
        Ok(model)
    }

    fn schema(&self) -> &Schema {
        self.feeder.dataset.schema()
    }

    fn unload_plans(&mut self) {
        self.executor.unload_plans();
        self.inspection = Inspection::default();
        self.followed_input = None;
        self.check = None;
        if let Some(pool) = &mut self.pool {
            pool.forget_model();
        }
    }
}

/// Checks a configuration, by itself and against a data set.
///
/// # Errors
/// If a value is out of range, the data set is another one or has fewer examples, or the loss does not fit its target.
pub fn check_against(config: &TrainingConfig, dataset: &Dataset) -> Result<()> {
    training::check(config)?;
    let info = dataset.info();
    if config.dataset != info.name {
        let known = std::iter::once(&info.name).collect();
        return Err(SettingError::UnknownDataset { dataset: config.dataset.clone(), known }.into());
    }
    training::check_examples(config, info.train_total)?;
    training::check_text(config, info.text)?;
    let target = effective_target(&info.schema, config);
    config.loss.check_target(&target)?;
    metrics::chosen(config.metrics.as_deref(), &target)?;
    if config.standardize && (info.schema.input.dtype != FieldType::F32 || info.schema.input.shape.len() != 1) {
        return Err(SettingError::NothingToStandardize { dataset: info.name.clone() }.into());
    }
    Ok(())
}

/// Checks a model against its data, its loss and the memory. Returns the error of a model for data of another kind, which can
/// still be looked at.
///
/// # Errors
/// If the loss does not fit, or the memory does not suffice.
pub(super) fn fit(model: &LoadedModel) -> Result<Option<Error>> {
    const OTHER_DATA: [&str; 6] =
        ["wrong-input", "wrong-output", "missing-flatten", "no-tokens", "tokens", "vocabulary"];
    match model.check_task() {
        Ok(()) => model.check().map(|()| None),
        Err(error) if OTHER_DATA.contains(&error.code) => Ok(Some(error)),
        Err(error) => Err(error),
    }
}
