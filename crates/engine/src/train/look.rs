//! Tensors as they are together: the outputs of all layers for one image, with the weights that made them.

use super::output_gradients::first_of_batch;
use super::plans::{Loaded, PlanKey};
use super::{Session, graphs};
use crate::backend::{PlanHandle, RunStatus, TensorRef};
use crate::data::scale_pixels;
use crate::error::{Error, Result};
use crate::protocol::{Bulk, MODEL_OUTPUT};
use crate::tensor::HostTensor;

/// How far the session is with one.
#[derive(Default)]
pub(super) enum Look {
    #[default]
    None,
    /// The image is on its way through the network.
    Running(Loaded),
    Done(PlanHandle),
}

impl Session {
    /// Sends an image through the network and for the named tensors; true once [`Session::look`] can read them, always on
    /// the CPU. The outputs of the last batch or prediction stay readable.
    ///
    /// # Errors
    /// If the device is gone. What is wrong with the image is left for [`Session::look`] to say.
    pub fn prepare_look(&mut self, image: &Bulk, names: &[String]) -> Result<bool> {
        if self.check_image(image).is_err() {
            return Ok(true);
        }
        // Elsewhere whoever drives the session sees to it, little by little.
        if self.is_asynchronous()
            && names.iter().any(|name| self.is_output_gradient(name))
            && !self.work_out_output_gradients(&mut || true)?
        {
            return Ok(false);
        }
        let handle = match std::mem::take(&mut self.look) {
            Look::Done(handle) => handle,
            Look::Running(loaded) => match self.run_look(loaded)? {
                Some(handle) => handle,
                None => return Ok(false),
            },
            Look::None => {
                let loaded = self.plan(PlanKey::Look)?;
                self.backend.write_input(loaded.handle, graphs::IMAGES, &mut |words| match image {
                    Bulk::U8(pixels) => scale_pixels(pixels, words),
                    Bulk::F32(values) => words.copy_from_slice(values),
                })?;
                match self.run_look(loaded)? {
                    Some(handle) => handle,
                    None => return Ok(false),
                }
            }
        };
        self.look = Look::Done(handle);
        let wanted: Vec<TensorRef> = names.iter().filter_map(|name| self.looked_at(name, handle)).collect();
        self.backend.fetch(&wanted)
    }

    /// The named tensors, after [`Session::prepare_look`]: outputs `[1, output shape]`, weights, gradients of the last step,
    /// those of outputs for the first image of its batch; `None` for what is not there (yet).
    ///
    /// # Errors
    /// `wrong-length` if the image is not one input; those of the backend.
    pub fn look(&mut self, image: &Bulk, names: &[String]) -> Result<Vec<Option<HostTensor>>> {
        self.check_image(image)?;
        let Look::Done(handle) = std::mem::take(&mut self.look) else { return Ok(vec![None; names.len()]) };
        names
            .iter()
            .map(|name| match self.looked_at(name, handle) {
                Some((Some(handle), name)) => {
                    let tensor = self.backend.read(handle, &name)?;
                    Ok(Some(if self.is_output_gradient(&name) { first_of_batch(tensor) } else { tensor }))
                }
                Some((None, name)) => {
                    let shape = self.state_shape(&name).unwrap_or_default();
                    Ok(HostTensor::f32(shape, self.backend.read_state(&name)?))
                }
                None => Ok(None),
            })
            .collect()
    }

    fn run_look(&mut self, loaded: Loaded) -> Result<Option<PlanHandle>> {
        if self.backend.run(loaded.handle, &mut || true)? == RunStatus::Unfinished {
            self.look = Look::Running(loaded);
            return Ok(None);
        }
        Ok(Some(loaded.handle))
    }

    /// Where a tensor is to be read.
    fn looked_at(&self, name: &str, handle: PlanHandle) -> Option<TensorRef> {
        if name == MODEL_OUTPUT {
            return self.layers.last().map(|last| (Some(handle), format!("{}.output", last.name)));
        }
        let is_output = self.layers.iter().any(|layer| name.strip_suffix(".output") == Some(layer.name.as_str()));
        if is_output { Some((Some(handle), name.to_owned())) } else { self.wanted(name) }
    }

    fn check_image(&self, image: &Bulk) -> Result<()> {
        let expected: usize = self.spec.input_shape.iter().product();
        let got = match image {
            Bulk::U8(pixels) => pixels.len(),
            Bulk::F32(values) => values.len(),
        };
        if got == expected {
            return Ok(());
        }
        Err(Error::new("wrong-length", "image").expected(format!("{expected} numbers")).got(got.to_string()))
    }
}
