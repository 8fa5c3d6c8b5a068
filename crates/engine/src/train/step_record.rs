//! The last step as one snapshot: its batch, losses, outputs and gradients, all with the weights before the update, and the
//! states before and after it.
//!
//! No step keeps all of that, because it would cost memory and time for tensors that are rarely looked at. A *recorded* step
//! copies the states before it ([`LoadedModel::copy_states_graph`]). The rest is computed on request from these copies
//! ([`LoadedModel::record_graph`]), shard by shard as the workers did it.

use std::ops::Range;

use super::Session;
use super::executor::{Executor, RunKind};
use super::follow::Followed;
use super::graphs::{NEXT, gradient_name, next_name};
use super::model::LoadedModel;
use super::plans::{LoadedPlan, PlanKey};
use super::progress::Position;
use super::record_graphs::{BATCH_INPUT, BEFORE};
use super::replicas::{NamedTensor, Shard, concatenate};
use super::shard_task::ShardTask;
use crate::backend::{PlanHandle, RunStatus, TensorRef};
use crate::data::{Dataset, FieldType, Part, Target};
use crate::error::{BackendError, Result, SessionError};
use crate::protocol::StepInfo;
use crate::simd::elementwise::{self, Operand};
use crate::tensor::{HostTensor, TensorType};

/// The target of a batch among the tensors of a step, classes `[N]` or numbers `[N,columns]`.
pub(super) const BATCH_TARGET: &str = "batch.target";
/// The indices of a batch's examples in the training part, `[N]`.
pub(super) const BATCH_INDICES: &str = "batch.indices";
const BATCH: [&str; 3] = [BATCH_INPUT, BATCH_TARGET, BATCH_INDICES];

/// The record of a step.
pub(super) struct StepRecord {
    at: Position,
    /// The batch: indices of examples in the training part.
    indices: Vec<u32>,
    /// The number of shards into which the batch was cut.
    shards: usize,
    /// Shards that are computed.
    done: usize,
    /// The plan of the present shard, which holds the tensors if there is only one.
    plan: Option<LoadedPlan>,
    /// The tensors of the shards that are done, if there are several.
    merged: Vec<NamedTensor>,
    /// The parts of those that are summed over the shards, shard by shard.
    parts: Vec<Vec<NamedTensor>>,
}

impl StepRecord {
    fn new(at: Position, indices: &[u32], shards: usize) -> Self {
        Self { at, indices: indices.to_vec(), shards, done: 0, plan: None, merged: Vec::new(), parts: Vec::new() }
    }

    fn is_computed(&self) -> bool {
        self.done == self.shards
    }

    /// Returns the plan that holds tensors of the record.
    pub fn handle(&self) -> Option<PlanHandle> {
        self.plan.as_ref().map(|loaded| loaded.handle)
    }

    /// Forgets the tensors, because the plan that holds them is gone. They can be computed again.
    pub fn forget_tensors(&mut self) {
        (self.done, self.plan) = (0, None);
        self.merged.clear();
        self.parts.clear();
    }

    pub fn shards(&self) -> usize {
        self.shards
    }

    /// Returns the positions in the batch of a shard's examples.
    pub fn range(&self, shard: usize) -> Range<usize> {
        let examples = self.indices.len();
        Shard::ranges(examples, self.shards).nth(shard).unwrap_or(0..examples)
    }

    /// Returns the parts of a tensor that is summed over the shards, each with the number of its shard.
    pub fn parts(&self, name: &str) -> impl Iterator<Item = (usize, &HostTensor)> {
        let part = move |parts: &'_ Vec<NamedTensor>| parts.iter().position(|(own, _)| own == name);
        self.parts.iter().enumerate().filter_map(move |(shard, parts)| Some((shard, &parts[part(parts)?].1)))
    }

    /// Returns the factor of a shard's part in the sum over the shards: its share of the batch for a new value, which is a mean.
    pub fn coefficient(&self, name: &str, shard: usize) -> f32 {
        let is_mean = name.starts_with(NEXT);
        if is_mean { self.range(shard).len() as f32 / self.indices.len().max(1) as f32 } else { 1.0 }
    }

