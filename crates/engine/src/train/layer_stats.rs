//! Statistics of a layer in the last step: dead units, and the size of the updates of its weights.

use super::Session;
use super::model::{layer_weights, output_name};
use crate::backend::TensorRef;
use crate::error::{Result, SessionError};
use crate::model::catalogue::ResolvedLayer;
use crate::model::optimizers::{Clipping, LastStep};
use crate::protocol::{LayerStats, WeightUpdate};
use crate::tensor::HostTensor;

impl Session {
    /// Fetches the tensors that [`Session::layer_stats`] reads; true once they are there, always on the CPU.
    ///
    /// # Errors
    /// If the device is gone.
    pub fn fetch_layer_stats(&mut self, layer: &str) -> Result<bool> {
        let Self { model, executor, .. } = self;
        let (Some(layer), Some(handle)) = (model.layer(layer), executor.retained.gradients) else { return Ok(true) };
        let mut wanted: Vec<TensorRef> = vec![(Some(handle), output_name(layer))];
        for weight in trained(layer) {
            wanted.push((Some(handle), format!("grad {weight}")));
            wanted.push((None, weight.clone()));
            let optimizer = &model.config().optimizer;
            wanted.extend(optimizer.slots().iter().map(|slot| (None, optimizer.slot_state(slot, &weight))));
        }
        executor.backend.fetch(&wanted)
    }

    /// Returns the statistics of a layer in the last step.
    ///
    /// # Errors
    /// `unknown-layer`; `no-value-yet` before the first step.
    pub fn layer_stats(&self, layer: &str) -> Result<LayerStats> {
        let found = self.model.layer(layer).ok_or_else(|| SessionError::NotInModel { layer: layer.to_owned() })?;
        let handle =
            self.executor.retained.gradients.ok_or_else(|| SessionError::NotTrainedYet { name: layer.to_owned() })?;
        let name = output_name(found);
        // If several workers share a step, no plan of this one holds the whole batch.
        let output = self.executor.backend.read(handle, &name).or_else(|_| self.shared_output(&name))?;
        let (units, dead_units) = dead_units(&output);
        let updates = trained(found).map(|weight| self.update_of(&weight)).collect::<Result<_>>()?;
        Ok(LayerStats { units, dead_units, updates })
    }

    fn update_of(&self, weight: &str) -> Result<WeightUpdate> {
        let (backend, config) = (&self.executor.backend, self.model.config());
        let values = backend.read_state(weight)?;
        let gradient = self.tensor(&format!("grad {weight}"))?;
        let slots = config.optimizer.slots();
        let slots = slots.iter().map(|slot| backend.read_state(&config.optimizer.slot_state(slot, weight)));
        let slots = slots.collect::<Result<Vec<_>>>()?;
        let [rate, bias_correction] = self.training.last_rates();
        let last = LastStep {
            optimizer: &config.optimizer,
            clipping: Clipping { norm: config.clip_norm, value: config.clip_value },
            rate,
            bias_correction,
            gradient: gradient.words(),
            slots: &slots,
        };
        let update = last.norm_of_update(&values);
        let before = norm(values.iter().map(|value| f64::from(*value)));
        let name = weight.rsplit('.').next().unwrap_or(weight);
        Ok(WeightUpdate {
            weight: name.to_owned(),
            ratio: (update / before.max(f64::MIN_POSITIVE)) as f32,
            gradient_norm: norm(gradient.words().iter().map(|value| f64::from(*value))) as f32,
        })
    }
}

/// Returns the names of the layer's trained weights.
fn trained(layer: &ResolvedLayer) -> impl Iterator<Item = String> + '_ {
    layer_weights(layer).filter(|(_, weight)| weight.trainable).map(|(name, _)| name)
}

/// Returns the number of entries of the last axis, and of those that are 0 everywhere.
fn dead_units(output: &HostTensor) -> (u32, u32) {
    let units = output.shape().dims().last().copied().unwrap_or(1).max(1);
    let mut is_alive = vec![false; units];
    for row in output.words().chunks_exact(units) {
        for (is_alive, value) in is_alive.iter_mut().zip(row) {
            *is_alive |= *value != 0.0;
        }
    }
    (units as u32, is_alive.iter().filter(|is_alive| !**is_alive).count() as u32)
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum::<f64>().sqrt()
}
