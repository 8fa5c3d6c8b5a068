//! Tensors by name, and snapshots.

use super::executor::OutputHolder;
use super::progress::{EpochMetrics, Position};
use super::step_record::RecordTensor;
use super::{Provenance, Session};
use crate::backend::{PlanHandle, TensorRef};
use crate::data::{TextSpec, Vocabulary};
use crate::error::{BackendError, Error, Result, SessionError};
use crate::model::initializers;
use crate::protocol::SnapshotInfo;
use crate::tensor::{HostTensor, Shape};

/// The array of a snapshot that holds the sums over the running epoch.
const EPOCH_TOTALS: &str = "epoch totals";

/// The latest step and epoch that a snapshot may have, far beyond any training and far below the end of `u32`.
const MAX_POSITION: u32 = 1 << 30;

/// The place of a tensor that is not a state.
enum Holder {
    Plan(PlanHandle),
    /// Each worker has a shard of it.
    Workers,
    Record(RecordTensor),
    NoValueYet,
    Unknown,
}

impl Session {
    /// Returns the names of all tensors that can be read now: weights (`conv2d.kernel`), the optimizer's state
    /// (`adam.m conv2d.kernel`), after a step or a prediction outputs (`conv2d.output`), after a step gradients
    /// (`grad conv2d.kernel`), and all else of that step if it has been [recorded](super::step_record) (`grad conv2d.output`,
    /// `batch.loss`, `before conv2d.kernel`).
    pub fn tensor_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.model.states().into_iter().map(|(name, _)| name).collect();
        let outputs = || self.model.output_names().into_iter();
        if self.executor.retained.outputs.is_some() {
            names.extend(outputs());
        }
        if self.executor.retained.gradients.is_some() {
            names.extend(self.model.parameters().map(|(name, _)| format!("grad {name}")));
        }
        names.extend(self.record_only_names());
        names
    }

    /// Returns a tensor by name. Outputs are those of the last batch or of the last prediction, whichever came last;
    /// gradients of weights those of the last step. All else of that step has to be [fetched](Session::fetch_tensor) before.
    ///
    /// # Errors
    /// `unknown-tensor`, naming the nearest known one; `no-value-yet` before the first step.
    pub fn tensor(&self, name: &str) -> Result<HostTensor> {
        if let Some(shape) = self.model.state_shape(name) {
            let values = self.executor.backend.read_state(name)?;
            return HostTensor::f32(shape, values)
                .ok_or_else(|| SessionError::UnknownTensor { name: name.to_owned() }.into());
        }
        match self.holder(name) {
            Holder::Plan(handle) => self.executor.backend.read(handle, name),
            Holder::Workers => self.shared_output(name),
            Holder::Record(place) => self.read_record(name, &place),
            Holder::NoValueYet if self.needs_record(name) && self.training.position().step > 0 => {
                Err(SessionError::NotRecorded.into())
            }
            Holder::NoValueYet => Err(SessionError::NoValueYet { name: name.to_owned() }.into()),
            Holder::Unknown => Err(self.unknown_tensor(name)),
        }
    }

    /// Returns the place of a tensor that is not a state.
    fn holder(&self, name: &str) -> Holder {
        let retained = &self.executor.retained;
        let holder = if self.model.layer_of_output(name).is_some() {
            match retained.outputs {
                Some(OutputHolder::Workers) => return Holder::Workers,
                Some(OutputHolder::Plan(handle)) => Some(handle),
                None => None,
            }
        } else if name.strip_prefix("grad ").is_some_and(|name| self.model.parameters().any(|(own, _)| own == name)) {
            retained.gradients
        } else if self.needs_record(name) {
            return self.record_tensor(name).map_or(Holder::NoValueYet, Holder::Record);
        } else {
            return Holder::Unknown;
        };
        holder.map_or(Holder::NoValueYet, Holder::Plan)
    }

    /// Returns a layer's output for the last batch, of which each worker had a shard.
    pub(super) fn shared_output(&self, name: &str) -> Result<HostTensor> {
        let Some(pool) = &self.pool else { return Err(BackendError::NotComputed { name: name.to_owned() }.into()) };
        pool.output(&self.model, &self.feeder.dataset, name)
    }

    /// Returns the place from which the backend reads a tensor, if it has a value.
    pub(super) fn tensor_ref(&self, name: &str) -> Option<TensorRef> {
        if self.model.state_shape(name).is_some() {
            return Some((None, name.to_owned()));
        }
        match self.holder(name) {
            Holder::Plan(handle) | Holder::Record(RecordTensor::Plan(handle)) => Some((Some(handle), name.to_owned())),
            Holder::Record(RecordTensor::Before) => Some((None, name.to_owned())),
            Holder::Record(RecordTensor::Batch | RecordTensor::Merged(_))
            | Holder::Workers
            | Holder::NoValueYet
            | Holder::Unknown => None,
        }
    }

    /// Fetches a tensor; true once [`Session::tensor`] can return it. On the CPU it can at once; tensors of a recorded step are
    /// first [computed](Session::compute_record).
    ///
    /// # Errors
    /// If the device is gone; `too-large` for tensors of a recorded step if memory does not suffice.
    pub fn fetch_tensor(&mut self, name: &str) -> Result<bool> {
        if self.needs_record(name) {
            while !self.compute_record(&mut || true)? {
                if self.is_asynchronous() {
                    return Ok(false);
                }
            }
        }
        match self.tensor_ref(name) {
            Some(tensor) => self.executor.backend.fetch(&[tensor]),
            None => Ok(true),
        }
    }

    /// Fetches the tensors of a [snapshot](Session::snapshot); true once they are there, always on the CPU.
    ///
    /// # Errors
    /// If the device is gone.
    pub fn fetch_snapshot(&mut self) -> Result<bool> {
        self.executor.fetch_states(self.model.states())
    }

    /// Writes a weight or the optimizer's state.
    ///
    /// # Errors
    /// `unknown-tensor`, `read-only` for outputs and gradients, `wrong-length`. Nothing is then changed.
    pub fn set_tensor(&mut self, name: &str, values: Vec<f32>) -> Result<()> {
        let Some(shape) = self.model.state_shape(name) else {
            if self.tensor_names().iter().any(|own| own == name) {
                return Err(SessionError::ReadOnly { name: name.to_owned() }.into());
            }
            return Err(self.unknown_tensor(name));
        };
        let (expected, got) = (shape.iter().product::<usize>(), values.len());
        let values = HostTensor::f32(shape.clone(), values).ok_or_else(|| SessionError::TensorLength {
            name: name.to_owned(),
            expected,
            shape: Shape::from(shape).to_string(),
            got,
        })?;
        self.settle();
        self.leave_pretrained();
        self.weights = Provenance::Trained;
        self.executor.forget_record();
        self.executor.backend.write_state(name, &values);
        Ok(())
    }

    /// Returns everything that is needed to go on later as if training had never stopped: weights, optimizer state, position.
    ///
    /// # Errors
    /// If the backend cannot read a state.
    pub fn snapshot(&mut self) -> Result<(SnapshotInfo, Vec<Vec<f32>>)> {
        self.settle();
        let backend = &self.executor.backend;
        let mut names: Vec<String> = self.model.states().into_iter().map(|(name, _)| name).collect();
        let mut arrays = names.iter().map(|name| backend.read_state(name)).collect::<Result<Vec<_>>>()?;
        if self.weights == Provenance::ShowingPretrained {
            // The weights come first. Pretrained ones are not the user's.
            let seeded = initializers::initial_weights(self.model.layers(), self.model.config().seed);
            arrays.iter_mut().zip(seeded).for_each(|(array, values)| *array = values);
        }
        names.push(EPOCH_TOTALS.to_owned());
        arrays.push(self.training.metrics().to_f32());
        let Position { step, epoch, batch } = self.training.position();
        let untouched = self.weights != Provenance::Trained;
        let vectorization = self.feeder.dataset.vectorization();
        let vocabulary = vectorization.map(|own| own.vocabulary.words().to_vec()).unwrap_or_default();
        Ok((SnapshotInfo { step, epoch, batch_in_epoch: batch, names, untouched, vocabulary }, arrays))
    }

    /// Goes back to a snapshot of the same model and optimizer. Training stops.
    ///
    /// # Errors
    /// `wrong-snapshot` if names or lengths are not those of this model. Nothing is then changed.
    pub fn restore(&mut self, info: &SnapshotInfo, arrays: Vec<Vec<f32>>) -> Result<()> {
        let info = &self.model.present_info(info);
        let states = matched(self.model.states(), info, &arrays)?;
        let vocabulary = vocabulary_of(info, self.model.config().text)?;
        self.stop();
        self.cancel();
        self.is_midway = false;
        self.use_vocabulary(vocabulary);
        self.go_to(info, &arrays, &states);
        Ok(())
    }

    /// Writes the states of a snapshot and takes its position.
    pub(super) fn go_to(&mut self, info: &SnapshotInfo, arrays: &[Vec<f32>], states: &[(String, HostTensor)]) {
        self.weights = if info.untouched { Provenance::Seeded } else { Provenance::Trained };
        self.executor.write_states(states);
        self.executor.forget_record();
        (self.executor.retained.outputs, self.executor.retained.gradients) = (None, None);
        self.restart_evaluations();
        let is_in_epoch = info.batch_in_epoch < self.feeder.batches_per_epoch(self.model.config());
        let batch = if is_in_epoch { info.batch_in_epoch } else { 0 };
        let totals = info.names.iter().position(|name| name == EPOCH_TOTALS).and_then(|index| arrays.get(index));
        let metrics = totals.map_or_else(EpochMetrics::default, |totals| EpochMetrics::from_f32(totals));
        self.training.go_to(Position { step: info.step, epoch: info.epoch, batch }, metrics);
    }

    fn unknown_tensor(&self, name: &str) -> Error {
        let names = self.tensor_names();
        let nearest = crate::model::catalogue::nearest(name, names.iter().map(String::as_str)).map(str::to_owned);
        let name = name.to_owned();
        match nearest {
            Some(nearest) => SessionError::MisspeltTensor { name, nearest },
            None => SessionError::UnknownTensor { name },
        }
        .into()
    }
}

