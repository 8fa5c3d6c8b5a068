//! The size of the worker pool.

use super::Engine;
use crate::error::Result;
use crate::protocol::{BackendDetail, BackendInfo};
use crate::train::replicas::Replicas;

/// Starts a number of replicas.
pub type SpawnReplicas = Box<dyn Fn(usize) -> Result<Box<dyn Replicas>>>;

/// The most workers that are used unasked. Each has memory of its own, and a shard of a batch should hold a few images.
const MAX_UNASKED: u32 = 8;

/// The most workers that can be asked for.
const MAX_ASKED: u32 = 64;

/// Floating-point operations of a step that make one more worker worth its messages. Measured on two cores, medians of five:
/// two workers are 0.97 (reference CNN) and 0.95 (784-256-128-10) times as fast as one at 1.3e8 operations a step, 1.08 and
/// 0.93 at 2e8, 1.10 and 1.08 at 2.5e8, 1.28 and 1.30 at 5e8.
const WORTHWHILE_FLOPS: f64 = 1e8;

#[derive(Default)]
pub(super) struct PoolSize {
    spawn: Option<SpawnReplicas>,
    /// Cores of the machine.
    cores: u32,
    /// The number of workers that the user wants; `None`: as many as are worthwhile.
    asked: Option<u32>,
}

impl Engine {
    /// Lets the engine share its work. `cores` is the number of workers that the machine can run at a time.
    pub fn set_spawn_replicas(&mut self, cores: u32, spawn: SpawnReplicas) {
        (self.pool_size.cores, self.pool_size.spawn) = (cores, Some(spawn));
        self.resize_pool();
    }

    /// Sets the number of workers that the user wants; `None`: as many as are worthwhile.
    pub(super) fn ask_for_workers(&mut self, workers: Option<u32>) {
        self.pool_size.asked = workers;
        self.resize_pool();
    }

    /// Starts or stops workers so that their number fits the model and the batch size.
    pub(super) fn resize_pool(&mut self) {
        let Some(spawn) = &self.pool_size.spawn else { return };
        let workers = self.pool_size.asked.map_or_else(|| self.worthwhile_workers(), |asked| asked.clamp(1, MAX_ASKED));
        let others = workers.saturating_sub(1) as usize;
        if self.backend.is_some() || others + 1 == self.session.workers() {
            return;
        }
        match if others == 0 { Ok(None) } else { spawn(others).map(Some) } {
            Ok(replicas) => self.session.set_replicas(replicas),
            Err(error) => {
                self.session.set_replicas(None);
                self.event(crate::protocol::Event::Warning(error.into()));
            }
        }
    }

    fn worthwhile_workers(&self) -> u32 {
        let batch = self.session.training().batch_size;
        let most = self.session.most_workers();
        let flops = self.session.flops_per_image().map_or(0.0, |flops| flops as f64 * f64::from(batch));
        ((flops / WORTHWHILE_FLOPS) as u32).clamp(1, self.pool_size.cores.clamp(1, MAX_UNASKED)).min(most)
    }

    /// Describes the backend that runs, and the reason.
    pub(super) fn backend_info(&self) -> BackendInfo {
        if let Some(backend) = &self.backend {
            return backend.clone();
        }
        let (workers, cores) = (self.session.workers() as u32, self.pool_size.cores.max(1));
        let simd = if cfg!(target_feature = "relaxed-simd") { "relaxed SIMD" } else { "SIMD" };
        let simd = simd.to_owned();
        let detail = match (self.pool_size.asked, workers) {
            (Some(asked), _) if asked > MAX_ASKED => BackendDetail::MostWorkers { simd, workers, asked },
            (Some(_), _) => BackendDetail::WorkersAsAsked { simd, workers },
            (None, 1) if cores > 1 => BackendDetail::SmallModel { simd },
            (None, _) if workers < cores => BackendDetail::EnoughWorkers { simd, workers },
            (None, _) => BackendDetail::WorkerPerCore { simd, workers },
        };
        BackendInfo { backend: "cpu".to_owned(), detail, workers }
    }
}