    /// Computes the tensors until `has_time` says no; true once all are there.
    fn compute(
        &mut self,
        model: &LoadedModel,
        executor: &mut Executor,
        dataset: &Dataset,
        has_time: &mut dyn FnMut() -> bool,
    ) -> Result<bool> {
        while !self.is_computed() {
            let loaded = match &self.plan {
                Some(loaded) => loaded.clone(),
                None => {
                    let loaded = self.task(self.done).begin(PlanKey::Record, model, executor, dataset)?;
                    self.plan.insert(loaded).clone()
                }
            };
            if executor.backend.run(loaded.handle, has_time)? == RunStatus::Unfinished {
                return Ok(false);
            }
            self.done += 1;
            if self.shards > 1 {
                self.merge(model, executor, &loaded)?;
                self.plan = None;
            }
        }
        Ok(true)
    }

    /// Returns the task of a shard.
    pub fn task(&self, shard: usize) -> ShardTask {
        ShardTask::new(self.at, shard, self.range(shard), &self.indices)
    }

    /// Adds the tensors of a shard to those of the shards before it.
    fn merge(&mut self, model: &LoadedModel, executor: &Executor, loaded: &LoadedPlan) -> Result<()> {
        let is_first = self.merged.is_empty();
        let mut parts = Vec::new();
        for (index, name) in model.record_names().into_iter().enumerate() {
            let mut part = executor.backend.read(loaded.handle, &name)?;
            if model.is_summed_over_shards(&name) {
                parts.push((name.clone(), part.clone()));
                let coefficient = self.coefficient(&name, self.done - 1);
                part.words_mut().iter_mut().for_each(|word| *word *= coefficient);
            }
            let Some((_, merged)) = (!is_first).then(|| self.merged.get_mut(index)).flatten() else {
                self.merged.push((name, part));
                continue;
            };
            if model.is_summed_over_shards(&name) {
                elementwise::add(merged.words_mut(), Operand::Target, Operand::Block(part.words()));
            } else {
                *merged = concatenate(&name, &[std::mem::replace(merged, HostTensor::scalar(0.0)), part])?;
            }
        }
        self.parts.push(parts);
        Ok(())
    }
}

/// The place of a tensor of the last step.
pub(super) enum RecordTensor {
    /// A tensor of the batch, which the data set gives.
    Batch,
    /// A state before the step, under the name that it has on the backend.
    Before,
    Plan(PlanHandle),
    /// Put together from shards.
    Merged(HostTensor),
}

impl LoadedModel {
    /// Returns the names of the tensors that a record computes.
    pub(super) fn record_names(&self) -> Vec<String> {
        let outputs = self.output_names();
        let gradients = outputs.iter().map(|name| gradient_name(name));
        let parameters = self.parameters().map(|(name, _)| gradient_name(&name));
        let next = self.weights().filter(|(_, weight)| !weight.trainable).map(|(name, _)| next_name(&name));
        let names: Vec<String> = gradients.chain(parameters).chain(self.step_names()).chain(next).collect();
        outputs.into_iter().chain(names).collect()
    }

    /// Returns true if this is the name of a sum over the shards of a batch: the gradient of a parameter, or the new value of a
    /// weight that is not trained.
    pub(super) fn is_summed_over_shards(&self, name: &str) -> bool {
        let of = |prefix: &str, is_trained: bool| {
            name.strip_prefix(prefix)
                .is_some_and(|name| self.weights().any(|(own, weight)| own == name && weight.trainable == is_trained))
        };
        of("grad ", true) || of(NEXT, false)
    }
}

impl Session {
    /// Records the next step.
    pub fn want_record(&mut self) {
        self.training.wants_record = true;
    }

    /// Records every step from now on, or only those that are asked for and the last ones.
    pub fn record_all(&mut self, is_wanted: bool) {
        self.training.records_all = is_wanted;
    }

    /// Returns true if the last step is recorded once the session has settled: the one under way if there is one, or the one before
    /// if workers share it, because it is then given up.
    pub fn settles_at_record(&self) -> bool {
        let mut under_way = self.executor.in_flight.iter().filter(|run| run.kind == RunKind::Step).peekable();
        match under_way.peek() {
            Some(run) if run.shards.is_none() => self.training.is_latest_recorded(),
            _ => self.has_record(),
        }
    }

