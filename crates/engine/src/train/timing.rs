//! Cost of a training step on a device, and the time of each of its kernels.

use super::Session;
use super::plans::LoadedPlan;
use crate::backend::Backend;
use crate::plan::{Kernel, Work};
use crate::protocol::KernelTime;

/// Times one training step when asked to.
#[derive(Default)]
pub(super) struct StepTimer {
    time_next_step: bool,
    timed_plan: Option<LoadedPlan>,
}

impl StepTimer {
    /// Prepares the backend before a step begins.
    pub fn before_step(&mut self, backend: &mut dyn Backend, loaded: &LoadedPlan) {
        if std::mem::take(&mut self.time_next_step) && backend.time_next_run() {
            self.timed_plan = Some(loaded.clone());
        }
    }

    /// Returns the time of each kernel of the step, the longest first; `None` while the step is under way.
    fn take_times(&mut self, backend: &mut dyn Backend) -> Option<Vec<KernelTime>> {
        if self.time_next_step {
            return None;
        }
        let Some(loaded) = &self.timed_plan else { return Some(Vec::new()) };
        let times = backend.take_times()?;
        let mut kernels: Vec<KernelTime> = Vec::new();
        let mut firsts: Vec<usize> = Vec::new();
        for (indices, ms) in times {
            let Some(kernel) = indices.first().and_then(|&first| loaded.plan().kernels.get(first)) else { continue };
            match firsts.iter().position(|&first| first == indices[0]) {
                Some(known) => {
                    kernels[known].dispatches += 1;
                    kernels[known].ms += ms;
                }
                None => {
                    firsts.push(indices[0]);
                    let shape = kernel.output_type.shape.dims().to_vec();
                    let name = name(kernel).to_owned();
                    kernels.push(KernelTime { name, shape, kernels: indices.len() as u32, dispatches: 1, ms });
                }
            }
        }
        self.timed_plan = None;
        kernels.sort_by(|a, b| b.ms.total_cmp(&a.ms));
        Some(kernels)
    }
}

impl Session {
    /// Dispatches and submissions of the last training step on a device.
    pub fn step_cost(&self) -> Option<(u32, u32)> {
        let (dispatches, submissions) = self.executor.backend.run_cost(self.executor.retained.gradients?)?;
        Some((dispatches as u32, submissions as u32))
    }

    /// Times the next training step.
    pub fn time_next_step(&mut self) {
        self.executor.timer.time_next_step = true;
    }

    /// Returns the time of each kernel of the timed step, the longest first; once, after the step's end. Empty if the
    /// backend has no clock for it.
    pub fn step_times(&mut self) -> Option<Vec<KernelTime>> {
        let Self { executor, .. } = self;
        executor.timer.take_times(executor.backend.as_mut())
    }
}

fn name(kernel: &Kernel) -> &'static str {
    match &kernel.work {
        Work::Op { op, .. } => op.name(),
        Work::Pointwise(_) => "pointwise",
        Work::Copy { .. } => "copy",
    }
}
