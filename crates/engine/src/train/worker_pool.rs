//! Worker pool for data-parallel training: this thread computes the first shard of each batch itself, and takes those of the
//! [replicas](super::replicas) for the others: sums of gradients for a step, else one shard after the other.

use std::cell::RefCell;
use std::ops::Range;

use super::executor::{Executor, InFlight, OutputHolder, RunKind};
use super::feeder::{Batch, BatchFeeder};
use super::graphs;
use super::model::{LoadedModel, MIN_SHARD, mixes_examples};
use super::plans::{LoadedPlan, PlanKey};
use super::replicas::{Layout, NamedTensor, Replica, Replicas, Shard, ShardKind, copy_results, write_header};
use super::training_loop::StepResult;
use crate::backend::{RunStatus, Wake};
use crate::data::{Dataset, Part};
use crate::error::{Error, Result, SessionError};
use crate::simd::elementwise::{self, Operand};
use crate::tensor::HostTensor;

/// Replicas that compute shards of batches, with the state of the batch that is under way.
pub(super) struct WorkerPool {
    replicas: Box<dyn Replicas>,
    /// Layout of tasks and results; `None` until the replicas have been given the model.
    layout: Option<Layout>,
    task: Vec<f32>,
    result: Vec<f32>,
    /// The sum of the gradients of shards, or the results of all shards so far.
    sum: Vec<f32>,
    /// Targets of the shard that this thread computes.
    targets: Vec<f32>,
    /// The number of shards in `sum`.
    summed: usize,
    /// A replica has not answered yet, and there is nothing else to do.
    is_waiting: bool,
    current: StepInput,
    last: StepInput,
    probe: RefCell<Probe>,
    /// The fault that makes the pool useless.
    failure: Option<Error>,
}

/// Writes inputs and targets of a range of a batch.
type FillRange<'a> = dyn FnMut(Range<usize>, &mut [f32], &mut [f32]) -> Result<()> + 'a;

/// The state that a step started from.
#[derive(Default)]
struct StepInput {
    weights: Vec<f32>,
    indices: Vec<u32>,
    shards: usize,
    key: [i32; 2],
}

/// Computes the last step's outputs again when they are inspected: cheaper than to send for them with every step.
#[derive(Default)]
struct Probe {
    replica: Option<Replica>,
    /// Outputs of the last step; empty until they are asked for.
    outputs: Vec<NamedTensor>,
}

impl WorkerPool {
    pub fn new(replicas: Box<dyn Replicas>) -> Self {
        Self {
            replicas,
            layout: None,
            task: Vec::new(),
            result: Vec::new(),
            sum: Vec::new(),
            targets: Vec::new(),
            summed: 0,
            is_waiting: false,
            current: StepInput::default(),
            last: StepInput::default(),
            probe: RefCell::default(),
            failure: None,
        }
    }

    /// Returns the number of workers, this thread included.
    pub fn workers(&self) -> usize {
        1 + self.replicas.count()
    }

    /// Returns true if nothing can be done before a replica has answered.
    pub fn is_waiting(&self) -> bool {
        self.is_waiting
    }

    /// Gives up the batch that is under way.
    pub fn cancel(&mut self) {
        self.is_waiting = false;
        self.replicas.cancel();
    }

    /// Forgets the model, because it or its configuration has changed.
    pub fn forget_model(&mut self) {
        self.layout = None;
        *self.probe.get_mut() = Probe::default();
    }

    pub fn set_wake(&mut self, wake: Wake) {
        self.replicas.set_wake(wake);
    }

    /// Gives up the pool: the session retires it and goes on alone.
    pub fn fail(&mut self, error: Error) {
        self.failure = Some(error);
    }

    /// Returns the fault that makes the pool useless, once.
    pub fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    /// Returns the number of shards that a batch is cut into; `None` if this thread computes it alone.
    pub fn shards(&self, model: &LoadedModel, kind: RunKind, images: usize) -> Option<usize> {
        let shards = match kind {
            RunKind::Step => self.workers().min(model.most_shards(images)),
            RunKind::Evaluation => self.workers(),
            RunKind::CopyStates => 1,
        };
        (shards > 1 && images >= shards).then_some(shards)
    }

