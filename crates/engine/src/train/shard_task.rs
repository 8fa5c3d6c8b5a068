//! One worker's part of a step, computed once more for those who look at its tensors.

use std::ops::Range;

use super::executor::Executor;
use super::feeder::Batch;
use super::model::LoadedModel;
use super::plans::{LoadedPlan, PlanKey};
use super::progress::Position;
use super::replicas::{Shard, ShardKind, write_header};
use super::training_loop::rng_key;
use super::worker_pool::shard_key;
use crate::data::{Dataset, Part};
use crate::error::Result;

/// The part of a step that one worker had, to be computed once more.
pub(super) struct ShardTask {
    pub at: Position,
    pub shard: usize,
    /// The positions of its examples in the batch.
    pub range: Range<usize>,
    images: usize,
    indices: Vec<u32>,
}

impl ShardTask {
    /// `indices` are those of the whole batch.
    pub fn new(at: Position, shard: usize, range: Range<usize>, indices: &[u32]) -> Self {
        let own = indices.get(range.clone()).unwrap_or_default().to_vec();
        Self { at, shard, images: indices.len(), indices: own, range }
    }

    /// Writes the inputs of the shard into its plan, which `key` names by the number of its examples.
    ///
    /// # Errors
    /// Errors of planning, of the data set and of the backend.
    pub fn begin(
        &self,
        key: fn(usize) -> PlanKey,
        model: &LoadedModel,
        executor: &mut Executor,
        dataset: &Dataset,
    ) -> Result<LoadedPlan> {
        let loaded = executor.plan(model, key(self.range.len()))?;
        let mut batch = Batch { part: Part::Train, indices: self.indices.clone(), targets: Vec::new() };
        batch.write(dataset, executor.backend.as_mut(), &loaded, 1.0)?;
        let key = shard_key(rng_key(model, self.at), self.shard);
        let shard = Shard { kind: ShardKind::Gradient, batch: self.images, range: self.range.clone(), key };
        write_header(executor.backend.as_mut(), &loaded, &shard.header())?;
        Ok(loaded)
    }
}
