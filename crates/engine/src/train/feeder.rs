//! Gives plans their batches.

use std::ops::Range;

use super::graphs;
use super::plans::LoadedPlan;
use super::progress::Position;
use crate::backend::{Backend, ResidentDataset, RowValues};
use crate::data::{Dataset, Part, Sampler, Values};
use crate::error::Result;
use crate::model::spec::TrainingConfig;
use crate::model::training;

/// The data set, the order in which training sees it, and the batch that is under way.
pub(super) struct BatchFeeder {
    pub dataset: Dataset,
    sampler: Sampler,
    pub batch: Batch,
}

/// Examples of one part of the data set, by index, with their targets once they have been written.
pub(super) struct Batch {
    pub part: Part,
    pub indices: Vec<u32>,
    /// The words of the targets: the bits of an `i32` for a class, else numbers `[n,columns]`.
    pub targets: Vec<f32>,
}

impl BatchFeeder {
    pub fn new(dataset: Dataset, config: &TrainingConfig) -> Self {
        let batch = Batch { part: Part::Train, indices: Vec::new(), targets: Vec::new() };
        Self { dataset, sampler: sampler(config), batch }
    }

    /// Takes over another order of the examples, the standardisation, and the vocabulary of texts, unless they keep theirs. Returns
    /// true if the inputs have changed.
    pub fn set_order(&mut self, config: &TrainingConfig, keeps_vocabulary: bool) -> bool {
        self.sampler = sampler(config);
        let trained = self.sampler.images();
        let is_standardized = self.dataset.standardize(config.standardize.then_some(trained));
        config.text.is_some_and(|spec| self.dataset.vectorize(spec, trained, keeps_vocabulary)) || is_standardized
    }

    /// Returns the number of examples that are trained on.
    pub fn trained(&self) -> usize {
        self.sampler.images()
    }

    /// Returns the examples that are held back for validation.
    pub fn validation(&self, config: &TrainingConfig) -> Range<usize> {
        self.trained()..config.train_samples as usize
    }

    pub fn batches_per_epoch(&self, config: &TrainingConfig) -> u32 {
        self.trained().div_ceil(config.batch_size.max(1) as usize) as u32
    }

    /// Takes the batch of a step; false if its examples have not arrived.
    pub fn take_training_batch(&mut self, position: Position, batch_size: usize) -> bool {
        let Position { epoch, batch, .. } = position;
        if self.dataset.train_examples() < self.sampler.needed(epoch, batch as usize, batch_size) {
            return false;
        }
        self.batch.part = Part::Train;
        self.batch.indices.clear();
        self.batch.indices.extend_from_slice(self.sampler.batch(epoch, batch as usize, batch_size));
        true
    }

    /// Takes a range of a part in file order.
    pub fn take_range(&mut self, part: Part, range: Range<usize>) {
        self.batch.part = part;
        self.batch.indices.clear();
        self.batch.indices.extend(range.start as u32..range.end as u32);
    }

    /// Writes the batch that has been taken into the inputs of a plan.
    ///
    /// # Errors
    /// Errors of the backend.
    pub fn write(&mut self, backend: &mut dyn Backend, loaded: &LoadedPlan, sample_weight: f32) -> Result<()> {
        self.batch.write(&self.dataset, backend, loaded, sample_weight)
    }
}

impl Batch {
    /// Writes inputs, targets and weights into the inputs of a plan.
    ///
    /// # Errors
    /// Errors of the backend; `bad-data` if an example has not arrived.
    pub fn write(
        &mut self,
        dataset: &Dataset,
        backend: &mut dyn Backend,
        loaded: &LoadedPlan,
        sample_weight: f32,
    ) -> Result<()> {
        let Self { part, indices, targets } = self;
        targets.resize(indices.len() * dataset.schema().target.words(), 0.0);
        dataset.copy_targets(*part, indices, targets)?;
        if !gather_inputs(dataset, *part, indices, backend, loaded)? {
            let mut result = Ok(());
            backend.write_input(loaded.handle, graphs::INPUT, &mut |words| {
                result = dataset.copy_inputs(*part, indices, words);
            })?;
            result?;
        }
        if loaded.has_input(graphs::TARGET) {
            backend.write_input(loaded.handle, graphs::TARGET, &mut |words| words.copy_from_slice(targets))?;
        }
        backend.write_input(loaded.handle, graphs::SAMPLE_WEIGHT, &mut |words| words.fill(sample_weight))
    }
}

/// Lets the backend gather the inputs from the data set that it keeps, if it does.
fn gather_inputs(
    dataset: &Dataset,
    part: Part,
    indices: &[u32],
    backend: &mut dyn Backend,
    loaded: &LoadedPlan,
) -> Result<bool> {
    let values = match dataset.inputs(part) {
        Values::U8(bytes) => RowValues::Bytes { bytes, dequantization: dataset.dequantization() },
        Values::F32(words) => RowValues::Words(words),
        Values::I32(ids) => RowValues::Words(bytemuck::cast_slice(ids)),
    };
    let resident = ResidentDataset {
        name: &format!("{} {part}", dataset.info().name),
        values,
        width: dataset.info().input_len(),
        rows: dataset.total(part),
    };
    backend.gather_rows(loaded.handle, graphs::INPUT, &resident, indices)
}

fn sampler(config: &TrainingConfig) -> Sampler {
    let images = training::trained_samples(config, config.train_samples as usize);
    Sampler::new(u64::from(config.seed), config.shuffle, images)
}
