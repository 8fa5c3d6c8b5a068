//! Compiles GPU kernels in the background, before the first training step needs them.

use std::sync::Arc;

use super::plans::PlanKey;
use super::{Session, evaluation};
use crate::error::Result;
use crate::plan::Plan;

/// Progress of compiling ahead for the model and configuration in use.
#[derive(Default)]
pub(super) enum Precompile {
    #[default]
    NotStarted,
    UnderWay(Vec<Arc<Plan>>),
    Done,
}

impl Session {
    /// Returns true if there may be a kernel to compile ahead, for a backend that works by itself.
    pub fn wants_precompile(&self) -> bool {
        self.is_asynchronous() && self.mismatch.is_none() && !matches!(self.executor.precompile, Precompile::Done)
    }

    /// Compiles one kernel. Returns `(done, total)`, or `None` when all are compiled.
    ///
    /// # Errors
    /// Errors of planning and of the backend. Nothing more is compiled then: training will meet the same fault.
    pub fn precompile(&mut self) -> Result<Option<(usize, usize)>> {
        let progress = self.precompile_next();
        if !matches!(progress, Ok(Some(_))) {
            self.executor.precompile = Precompile::Done;
        }
        progress
    }

    fn precompile_next(&mut self) -> Result<Option<(usize, usize)>> {
        let Self { executor, model, .. } = self;
        if let Precompile::NotStarted = executor.precompile {
            let batch_size = model.config().batch_size as usize;
            let keys = [PlanKey::Training(batch_size), PlanKey::CopyStates, PlanKey::Evaluation(evaluation::BATCH)];
            let plans = keys.map(|key| model.compile(key).map(Arc::new));
            executor.precompile = Precompile::UnderWay(plans.into_iter().collect::<Result<_>>()?);
        }
        match &executor.precompile {
            Precompile::UnderWay(plans) => executor.backend.prepare(plans),
            _ => Ok(None),
        }
    }
}
