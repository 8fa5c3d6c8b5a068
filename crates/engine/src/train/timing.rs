//! What a step costs a device, and how long each kernel of it takes there.

use super::Session;
use crate::plan::{Kernel, Work};
use crate::protocol::KernelTime;

impl Session {
    /// Dispatches and submissions of the last training step, where a device took it.
    pub fn step_cost(&self) -> Option<(u32, u32)> {
        let (dispatches, submissions) = self.backend.run_cost(self.gradients?)?;
        Some((dispatches as u32, submissions as u32))
    }

    /// Has the next training step timed, as it goes on anyway.
    pub fn time_next_step(&mut self) {
        self.times_next = true;
    }

    /// Before a step is given to the backend.
    pub(super) fn time_step(&mut self, loaded: &super::Loaded) {
        if std::mem::take(&mut self.times_next) && self.backend.time_next_run() {
            self.timed = Some(loaded.clone());
        }
    }

    /// What that step took, kernel by kernel, the longest first; once, after the step's end. Empty where the backend has no
    /// clock for it.
    pub fn step_times(&mut self) -> Option<Vec<KernelTime>> {
        if self.times_next {
            return None;
        }
        let Some(loaded) = &self.timed else { return Some(Vec::new()) };
        let times = self.backend.take_times()?;
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
        self.timed = None;
        kernels.sort_by(|a, b| b.ms.total_cmp(&a.ms));
        Some(kernels)
    }
}

fn name(kernel: &Kernel) -> &'static str {
    match &kernel.work {
        Work::Op { op, .. } => op.name(),
        Work::Pointwise(_) => "pointwise",
        Work::Copy { .. } => "copy",
    }
}