    /// Records the next step, unless the latest one under way is recorded, and begins none ahead of its end: a reader waits for it.
    pub fn hold_at_record(&mut self) {
        self.training.wants_record |= !self.training.is_latest_recorded();
        self.training.is_held = true;
    }

    /// Returns true if a step that is recorded is under way.
    pub fn is_recording(&self) -> bool {
        self.training.recording.is_some()
    }

    /// Returns true if the last step has been recorded, so that its tensors can be read or computed.
    pub fn has_record(&self) -> bool {
        self.record().is_some()
    }

    /// Returns true if all tensors of the last step can be read at once.
    pub fn is_record_computed(&self) -> bool {
        self.record().is_some_and(StepRecord::is_computed)
    }

    fn record(&self) -> Option<&StepRecord> {
        let last = self.training.last_batch()?;
        // A device that works by itself changes the states while later steps are under way.
        if self.is_asynchronous() && self.executor.steps_ahead() > 0 {
            return None;
        }
        self.executor.retained.record.as_ref().filter(|record| record.at == last)
    }

    /// Describes the last step, if it has been recorded.
    pub fn step_info(&self) -> Option<StepInfo> {
        let StepRecord { at, indices, shards, .. } = self.record()?;
        let [learning_rate, bias_correction] = self.training.last_rates();
        Some(StepInfo {
            step: at.step + 1,
            epoch: at.epoch,
            batch_in_epoch: at.batch + 1,
            indices: indices.clone(),
            shards: *shards as u32,
            learning_rate,
            bias_correction,
        })
    }

    /// Returns how many numbers of a tensor each example of the last step's batch has; `None` for other tensors.
    pub(super) fn numbers_per_example(&self, name: &str) -> Option<usize> {
        match name {
            BATCH_INPUT => return Some(self.model.input_len()),
            BATCH_TARGET => return Some(self.model.schema().target.words().max(1)),
            _ => {}
        }
        let record = self.record()?;
        let length = match &record.plan {
            Some(loaded) => loaded.plan().value(name).ok()?.tensor_type.shape.len(),
            None => record.merged.iter().find(|(own, _)| own == name)?.1.words().len(),
        };
        let examples = record.indices.len();
        (length > 0 && length.is_multiple_of(examples)).then(|| length / examples)
    }

    /// Returns the names of all tensors of the last step that no other name of a tensor stands for.
    pub(super) fn record_only_names(&self) -> Vec<String> {
        if !self.has_record() {
            return Vec::new();
        }
        let states = self.model.states().into_iter().map(|(name, _)| format!("{BEFORE}{name}"));
        let gradients = self.model.output_names().into_iter().map(|name| gradient_name(&name));
        let batch = BATCH.into_iter().map(str::to_owned);
        gradients.chain(self.model.step_names()).chain(batch).chain(states).collect()
    }

    /// Returns true if this is the name of the gradient of a layer's output.
    pub fn is_output_gradient(&self, name: &str) -> bool {
        name.strip_prefix("grad ").is_some_and(|name| self.model.layer_of_output(name).is_some())
    }

    /// Returns true if a tensor of this name belongs to the record of the last step alone.
    pub fn needs_record(&self, name: &str) -> bool {
        BATCH.contains(&name)
            || name.strip_prefix(BEFORE).is_some_and(|name| self.model.state_shape(name).is_some())
            || self.model.step_names().iter().any(|own| own == name)
            || self.is_output_gradient(name)
    }

    /// Finds a tensor of the last step. `None` if the step has not been recorded, or the tensor is not computed yet.
    pub(super) fn record_tensor(&self, name: &str) -> Option<RecordTensor> {
        let record = self.record()?;
        if BATCH.contains(&name) {
            return Some(RecordTensor::Batch);
        }
        if name.starts_with(BEFORE) {
            return Some(RecordTensor::Before);
        }
        if !record.is_computed() {
            return None;
        }
        match &record.plan {
            Some(loaded) => Some(RecordTensor::Plan(loaded.handle)),
            None => record.merged.iter().find(|(own, _)| own == name).map(|(_, t)| RecordTensor::Merged(t.clone())),
        }
    }

