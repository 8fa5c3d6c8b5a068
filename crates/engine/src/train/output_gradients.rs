//! Gradients with respect to the outputs of layers, `grad conv2d.output`.
//!
//! No step keeps them, since it would need memory and time for what hardly anybody looks at. When somebody does, they are
//! worked out: for the batch of the last step, with the weights as they are now.

use super::Session;
use super::plans::{Loaded, PlanKey};
use super::progress::Position;
use crate::backend::{PlanHandle, RunStatus};
use crate::data::Part;
use crate::error::Result;
use crate::tensor::HostTensor;

/// How far a session is with them.
pub(super) struct OutputGradients {
    loaded: Loaded,
    /// The step of whose batch they are, counted from 0.
    step: u32,
    is_done: bool,
}

impl OutputGradients {
    /// Their plan.
    pub fn handle(&self) -> PlanHandle {
        self.loaded.handle
    }
}

impl Session {
    /// Whether this is the name of the gradient of a layer's output.
    pub fn is_output_gradient(&self, name: &str) -> bool {
        let layer = name.strip_prefix("grad ").and_then(|name| name.strip_suffix(".output"));
        layer.is_some_and(|layer| self.layers.iter().any(|own| own.name == layer))
    }

    /// The last step, if its batch can be had again.
    pub(super) fn last_batch(&self) -> Option<Position> {
        self.last_batch.filter(|_| self.gradients.is_some())
    }

    /// Whether they can be read, perhaps of an earlier step.
    pub fn has_output_gradients(&self) -> bool {
        self.output_gradients().is_some()
    }

    /// The plan that holds them.
    pub(super) fn output_gradients(&self) -> Option<PlanHandle> {
        self.output_gradients.as_ref().filter(|own| own.is_done).map(OutputGradients::handle)
    }

    /// Works on the gradients of the outputs until `has_time` says no; true once they can be read as of the last step, or
    /// cannot be had. Ask again otherwise, when woken where the backend works by itself.
    ///
    /// # Errors
    /// `too-large` if memory does not suffice; those of the backend.
    pub fn work_out_output_gradients(&mut self, has_time: &mut dyn FnMut() -> bool) -> Result<bool> {
        let Some(last) = self.last_batch() else { return Ok(true) };
        if self.output_gradients.as_ref().is_some_and(|own| own.step != last.step) {
            self.forget_output_gradients();
        }
        let (loaded, is_done) = match &self.output_gradients {
            Some(own) => (own.loaded.clone(), own.is_done),
            None => (self.begin_output_gradients(last)?, false),
        };
        if is_done {
            return Ok(true);
        }
        let status = self.backend.run(loaded.handle, has_time);
        let is_done = matches!(status, Ok(RunStatus::Done));
        self.output_gradients = status.is_ok().then_some(OutputGradients { loaded, step: last.step, is_done });
        status.map(|_| is_done)
    }

    fn begin_output_gradients(&mut self, last: Position) -> Result<Loaded> {
        let size = self.config.batch_size as usize;
        let indices = self.sampler.batch(last.epoch, last.batch as usize, size).to_vec();
        let images = indices.len();
        let loaded = self.plan(PlanKey::OutputGradients(images))?;
        // Those of a step or an evaluation that has begun are still needed.
        let (own_indices, own_labels) =
            (std::mem::replace(&mut self.indices, indices), std::mem::take(&mut self.labels));
        let result = self.write_batch(&loaded, Part::Train, 1.0 / images.max(1) as f32);
        (self.indices, self.labels) = (own_indices, own_labels);
        result?;
        self.write_key(&loaded, last.step)?;
        Ok(loaded)
    }

    /// The weights are other ones than those they were worked out with.
    pub(super) fn forget_output_gradients(&mut self) {
        if let Some(own) = self.output_gradients.take()
            && !own.is_done
        {
            self.backend.cancel(own.handle());
        }
    }
}

/// The first image's part of a tensor of a batch.
pub(super) fn first_of_batch(tensor: HostTensor) -> HostTensor {
    let [_, one_image @ ..] = tensor.shape().dims() else { return tensor };
    let shape = [&[1], one_image].concat();
    let words = tensor.words().get(..one_image.iter().product()).unwrap_or_default().to_vec();
    HostTensor::f32(shape, words).unwrap_or(tensor)
}
