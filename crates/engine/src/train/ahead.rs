//! What a device would need long for at the first step, made while nobody waits for it.

use std::sync::Arc;

use super::plans::{PlanKey, compile};
use super::{Session, evaluation};
use crate::error::Result;
use crate::plan::Plan;

/// How far that has come for the model and configuration in use.
#[derive(Default)]
pub(super) enum Preparation {
    #[default]
    Wanted,
    UnderWay(Vec<Arc<Plan>>),
    Done,
}

impl Session {
    /// Whether there may be something to make ahead for a backend that works by itself.
    pub fn wants_preparation(&self) -> bool {
        self.is_asynchronous() && !matches!(self.preparation, Preparation::Done)
    }

    /// Makes a part of it: how many parts are made, and of how many; `None` once all are.
    ///
    /// # Errors
    /// Those of planning and of the backend. There is no more to make then: training will meet the same fault.
    pub fn prepare(&mut self) -> Result<Option<(usize, usize)>> {
        let progress = self.prepare_next();
        if !matches!(progress, Ok(Some(_))) {
            self.preparation = Preparation::Done;
        }
        progress
    }

    fn prepare_next(&mut self) -> Result<Option<(usize, usize)>> {
        if let Preparation::Wanted = self.preparation {
            let keys = [PlanKey::Training(self.config.batch_size as usize), PlanKey::Evaluation(evaluation::BATCH)];
            let plans = keys.map(|key| compile(key, &self.layers, &self.spec.input_shape, &self.config).map(Arc::new));
            self.preparation = Preparation::UnderWay(plans.into_iter().collect::<Result<_>>()?);
        }
        match &self.preparation {
            Preparation::UnderWay(plans) => self.backend.prepare(plans),
            _ => Ok(None),
        }
    }
}