    /// Reads a tensor of the last step.
    ///
    /// # Errors
    /// `bad-data` if examples are missing; those of the backend.
    pub(super) fn read_record(&self, name: &str, place: &RecordTensor) -> Result<HostTensor> {
        match place {
            RecordTensor::Batch => self.read_batch(name),
            RecordTensor::Before => {
                let shape = name.strip_prefix(BEFORE).and_then(|name| self.model.state_shape(name)).unwrap_or_default();
                let words = self.executor.backend.read_state(name)?;
                tensor(name, shape, words)
            }
            RecordTensor::Plan(handle) => self.executor.backend.read(*handle, name),
            RecordTensor::Merged(tensor) => Ok(tensor.clone()),
        }
    }

    /// Reads inputs, targets or indices of the last step's batch.
    fn read_batch(&self, name: &str) -> Result<HostTensor> {
        let indices = self.record().map_or(&[][..], |record| &record.indices);
        let (count, dataset) = (indices.len(), &self.feeder.dataset);
        let whole_numbers = |words: &[f32]| words.iter().map(|word| word.to_bits() as i32 as f32).collect();
        match (name, &self.model.schema().target) {
            (BATCH_INPUT, _) | (BATCH_TARGET, Target::Input) => {
                let mut words = vec![0.0; count * self.model.input_len()];
                dataset.copy_inputs(Part::Train, indices, &mut words)?;
                if matches!(self.model.schema().input.dtype, FieldType::Tokens { .. }) {
                    words = whole_numbers(&words);
                }
                tensor(name, [&[count], &self.model.spec().input_shape[..]].concat(), words)
            }
            (BATCH_TARGET, target) => {
                let columns = target.words();
                let mut words = vec![0.0; count * columns];
                dataset.copy_targets(Part::Train, indices, &mut words)?;
                match target {
                    Target::Class { .. } => tensor(name, vec![count], whole_numbers(&words)),
                    _ => tensor(name, vec![count, columns], words),
                }
            }
            _ => tensor(name, vec![count], indices.iter().map(|index| *index as f32).collect()),
        }
    }

    /// Returns the plan that holds the tensors of the record that is computed.
    pub(super) fn record_handle(&self) -> Option<PlanHandle> {
        self.executor.retained.record.as_ref().filter(|record| record.is_computed()).and_then(StepRecord::handle)
    }

    /// Returns true if the record of a step is computed, which need not be the last one.
    pub fn has_computed_record(&self) -> bool {
        self.executor.retained.record.as_ref().is_some_and(StepRecord::is_computed)
    }

    /// Returns the first image's part of an output's gradient in the record that is computed, which need not be of the last step.
    pub(super) fn inspected_gradient(&self, name: &str) -> Result<Option<HostTensor>> {
        let record = self.executor.retained.record.as_ref().filter(|record| record.is_computed());
        let Some(record) = record else { return Ok(None) };
        let tensor = match &record.plan {
            Some(loaded) => Some(self.executor.backend.read(loaded.handle, name)?),
            None => record.merged.iter().find(|(own, _)| own == name).map(|(_, tensor)| tensor.clone()),
        };
        Ok(tensor.map(first_of_batch))
    }

    /// Computes the tensors of the last step until `has_time` says no; true once they can be read, or if the last step has not
    /// been recorded. Call it again otherwise, when woken if the backend works by itself.
    ///
    /// # Errors
    /// `too-large` if memory does not suffice; those of the backend.
    pub fn compute_record(&mut self, has_time: &mut dyn FnMut() -> bool) -> Result<bool> {
        if !self.has_record() {
            return Ok(true);
        }
        let Self { model, executor, feeder, .. } = self;
        // The record is out of its place meanwhile, because planning may take away the plan that it has.
        let Some(mut record) = executor.retained.record.take() else { return Ok(true) };
        let result = record.compute(model, executor, &feeder.dataset, has_time);
        if result.is_err() {
            record.forget_tensors();
        }
        executor.retained.record = Some(record);
        result
    }
}

