//! The plans of a session, compiled when they are first needed and kept for the next time.

use std::sync::Arc;

use super::evaluation;
use super::graphs::Program;
use super::model::LoadedModel;
use crate::backend::{Backend, PlanHandle};
use crate::error::{Error, Result, SessionError};
use crate::model::training;
use crate::plan::cache::Cache;
use crate::plan::{Plan, SlotKind};

/// The number of training plans that are kept: for a full and a last batch, or two shards, the update after them, and the copy of
/// the states. They are never dropped while the configuration stays, since they hold the tensors of the last step.
const TRAINING_CAPACITY: usize = 5;

/// The number of other plans that are kept: two batch sizes each of evaluation and validation, and some predictions.
const OTHER_CAPACITY: usize = 8;

/// The most memory that one plan may take. Above it a browser's tab would die instead of answering.
pub const MAX_PLAN_BYTES: usize = 1 << 30;

/// The most memory that all loaded plans may take together. With weights, optimizer state, their snapshots and the data set
/// beside them, a session stays below the 4 GiB that a WebAssembly program can address.
pub const MAX_LOADED_BYTES: usize = 3 << 29;

/// The purpose of a plan, and its exact batch size: a shorter last batch has a plan of its own, so that the statistics of
/// a batch normalisation are exact as well.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PlanKey {
    Training(usize),
    /// See [`LoadedModel::gradient_graph`].
    Gradient(usize),
    /// See [`LoadedModel::update_graph`].
    Update,
    Evaluation(usize),
    Prediction(usize),
    /// See [`LoadedModel::copy_states_graph`].
    CopyStates,
    /// See [`LoadedModel::record_graph`].
    Record(usize),
    /// See [`LoadedModel::follow_graph`].
    Follow(usize),
    /// See [`LoadedModel::follow_input_graph`], for one input.
    FollowInput,
    /// The outputs of all layers for so many inputs, apart from those of the last prediction.
    Inspection(usize),
    /// The same for one input, with [`LoadedModel::shares_graph`].
    Shares,
}

/// A plan that a backend has loaded.
#[derive(Clone, Debug)]
pub struct LoadedPlan {
    pub handle: PlanHandle,
    plan: Arc<Plan>,
}

impl LoadedPlan {
    /// Returns true if the plan has this input. An input that nothing depends on is dropped.
    pub fn has_input(&self, name: &str) -> bool {
        self.plan.slots.iter().any(|slot| matches!(&slot.kind, SlotKind::Input(own) if own == name))
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns true if the plan has this output.
    pub fn has_value(&self, name: &str) -> bool {
        self.plan.value(name).is_ok()
    }
}

/// The plans of one model and configuration.
pub struct Plans {
    training: Cache<PlanKey, LoadedPlan>,
    others: Cache<PlanKey, LoadedPlan>,
}

impl Default for Plans {
    fn default() -> Self {
        Self { training: Cache::new(TRAINING_CAPACITY), others: Cache::new(OTHER_CAPACITY) }
    }
}

impl Plans {
    /// Returns the plan for a key, compiled and loaded if it is not there yet, and the plans that had to make room for it.
    ///
    /// # Errors
    /// `too-large` if it would take too much memory, alone or beside the training plans; those of lowering and planning.
    pub fn get(
        &mut self,
        backend: &mut dyn Backend,
        key: PlanKey,
        model: &LoadedModel,
    ) -> Result<(LoadedPlan, Vec<PlanHandle>)> {
        let mut evicted = Vec::new();
        let is_training =
            matches!(key, PlanKey::Training(_) | PlanKey::Gradient(_) | PlanKey::Update | PlanKey::CopyStates);
        let cache = if is_training { &self.training } else { &self.others };
        let compiled = if cache.contains(&key) { None } else { Some(Arc::new(model.compile(key)?)) };
        if let Some(plan) = &compiled {
            self.make_room(backend, plan.size_bytes(), &mut evicted)?;
        }
        let make = || {
            let plan = compiled.map_or_else(|| model.compile(key).map(Arc::new), Ok)?;
            let handle = backend.load(plan.clone())?;
            Ok(LoadedPlan { handle, plan })
        };
        let cache = if is_training { &mut self.training } else { &mut self.others };
        let mut replaced = None;
        let loaded = cache.get_or_make(&key, make, |old| replaced = Some(old.handle))?.clone();
        if let Some(old) = replaced {
            backend.unload(old);
            evicted.push(old);
        }
        Ok((loaded, evicted))
    }

