//! The plans of a session, made when they are first needed and kept for the next time.

use std::sync::Arc;

use super::graphs::{self, Program};
use crate::backend::{Backend, PlanHandle};
use crate::error::{Error, Result};
use crate::model::catalogue::ResolvedLayer;
use crate::model::spec::TrainingConfig;
use crate::plan::cache::Cache;
use crate::plan::{Plan, SlotKind};

/// How many training plans are kept: for a full and a last batch, or two slices, and what updates the weights after
/// them. They are never dropped while the configuration stays, since they hold the tensors of the last step.
const TRAINING_CAPACITY: usize = 4;

/// How many other plans are kept: two batch sizes each of evaluation and validation, and some predictions.
const OTHER_CAPACITY: usize = 8;

/// The most memory that one plan may take. Above it a browser's tab would die instead of answering.
pub const MAX_PLAN_BYTES: usize = 1 << 30;

/// What a plan is for, and its exact batch size: a shorter last batch has a plan of its own, so that the statistics of
/// a batch normalisation are exact as well.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PlanKey {
    Training(usize),
    /// See [`graphs::gradient`].
    Gradient(usize),
    /// See [`graphs::update`].
    Update,
    Evaluation(usize),
    Prediction(usize),
    /// See [`graphs::output_gradients`].
    OutputGradients(usize),
    /// The outputs of all layers for one image, apart from those of the last prediction.
    Look,
}

/// A plan that is loaded.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub handle: PlanHandle,
    plan: Arc<Plan>,
}

impl Loaded {
    /// Whether the plan has this input; one that nothing depends on is not there.
    pub fn has_input(&self, name: &str) -> bool {
        self.plan.slots.iter().any(|slot| matches!(&slot.kind, SlotKind::Input(own) if own == name))
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether this output exists.
    pub fn has_value(&self, name: &str) -> bool {
        self.plan.value(name).is_ok()
    }
}

/// The plans of one model and configuration.
pub struct Plans {
    training: Cache<PlanKey, Loaded>,
    others: Cache<PlanKey, Loaded>,
}

impl Default for Plans {
    fn default() -> Self {
        Self { training: Cache::new(TRAINING_CAPACITY), others: Cache::new(OTHER_CAPACITY) }
    }
}

impl Plans {
    /// The plan for a key, compiled and loaded where it is not there yet; and the plan that had to make room for it.
    ///
    /// # Errors
    /// `too-large` if it would take too much memory; those of lowering and planning.
    pub fn get(
        &mut self,
        backend: &mut dyn Backend,
        key: PlanKey,
        layers: &[ResolvedLayer],
        input_shape: &[usize],
        config: &TrainingConfig,
    ) -> Result<(Loaded, Option<PlanHandle>)> {
        let mut evicted = None;
        let make = || {
            let plan = Arc::new(compile(key, layers, input_shape, config)?);
            let handle = backend.load(plan.clone())?;
            Ok(Loaded { handle, plan })
        };
        let is_training = matches!(key, PlanKey::Training(_) | PlanKey::Gradient(_) | PlanKey::Update);
        let cache = if is_training { &mut self.training } else { &mut self.others };
        let loaded = cache.get_or_make(&key, make, |old| evicted = Some(old.handle))?.clone();
        if let Some(old) = evicted {
            backend.unload(old);
        }
        Ok((loaded, evicted))
    }

    /// Unloads all plans.
    pub fn unload(&mut self, backend: &mut dyn Backend) {
        for loaded in self.training.drain().chain(self.others.drain()) {
            backend.unload(loaded.handle);
        }
    }

    /// How many plans have been made so far.
    pub fn made(&self) -> u64 {
        self.training.made() + self.others.made()
    }
}

/// Makes the plan for a key.
///
/// # Errors
/// `too-large` if it would take too much memory; those of lowering and planning.
pub fn compile(key: PlanKey, layers: &[ResolvedLayer], input_shape: &[usize], config: &TrainingConfig) -> Result<Plan> {
    check_size(key, layers)?;
    let Program { graph, taps } = match key {
        PlanKey::Training(batch) => graphs::training(layers, input_shape, batch, config),
        PlanKey::Gradient(slice) => graphs::gradient(layers, input_shape, slice, config),
        PlanKey::Update => graphs::update(layers, config),
        PlanKey::Evaluation(batch) => graphs::evaluation(layers, input_shape, batch, config),
        PlanKey::Prediction(batch) => graphs::prediction(layers, input_shape, batch),
        PlanKey::OutputGradients(batch) => graphs::output_gradients(layers, input_shape, batch, config),
        PlanKey::Look => graphs::prediction(layers, input_shape, 1),
    }?;
    let plan = Plan::compile(&graph, &taps)?;
    if plan.size_bytes() > MAX_PLAN_BYTES {
        return Err(too_large(plan.size_bytes() as u64));
    }
    Ok(plan)
}

/// Checks in 64 bits, before any size is multiplied in `usize`, that the outputs of all layers fit.
fn check_size(key: PlanKey, layers: &[ResolvedLayer]) -> Result<()> {
    let batch = match key {
        PlanKey::Training(batch) | PlanKey::Evaluation(batch) | PlanKey::Prediction(batch) => batch as u64,
        PlanKey::Gradient(images) | PlanKey::OutputGradients(images) => images as u64,
        PlanKey::Look => 1,
        PlanKey::Update => return Ok(()),
    };
    let size = |shape: &[usize]| shape.iter().product::<usize>() as u64 * 4;
    let activations = layers.iter().map(|layer| size(&layer.output_shape).saturating_mul(batch));
    let bytes = match key {
        // Only the largest must be there at any time.
        PlanKey::Evaluation(_) => activations.max().unwrap_or(0),
        _ => activations.fold(0, u64::saturating_add),
    };
    if bytes > MAX_PLAN_BYTES as u64 { Err(too_large(bytes)) } else { Ok(()) }
}

fn too_large(bytes: u64) -> Error {
    Error::new("too-large", "memory for one batch")
        .expected(format!("at most {} MiB", MAX_PLAN_BYTES >> 20))
        .got(format!("{} MiB", bytes >> 20))
        .hint("Use smaller batches or smaller layers.")
}
