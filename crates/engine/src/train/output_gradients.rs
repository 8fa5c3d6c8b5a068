//! Gradients with respect to the outputs of layers, `grad conv2d.output`.
//!
//! No step keeps them: that would cost memory and time in every step for tensors that are rarely inspected. They are
//! computed on request, for the batch of the last step, with the weights as they are now.

use super::Session;
use super::executor::Executor;
use super::feeder::BatchFeeder;
use super::model::LoadedModel;
use super::plans::{LoadedPlan, PlanKey};
use super::progress::Position;
use super::training_loop::rng_key;
use crate::backend::{PlanHandle, RunStatus};
use crate::error::Result;
use crate::tensor::HostTensor;

/// Progress of computing the gradients.
pub(super) struct OutputGradients {
    loaded: LoadedPlan,
    /// The step whose batch they belong to, counted from 0.
    step: u32,
    is_done: bool,
}

impl OutputGradients {
    /// Returns the plan that holds them.
    pub fn handle(&self) -> PlanHandle {
        self.loaded.handle
    }

    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// Writes the batch of a step that has been taken.
    fn begin(
        model: &LoadedModel,
        executor: &mut Executor,
        feeder: &mut BatchFeeder,
        last: Position,
    ) -> Result<LoadedPlan> {
        let mut batch = feeder.past_batch(last, model.config().batch_size as usize);
        let images = batch.indices.len();
        let loaded = executor.plan(model, PlanKey::OutputGradients(images))?;
        batch.write(&feeder.dataset, executor.backend.as_mut(), &loaded, 1.0 / images.max(1) as f32)?;
        executor.write_rng_key(&loaded, rng_key(model, last))?;
        Ok(loaded)
    }
}

impl Session {
    /// Returns true if this is the name of the gradient of a layer's output.
    pub fn is_output_gradient(&self, name: &str) -> bool {
        name.strip_prefix("grad ").is_some_and(|name| self.model.layer_of_output(name).is_some())
    }

    /// Returns the position of the last step, if its batch can be drawn again.
    pub(super) fn last_batch(&self) -> Option<Position> {
        self.training.last_batch().filter(|_| self.executor.retained.gradients.is_some())
    }

    /// Returns true if they can be read, perhaps of an earlier step.
    pub fn has_output_gradients(&self) -> bool {
        self.output_gradients().is_some()
    }

    /// Returns the plan that holds them.
    pub(super) fn output_gradients(&self) -> Option<PlanHandle> {
        self.executor.retained.output_gradients.as_ref().filter(|own| own.is_done).map(OutputGradients::handle)
    }

    /// Computes the gradients of the outputs until `has_time` says no; true once they can be read as of the last step, or if
    /// there is no last step. Call it again otherwise, when woken if the backend works by itself.
    ///
    /// # Errors
    /// `too-large` if memory does not suffice; those of the backend.
    pub fn compute_output_gradients(&mut self, has_time: &mut dyn FnMut() -> bool) -> Result<bool> {
        let Some(last) = self.last_batch() else { return Ok(true) };
        let Self { model, executor, feeder, .. } = self;
        if executor.retained.output_gradients.as_ref().is_some_and(|own| own.step != last.step) {
            executor.forget_output_gradients();
        }
        let (loaded, is_done) = match &executor.retained.output_gradients {
            Some(own) => (own.loaded.clone(), own.is_done),
            None => (OutputGradients::begin(model, executor, feeder, last)?, false),
        };
        if is_done {
            return Ok(true);
        }
        let status = executor.backend.run(loaded.handle, has_time);
        let is_done = matches!(status, Ok(RunStatus::Done));
        executor.retained.output_gradients =
            status.is_ok().then_some(OutputGradients { loaded, step: last.step, is_done });
        status.map(|_| is_done)
    }
}

/// Returns the first image's part of a tensor of a batch.
pub(super) fn first_of_batch(tensor: HostTensor) -> HostTensor {
    let [_, one_image @ ..] = tensor.shape().dims() else { return tensor };
    let shape = [&[1], one_image].concat();
    let words = tensor.words().get(..one_image.iter().product()).unwrap_or_default().to_vec();
    HostTensor::f32(shape, words).unwrap_or(tensor)
}
