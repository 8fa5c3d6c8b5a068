//! Backends: what runs plans. Only `backend/gpu` may name wgpu.

pub mod cpu;
#[cfg(feature = "shaders")]
pub mod gpu;

use std::sync::Arc;

use crate::error::Result;
use crate::plan::Plan;
use crate::tensor::HostTensor;

/// A plan that a backend has made ready to run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PlanHandle(pub u32);

/// Whether a run came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RunStatus {
    Done,
    /// Out of time: [`Backend::run`] goes on from here.
    Unfinished,
}

/// Something that runs plans. States are shared by all of its plans, by name, and live until they are removed.
pub trait Backend {
    /// `"cpu"` or `"webgpu"`.
    fn name(&self) -> &'static str;

    /// Makes a plan ready: allocates all that it needs. States that do not exist yet are zero.
    ///
    /// # Errors
    /// If memory does not suffice, or a state exists with another size.
    fn load(&mut self, plan: Arc<Plan>) -> Result<PlanHandle>;

    /// Frees what a plan holds; states stay.
    fn unload(&mut self, handle: PlanHandle);

    /// Sets a state, which is created where it does not exist.
    fn write_state(&mut self, name: &str, value: &HostTensor);

    /// A state's words.
    ///
    /// # Errors
    /// If there is no such state.
    fn read_state(&self, name: &str) -> Result<Vec<f32>>;

    /// Forgets all states and plans.
    fn clear(&mut self);

    /// Lets `fill` write an input of the next run in place.
    ///
    /// # Errors
    /// If the plan has no such input.
    fn write_input(&mut self, handle: PlanHandle, name: &str, fill: &mut dyn FnMut(&mut [f32])) -> Result<()>;

    /// Starts or goes on with a run of the plan, kernel by kernel, until it is done or `has_time` says no. `has_time` is
    /// asked between kernels.
    ///
    /// # Errors
    /// If there is no such plan.
    fn run(&mut self, handle: PlanHandle, has_time: &mut dyn FnMut() -> bool) -> Result<RunStatus>;

    /// Gives up a run that is unfinished. States may be updated in part if it had come to its updates.
    fn cancel(&mut self, handle: PlanHandle);

    /// The value of an output, a tap, an input or a state after a run.
    ///
    /// # Errors
    /// If the plan has no such value.
    fn read(&self, handle: PlanHandle, name: &str) -> Result<HostTensor>;
}
