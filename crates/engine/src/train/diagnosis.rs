//! Finds the layer at fault when a loss or a gradient is not finite.

use super::Session;
use super::model::{layer_weights, output_name};
use crate::backend::TensorRef;
use crate::error::{Error, Result, SessionError};
use crate::model::catalogue::ResolvedLayer;
use crate::tensor::HostTensor;

impl Session {
    /// Fetches the tensors that [`Session::not_a_number`] reads; true once they are there.
    pub(super) fn fetch_for_diagnosis(&mut self) -> Result<bool> {
        let tensors: Vec<TensorRef> =
            self.tensor_names().into_iter().filter_map(|name| self.tensor_ref(&name)).collect();
        self.executor.backend.fetch(&tensors)
    }

    /// Returns the error for a step whose loss or gradient is not finite. It names the first layer, in forward order, whose
    /// weights or output hold such a value, else the last whose gradient does.
    pub(super) fn not_a_number(&self, loss: f32) -> Error {
        let bad = |values: Result<HostTensor>| values.is_ok_and(|values| values.words().iter().any(|x| !x.is_finite()));
        let layers = self.model.layers();
        let forward = layers.iter().position(|layer| {
            layer_weights(layer).any(|(name, _)| bad(self.tensor(&name))) || bad(self.tensor(&output_name(layer)))
        });
        let backward = || {
            let gradient =
                |layer: &ResolvedLayer| layer_weights(layer).any(|(name, _)| bad(self.tensor(&format!("grad {name}"))));
            layers.iter().rposition(gradient)
        };
        let (index, what) = match forward {
            Some(index) => (index, SessionError::OutputNotFinite),
            None if loss.is_finite() => (backward().unwrap_or(0), SessionError::GradientNotFinite),
            None => (layers.len().saturating_sub(1), SessionError::LossNotFinite),
        };
        let name = layers.get(index).map_or("", |layer| layer.name.as_str());
        Error::from(what).at_layer(index, name)
    }
}