    /// Unloads plans that are not for training, the least recently used first, until another one fits.
    fn make_room(&mut self, backend: &mut dyn Backend, bytes: usize, evicted: &mut Vec<PlanHandle>) -> Result<()> {
        let size =
            |cache: &Cache<PlanKey, LoadedPlan>| cache.values().map(|loaded| loaded.plan.size_bytes()).sum::<usize>();
        while size(&self.training) + size(&self.others) + bytes > MAX_LOADED_BYTES {
            let Some(old) = self.others.evict_oldest() else {
                return Err(too_large((size(&self.training) + bytes) as u64, MAX_LOADED_BYTES));
            };
            backend.unload(old.handle);
            evicted.push(old.handle);
        }
        Ok(())
    }

    /// Unloads all plans.
    pub fn unload(&mut self, backend: &mut dyn Backend) {
        for loaded in self.training.drain().chain(self.others.drain()) {
            backend.unload(loaded.handle);
        }
    }

    /// Returns the number of plans that have been compiled so far.
    pub fn made(&self) -> u64 {
        self.training.made() + self.others.made()
    }
}

impl LoadedModel {
    /// Compiles the plan for a key.
    ///
    /// # Errors
    /// `too-large` if it would take too much memory; those of lowering and planning.
    pub fn compile(&self, key: PlanKey) -> Result<Plan> {
        self.check_size(key)?;
        let Program { graph, taps } = match key {
            PlanKey::Training(batch) => self.training_graph(batch),
            PlanKey::Gradient(shard) => self.gradient_graph(shard),
            PlanKey::Update => self.update_graph(),
            PlanKey::Evaluation(batch) => self.evaluation_graph(batch),
            PlanKey::Prediction(batch) => self.prediction_graph(batch),
            PlanKey::CopyStates => self.copy_states_graph(),
            PlanKey::Record(shard) => self.record_graph(shard),
            PlanKey::Follow(shard) => self.follow_graph(shard),
            PlanKey::FollowInput => self.follow_input_graph(1),
            PlanKey::Inspection(inputs) => self.prediction_graph(inputs),
            PlanKey::Shares => self.shares_graph(),
        }?;
        let plan = Plan::compile(&graph, &taps)?;
        if plan.size_bytes() > MAX_PLAN_BYTES {
            return Err(too_large(plan.size_bytes() as u64, MAX_PLAN_BYTES));
        }
        Ok(plan)
    }

    /// Checks in 64 bits, before any size is multiplied in `usize`, that the outputs of all layers fit.
    fn check_size(&self, key: PlanKey) -> Result<()> {
        let batch = match key {
            PlanKey::Training(batch) | PlanKey::Evaluation(batch) | PlanKey::Prediction(batch) => batch as u64,
            PlanKey::Gradient(images)
            | PlanKey::Record(images)
            | PlanKey::Follow(images)
            | PlanKey::Inspection(images) => images as u64,
            PlanKey::Shares | PlanKey::FollowInput => 1,
            PlanKey::Update | PlanKey::CopyStates => return Ok(()),
        };
        let activations = self.layers().iter().map(|layer| layer.held().saturating_mul(4).saturating_mul(batch));
        let bytes = match key {
            // Only the largest must be there at any time.
            PlanKey::Evaluation(_) => activations.max().unwrap_or(0),
            _ => activations.fold(0, u64::saturating_add),
        };
        if bytes > MAX_PLAN_BYTES as u64 { Err(too_large(bytes, MAX_PLAN_BYTES)) } else { Ok(()) }
    }

    /// Checks that the plans of a training epoch fit into memory together.
    ///
    /// # Errors
    /// `too-large`; those of lowering and planning.
    pub(super) fn check_training_size(&self) -> Result<()> {
        let (config, batch) = (self.config(), self.config().batch_size as usize);
        let bytes = self.compile(PlanKey::Training(batch))?.size_bytes() as u64;
        // The last batch of an epoch has a plan of its own.
        let trained = training::trained_samples(config, config.train_samples as usize);
        let last = if trained > batch { trained % batch } else { 0 };
        let bytes = bytes + bytes / batch.max(1) as u64 * last as u64;
        if bytes > MAX_LOADED_BYTES as u64 {
            return Err(too_large(bytes, MAX_LOADED_BYTES));
        }
        self.check_size(PlanKey::Evaluation(evaluation::BATCH))
    }
}

fn too_large(bytes: u64, limit: usize) -> Error {
    SessionError::BatchMemory { size_mib: bytes >> 20, limit_mib: (limit >> 20) as u64 }.into()
}