impl Session {
    /// Fetches tensors of the last step; true once [`Session::last_step`] can return them, always on the CPU after they are
    /// [computed](Session::compute_record).
    ///
    /// # Errors
    /// If the device is gone.
    pub fn fetch_last_step(&mut self, names: &[String]) -> Result<bool> {
        if !self.is_record_computed() {
            return Ok(true);
        }
        let wanted = |name: &String| match self.step_tensor(name)? {
            StepTensor::Record(RecordTensor::Plan(handle)) => Some((Some(handle), name.clone())),
            StepTensor::Record(RecordTensor::Before) | StepTensor::State => Some((None, name.clone())),
            StepTensor::Record(_) => None,
        };
        let wanted: Vec<TensorRef> = names.iter().filter_map(wanted).collect();
        self.executor.backend.fetch(&wanted)
    }

    /// Returns tensors of the last step: outputs and gradients, the batch, states before and after it.
    ///
    /// # Errors
    /// `no-value-yet` if the step has not been recorded and computed; `unknown-tensor`; those of the backend.
    pub fn last_step(&self, names: &[String]) -> Result<Vec<HostTensor>> {
        if !self.is_record_computed() {
            return Err(SessionError::NotRecorded.into());
        }
        let read = |name: &String| match self.step_tensor(name) {
            Some(StepTensor::Record(place)) => self.read_record(name, &place),
            Some(StepTensor::State) | None => self.tensor(name),
        };
        names.iter().map(read).collect()
    }

    fn step_tensor(&self, name: &str) -> Option<StepTensor> {
        if self.model.state_shape(name).is_some() {
            return Some(StepTensor::State);
        }
        let is_of_step = self.needs_record(name) || self.model.record_names().iter().any(|own| own == name);
        is_of_step.then(|| self.record_tensor(name)).flatten().map(StepTensor::Record)
    }
}

/// A tensor as [`Session::last_step`] returns it.
enum StepTensor {
    /// A state after the step.
    State,
    Record(RecordTensor),
}

impl Executor {
    /// Gives up the record of the last step, because the states after it are no longer there.
    pub fn forget_record(&mut self) {
        let followed = self.retained.followed.take();
        self.cancel_followed(followed);
        if let Some(record) = self.retained.record.take()
            && let Some(handle) = record.handle()
            && !record.is_computed()
        {
            self.backend.cancel(handle);
        }
    }

    /// Ends the run of a shard that is followed, if it is under way.
    pub fn cancel_followed(&mut self, followed: Option<Followed>) {
        if let Some(handle) = followed.filter(|followed| !followed.is_computed()).and_then(|followed| followed.handle())
        {
            self.backend.cancel(handle);
        }
    }

    /// Begins to copy the states before a step, and its record.
    ///
    /// # Errors
    /// Errors of planning and of the backend.
    pub fn begin_record(&mut self, model: &LoadedModel, at: Position, indices: &[u32]) -> Result<()> {
        let copy = self.plan(model, PlanKey::CopyStates)?;
        self.forget_record();
        self.begin(copy, 0, RunKind::CopyStates)?;
        self.retained.record = Some(StepRecord::new(at, indices, 1));
        Ok(())
    }

    /// Copies the states before a step that workers computed together, and begins its record.
    ///
    /// # Errors
    /// Errors of planning and of the backend.
    pub fn record_shared(&mut self, model: &LoadedModel, at: Position, indices: &[u32], shards: usize) -> Result<()> {
        let copy = self.plan(model, PlanKey::CopyStates)?;
        self.forget_record();
        while self.backend.run(copy.handle, &mut || true)? == RunStatus::Unfinished {}
        self.retained.record = Some(StepRecord::new(at, indices, shards));
        Ok(())
    }
}

fn tensor(name: &str, shape: Vec<usize>, words: Vec<f32>) -> Result<HostTensor> {
    HostTensor::from_words(TensorType::f32(shape), words)
        .ok_or_else(|| BackendError::NotComputed { name: name.to_owned() }.into())
}

/// Returns the first image's part of a tensor of a batch.
fn first_of_batch(tensor: HostTensor) -> HostTensor {
    let [_, one_image @ ..] = tensor.shape().dims() else { return tensor };
    let shape = [&[1], one_image].concat();
    let words = tensor.words().get(..one_image.iter().product()).unwrap_or_default().to_vec();
    HostTensor::f32(shape, words).unwrap_or(tensor)
}
