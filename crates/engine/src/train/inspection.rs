//! Inspection: the outputs of all layers for one input or several, together with the weights that produced them.

use super::plans::{LoadedPlan, PlanKey};
use super::{Session, graphs};
use crate::backend::{PlanHandle, RunStatus, TensorRef};
use crate::error::{Result, SessionError};
use crate::protocol::{ArrayData, INPUT_SHARES, MODEL_OUTPUT};
use crate::tensor::HostTensor;

/// Progress of an inspection.
#[derive(Default)]
pub(super) enum Inspection {
    #[default]
    None,
    /// The inputs are on their way through the network.
    Running(LoadedPlan),
    Done(PlanHandle),
}

impl Session {
    /// Sends inputs `[k, input shape]` through the network and fetches the named tensors; true once [`Session::inspect`] can read them, always
    /// on the CPU. The outputs of the last batch or prediction stay readable.
    ///
    /// # Errors
    /// If the device is gone, or the outputs take too much memory. [`Session::inspect`] reports faulty inputs.
    pub fn prepare_inspection(&mut self, inputs: &ArrayData, names: &[String]) -> Result<bool> {
        let Ok(count) = self.count_inputs(inputs) else { return Ok(true) };
        // On the CPU the engine computes them, little by little.
        if self.is_asynchronous()
            && names.iter().any(|name| self.is_output_gradient(name))
            && !self.compute_record(&mut || true)?
        {
            return Ok(false);
        }
        let handle = match std::mem::take(&mut self.inspection) {
            Inspection::Done(handle) => handle,
            Inspection::Running(loaded) => match self.run_inspection(loaded)? {
                Some(handle) => handle,
                None => return Ok(false),
            },
            Inspection::None => {
                let has_shares = count == 1 && names.iter().any(|name| name == INPUT_SHARES);
                let key = if has_shares { PlanKey::Shares } else { PlanKey::Inspection(count) };
                let loaded = self.executor.plan(&self.model, key)?;
                let scale = self.feeder.dataset.info().scale();
                let values = inputs.values();
                self.executor
                    .backend
                    .write_input(loaded.handle, graphs::INPUT, &mut |words| values.write(scale, words))?;
                match self.run_inspection(loaded)? {
                    Some(handle) => handle,
                    None => return Ok(false),
                }
            }
        };
        self.inspection = Inspection::Done(handle);
        let wanted: Vec<TensorRef> = names.iter().filter_map(|name| self.inspected(name, handle)).collect();
        self.executor.backend.fetch(&wanted)
    }

    /// Returns the named tensors, after [`Session::prepare_inspection`]: outputs `[k, output shape]`, weights, gradients of
    /// the last step, those of outputs for the first image of its batch; `None` for a tensor that has no value yet.
    ///
    /// # Errors
    /// `wrong-length` if it is not a whole number of inputs, at least one; those of the backend.
    pub fn inspect(&mut self, inputs: &ArrayData, names: &[String]) -> Result<Vec<Option<HostTensor>>> {
        self.count_inputs(inputs)?;
        let Inspection::Done(handle) = std::mem::take(&mut self.inspection) else { return Ok(vec![None; names.len()]) };
        names
            .iter()
            .map(|name| {
                if self.is_output_gradient(name) {
                    return self.inspected_gradient(name);
                }
                match self.inspected(name, handle) {
                    Some((Some(handle), name)) => self.executor.backend.read(handle, &name).map(Some),
                    Some((None, name)) => {
                        let shape = self.model.state_shape(&name).unwrap_or_default();
                        Ok(HostTensor::f32(shape, self.executor.backend.read_state(&name)?))
                    }
                    None => Ok(None),
                }
            })
            .collect()
    }

    fn run_inspection(&mut self, loaded: LoadedPlan) -> Result<Option<PlanHandle>> {
        if self.executor.backend.run(loaded.handle, &mut || true)? == RunStatus::Unfinished {
            self.inspection = Inspection::Running(loaded);
            return Ok(None);
        }
        Ok(Some(loaded.handle))
    }

    /// Returns the place of a tensor.
    fn inspected(&self, name: &str, handle: PlanHandle) -> Option<TensorRef> {
        if name == MODEL_OUTPUT {
            return Some((Some(handle), self.model.output_name()));
        }
        if self.is_output_gradient(name) {
            return self.record_handle().map(|handle| (Some(handle), name.to_owned()));
        }
        match self.model.layer_of_output(name) {
            None if name == INPUT_SHARES => Some((Some(handle), name.to_owned())),
            Some(_) => Some((Some(handle), name.to_owned())),
            None => self.tensor_ref(name),
        }
    }

    fn count_inputs(&self, inputs: &ArrayData) -> Result<usize> {
        let (size, got) = (self.model.input_len(), inputs.values().len());
        if got == 0 || got % size != 0 {
            return Err(SessionError::PixelsLength { size, got }.into());
        }
        self.model.check_values(inputs.values())?;
        Ok(got / size)
    }
}
