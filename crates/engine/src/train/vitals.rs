//! How a layer fared in the last step: units that are dead, and how far its weights moved.

use super::Session;
use crate::backend::TensorRef;
use crate::error::{Error, Result};
use crate::model::catalogue::ResolvedLayer;
use crate::model::optimizers::{Clipping, LastStep, slot_state};
use crate::model::schedules;
use crate::protocol::{Vitals, WeightUpdate};
use crate::tensor::HostTensor;

impl Session {
    /// Sends for what [`Session::vitals`] reads; true once it is there. On the CPU it always is.
    ///
    /// # Errors
    /// If the device is gone.
    pub fn fetch_vitals(&mut self, layer: &str) -> Result<bool> {
        let (Some(layer), Some(handle)) = (self.layer(layer), self.gradients) else { return Ok(true) };
        let mut wanted: Vec<TensorRef> = vec![(Some(handle), format!("{}.output", layer.name))];
        for weight in trained(layer) {
            wanted.push((Some(handle), format!("grad {weight}")));
            wanted.push((None, weight.clone()));
            wanted.extend(self.config.optimizer.slots().iter().map(|slot| (None, slot_state(slot, &weight))));
        }
        self.backend.fetch(&wanted)
    }

    /// What became of a layer in the last step.
    ///
    /// # Errors
    /// `unknown-layer`; `no-value-yet` before the first step.
    pub fn vitals(&self, layer: &str) -> Result<Vitals> {
        let found =
            self.layer(layer).ok_or_else(|| Error::new("unknown-layer", layer).expected("a layer of the model"))?;
        let handle = self.gradients.ok_or_else(|| {
            Error::new("no-value-yet", layer)
                .expected("a step of training before")
                .got("none")
                .hint("Train for a step first.")
        })?;
        let name = format!("{}.output", found.name);
        // Where several workers share a step, no plan of this one holds the whole batch.
        let output = self.backend.read(handle, &name).or_else(|_| self.shared_output(&name))?;
        let (units, dead_units) = dead_units(&output);
        let updates = trained(found).map(|weight| self.update_of(&weight)).collect::<Result<_>>()?;
        Ok(Vitals { units, dead_units, updates })
    }

    fn update_of(&self, weight: &str) -> Result<WeightUpdate> {
        let values = self.backend.read_state(weight)?;
        let gradient = self.tensor(&format!("grad {weight}"))?;
        let slots = self.config.optimizer.slots();
        let slots =
            slots.iter().map(|slot| self.backend.read_state(&slot_state(slot, weight))).collect::<Result<Vec<_>>>()?;
        let step = self.position.step.saturating_sub(1);
        let position = schedules::Position::at_step(step, self.batches_per_epoch(), self.config.epochs);
        let factor = self.config.learning_rate_schedule.factor(position);
        let last = LastStep {
            optimizer: &self.config.optimizer,
            clipping: Clipping { norm: self.config.clip_norm, value: self.config.clip_value },
            rate: factor * self.config.optimizer.learning_rate(),
            bias_correction: self.config.optimizer.bias_correction(step).into(),
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

    fn layer(&self, name: &str) -> Option<&ResolvedLayer> {
        self.layers.iter().find(|layer| layer.name == name)
    }
}

/// Names of the layer's trained weights.
fn trained(layer: &ResolvedLayer) -> impl Iterator<Item = String> + '_ {
    let trained = layer.weights.iter().filter(|weight| weight.trainable);
    trained.map(move |weight| format!("{}.{}", layer.name, weight.name))
}

/// The entries of the last axis, and how many of them are 0 everywhere.
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