/// Returns the vocabulary of a snapshot, for texts that become token ids in this way.
///
/// # Errors
/// `wrong-snapshot` if it is none, or has too many words.
pub(super) fn vocabulary_of(info: &SnapshotInfo, spec: Option<TextSpec>) -> Result<Option<Vocabulary>> {
    let Some(TextSpec { max_tokens, .. }) = spec.filter(|_| !info.vocabulary.is_empty()) else { return Ok(None) };
    let vocabulary = Vocabulary::from_words(info.vocabulary.clone(), max_tokens);
    vocabulary
        .map(Some)
        .ok_or_else(|| SessionError::SnapshotVocabulary { words: info.vocabulary.len(), max: max_tokens }.into())
}

/// Returns the arrays of a snapshot that belong to these states.
///
/// # Errors
/// `wrong-snapshot` if one is missing or has another length.
pub(super) fn matched(
    states: Vec<(String, Vec<usize>)>,
    info: &SnapshotInfo,
    arrays: &[Vec<f32>],
) -> Result<Vec<(String, HostTensor)>> {
    if info.step.max(info.epoch) > MAX_POSITION {
        let (step, epoch) = (info.step, info.epoch);
        return Err(SessionError::SnapshotPosition { step, epoch, max: MAX_POSITION }.into());
    }
    if info.names.len() != arrays.len() {
        return Err(SessionError::SnapshotCount { expected: info.names.len(), got: arrays.len() }.into());
    }
    let mut matched = Vec::with_capacity(states.len());
    for (name, shape) in states {
        let position = info.names.iter().position(|own| *own == name);
        let values = position.and_then(|position| arrays.get(position)).cloned();
        let Some(values) = values else { return Err(SessionError::SnapshotWithout { name }.into()) };
        let got = values.len();
        let value = HostTensor::f32(shape.clone(), values).ok_or_else(|| SessionError::SnapshotShape {
            name: name.clone(),
            shape: Shape::from(shape).to_string(),
            got,
        })?;
        matched.push((name, value));
    }
    Ok(matched)
}