    /// Returns the warning for a configuration that cannot use all workers.
    pub fn shard_warning(&self, model: &LoadedModel) -> Option<Error> {
        let batch = model.config().batch_size as usize;
        let (workers, most) = (self.workers(), model.most_shards(batch));
        let (index, layer) = model.layers().iter().enumerate().find(|(_, layer)| mixes_examples(layer))?;
        (most < workers).then(|| {
            Error::from(SessionError::FewerWorkers { workers, images: MIN_SHARD, batch, most })
                .at_layer(index, &layer.name)
        })
    }

    /// Hands out the shards of the feeder's batch, and begins the first.
    ///
    /// # Errors
    /// Errors of planning and of the backend.
    pub fn begin_batch(
        &mut self,
        model: &LoadedModel,
        executor: &mut Executor,
        feeder: &mut BatchFeeder,
        (kind, shards): (RunKind, usize),
        key: [i32; 2],
    ) -> Result<()> {
        let BatchFeeder { dataset, batch: Batch { part, indices, targets }, .. } = feeder;
        let images = indices.len();
        if kind == RunKind::Step {
            (self.current.key, self.current.shards) = (key, shards);
            self.current.indices.clone_from(indices);
        }
        let width = model.target_words();
        targets.resize(images * width, 0.0);
        let mut fill = |range: Range<usize>, inputs: &mut [f32], own: &mut [f32]| {
            dataset.copy_inputs(*part, &indices[range.clone()], inputs)?;
            dataset.copy_targets(*part, &indices[range.clone()], own)?;
            targets[range.start * width..range.end * width].copy_from_slice(own);
            Ok(())
        };
        if let Some(loaded) = self.hand_out(model, executor, (kind.into(), images, shards), key, &mut fill)? {
            executor.in_flight.push_back(InFlight { loaded, images, kind, shards: Some(shards) });
        }
        Ok(())
    }

    /// Hands out all shards of a batch but the first, and writes that one into its plan. `None` if a replica cannot be
    /// reached; see [`WorkerPool::take_failure`].
    ///
    /// # Errors
    /// Errors of planning and of the backend.
    pub fn hand_out(
        &mut self,
        model: &LoadedModel,
        executor: &mut Executor,
        (kind, images, shards): (ShardKind, usize, usize),
        key: [i32; 2],
        fill: &mut FillRange<'_>,
    ) -> Result<Option<LoadedPlan>> {
        let first = Shard::ranges(images, shards).next().unwrap_or(0..images);
        let loaded = executor.plan(model, kind.plan(first.len()))?;
        if self.layout.is_none() {
            self.replicas.set_up(model.spec(), model.config(), model.schema());
        }
        let layout = self.layout.get_or_insert_with(|| Layout::new(model));
        self.sum.clear();
        self.summed = 0;
        self.is_waiting = false;
        layout.copy_weights(executor.backend.as_ref(), &mut self.current.weights)?;
        // The replicas first, so that they work meanwhile.
        for (index, range) in Shard::ranges(images, shards).enumerate().skip(1) {
            let shard = Shard { kind, batch: images, range: range.clone(), key: shard_key(key, index) };
            shard.write(layout, &self.current.weights, &mut self.task, &mut |inputs, targets| {
                fill(range.clone(), inputs, targets)
            })?;
            if let Err(error) = self.replicas.send(index - 1, &mut self.task) {
                self.failure = Some(error);
                return Ok(None);
            }
        }
        let mut result = Ok(());
        let targets = &mut self.targets;
        targets.resize(first.len() * model.target_words(), 0.0);
        let backend = executor.backend.as_mut();
        backend.write_input(loaded.handle, graphs::INPUT, &mut |words| {
            result = fill(first.clone(), words, targets);
        })?;
        result?;
        if kind != ShardKind::Prediction {
            let shard = Shard { kind, batch: images, range: first, key };
            write_header(backend, &loaded, &shard.header())?;
            if loaded.has_input(graphs::TARGET) {
                backend.write_input(loaded.handle, graphs::TARGET, &mut |words| words.copy_from_slice(targets))?;
            }
        }
        Ok(Some(loaded))
    }

