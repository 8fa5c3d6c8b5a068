//! Sharing the work of a session among replicas, and going on without them when they fail.

use super::executor::{OutputHolder, RunKind};
use super::replicas::Replicas;
use super::worker_pool::WorkerPool;
use super::{Progress, Session};
use crate::error::Error;

impl Session {
    /// Sets or removes the replicas that share the work. A step that is under way begins again.
    pub fn set_replicas(&mut self, replicas: Option<Box<dyn Replicas>>) {
        self.abandon_shared_work();
        if self.executor.retained.outputs == Some(OutputHolder::Workers) {
            self.executor.retained.outputs = None;
        }
        self.pool = replicas.map(|mut replicas| {
            if let Some(wake) = &self.wake {
                replicas.set_wake(wake.clone());
            }
            WorkerPool::new(replicas)
        });
    }

    /// Returns the number of workers that compute a step together.
    pub fn workers(&self) -> usize {
        self.pool.as_ref().map_or(1, WorkerPool::workers)
    }

    /// Returns the largest number of workers that can compute a step together.
    pub fn most_workers(&self) -> u32 {
        let batch = self.model.config().batch_size;
        self.model.most_shards(batch as usize).min(batch as usize) as u32
    }

    /// Gives up a shared step that is under way; it begins again. No weight has changed yet.
    pub fn abandon_shared_step(&mut self) {
        if self.executor.is_front_sharded() && self.executor.is_front(RunKind::Step) {
            self.cancel();
        }
    }

    /// Gives up everything that workers compute together; it begins again.
    pub(super) fn abandon_shared_work(&mut self) {
        if self.executor.is_front_sharded() || self.is_prediction_shared() {
            self.cancel();
        }
    }

    /// Goes on without the worker pool if it has failed.
    pub(super) fn retire_failed_pool(&mut self) -> bool {
        let failure = self.pool.as_mut().and_then(WorkerPool::take_failure);
        let has_failed = failure.is_some();
        if let Some(error) = failure {
            self.retire_pool(error);
        }
        has_failed
    }

    /// Goes on without the worker pool: the step begins again.
    pub(super) fn retire_pool(&mut self, error: Error) {
        self.cancel();
        self.set_replicas(None);
        self.events.push_back(Ok(Progress::Warning(error)));
    }

    pub(super) fn is_pool_waiting(&self) -> bool {
        self.pool.as_ref().is_some_and(WorkerPool::is_waiting)
    }
}