    /// Computes the own shard, then takes those of the replicas in their order.
    ///
    /// # Errors
    /// Errors of the backend; if a replica gives no result.
    pub fn gather(
        &mut self,
        executor: &mut Executor,
        (kind, images, shards): (ShardKind, usize, usize),
        loaded: &LoadedPlan,
        has_time: &mut dyn FnMut() -> bool,
    ) -> Result<RunStatus> {
        let Some(layout) = &self.layout else { return Ok(RunStatus::Done) };
        let backend = executor.backend.as_mut();
        for (index, range) in Shard::ranges(images, shards).enumerate().skip(self.summed) {
            let images = range.len();
            self.result.resize(layout.result_words(kind, images), 0.0);
            if index == 0 {
                if backend.run(loaded.handle, has_time)? == RunStatus::Unfinished {
                    return Ok(RunStatus::Unfinished);
                }
                copy_results(backend, loaded, layout, (kind, images), &mut self.result)?;
            } else {
                self.is_waiting = !self.replicas.receive(index - 1, &mut self.result)?;
                if self.is_waiting {
                    return Ok(RunStatus::Unfinished);
                }
            }
            match kind {
                _ if index == 0 => std::mem::swap(&mut self.sum, &mut self.result),
                ShardKind::Gradient => {
                    elementwise::add(&mut self.sum, Operand::Target, Operand::Block(&self.result));
                }
                _ => self.sum.extend_from_slice(&self.result),
            }
            self.summed += 1;
        }
        Ok(RunStatus::Done)
    }

    /// Returns the results of all shards, one after the other.
    pub fn gathered(&self) -> &[f32] {
        &self.sum
    }

    /// Updates the weights from the sum of all shards.
    ///
    /// # Errors
    /// Errors of planning and of the backend.
    pub fn finish_step(&mut self, model: &LoadedModel, executor: &mut Executor, images: usize) -> Result<StepResult> {
        let update = executor.plan(model, PlanKey::Update)?;
        let layout = self.layout.get_or_insert_with(|| Layout::new(model));
        let (backend, sum) = (executor.backend.as_mut(), &self.sum);
        for (name, range) in layout.results().filter(|(name, _)| update.has_input(name)) {
            backend.write_input(update.handle, name, &mut |words| words.copy_from_slice(&sum[range.clone()]))?;
        }
        let (loss, correct, counts) = (sum[0], sum[1], sum[layout.counts()].to_vec());
        std::mem::swap(&mut self.current, &mut self.last);
        self.probe.get_mut().outputs.clear();
        while backend.run(update.handle, &mut || true)? == RunStatus::Unfinished {}
        let is_finite = executor.read_scalar(&update, graphs::IS_FINITE)? == 1.0;
        executor.retained.outputs = Some(OutputHolder::Workers);
        executor.retained.gradients = Some(update.handle);
        Ok(StepResult { images, loss, correct, counts, is_finite })
    }

    /// Returns a layer's output for the last batch, of which each worker had a shard.
    ///
    /// # Errors
    /// `unknown-tensor`; those of planning.
    pub fn output(&self, model: &LoadedModel, dataset: &Dataset, name: &str) -> Result<HostTensor> {
        let mut probe = self.probe.borrow_mut();
        let Probe { replica, outputs } = &mut *probe;
        if outputs.is_empty() {
            let replica = match replica {
                Some(replica) => replica,
                None => replica.insert(Replica::new(model.spec(), model.config(), model.schema())?),
            };
            let StepInput { weights, indices, shards, key } = &self.last;
            let mut shards = Shard::ranges(indices.len(), *shards).enumerate();
            *outputs = replica.outputs(&mut |layout, task| {
                let Some((index, range)) = shards.next() else { return Ok(false) };
                let shard = Shard {
                    kind: ShardKind::Gradient,
                    batch: indices.len(),
                    range: range.clone(),
                    key: shard_key(*key, index),
                };
                shard.write(layout, weights, task, &mut |inputs, targets| {
                    dataset.copy_inputs(Part::Train, &indices[range.clone()], inputs)?;
                    dataset.copy_targets(Part::Train, &indices[range.clone()], targets)
                })?;
                Ok(true)
            })?;
        }
        let found = outputs.iter().find(|(own, _)| own == name);
        found
            .map(|(_, tensor)| tensor.clone())
            .ok_or_else(|| SessionError::UnknownTensor { name: name.to_owned() }.into())
    }
}

/// Returns the key of a shard's random numbers: the first has the one that the whole batch would have.
pub(super) fn shard_key([seed, step]: [i32; 2], shard: usize) -> [i32; 2] {
    [seed.wrapping_add((shard as i32).wrapping_mul(0x3243_F6A9)), step]
}
