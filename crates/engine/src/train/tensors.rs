//! Tensors by name, and snapshots.

use super::Session;
use super::parallel::SHARED;
use super::progress::{Position, Totals};
use crate::backend::TensorRef;
use crate::error::{Error, Result};
use crate::model::catalogue::ResolvedLayer;
use crate::model::initializers;
use crate::model::optimizers::slot_state;
use crate::model::spec::TrainingConfig;
use crate::protocol::SnapshotInfo;
use crate::tensor::{HostTensor, Shape};

/// The array of a snapshot that holds the sums over the running epoch.
pub(super) const EPOCH_TOTALS: &str = "epoch totals";

impl Session {
    /// Names of all that can be read now: weights (`conv2d.kernel`), the optimizer's state (`momentum conv2d.kernel`),
    /// after a step or a prediction outputs (`conv2d.output`), after a step gradients (`grad conv2d.kernel`,
    /// `grad conv2d.output`).
    pub fn tensor_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.states().into_iter().map(|(name, _)| name).collect();
        if self.outputs.is_some() {
            names.extend(self.layers.iter().map(|layer| format!("{}.output", layer.name)));
        }
        if self.gradients.is_some() {
            names.extend(self.parameters().into_iter().map(|(name, _)| format!("grad {name}")));
        }
        if self.last_batch().is_some() {
            names.extend(self.layers.iter().map(|layer| format!("grad {}.output", layer.name)));
        }
        names
    }

    /// A tensor by name. Outputs are those of the last batch or of the last prediction, whichever came last; gradients of
    /// weights those of the last step. Gradients of outputs have to be [sent for](Session::fetch_tensor) before.
    ///
    /// # Errors
    /// `unknown-tensor`, naming the nearest known one; `no-value-yet` before the first step.
    pub fn tensor(&self, name: &str) -> Result<HostTensor> {
        if let Some((_, shape)) = self.states().into_iter().find(|(own, _)| own == name) {
            let values = self.backend.read_state(name)?;
            return HostTensor::f32(shape, values).ok_or_else(|| Error::new("unknown-tensor", name));
        }
        let is_output = self.layers.iter().any(|layer| name.strip_suffix(".output") == Some(layer.name.as_str()));
        let is_gradient =
            name.strip_prefix("grad ").is_some_and(|name| self.parameters().iter().any(|(own, _)| own == name));
        let holder = match (is_output, is_gradient) {
            (true, _) => self.outputs,
            (_, true) => self.gradients,
            _ if self.is_output_gradient(name) => self.output_gradients(),
            _ => return Err(self.unknown_tensor(name)),
        };
        match holder {
            Some(SHARED) => self.shared_output(name),
            Some(handle) => self.backend.read(handle, name),
            None => Err(Error::new("no-value-yet", name)
                .expected("a step of training before")
                .got("none")
                .hint("Train for a step first; for an output, a prediction does as well.")),
        }
    }

    /// Where a tensor is to be read, if it can be.
    pub(super) fn wanted(&self, name: &str) -> Option<TensorRef> {
        if self.states().into_iter().any(|(own, _)| own == name) {
            return Some((None, name.to_owned()));
        }
        let holder = match name.starts_with("grad ") {
            true if self.is_output_gradient(name) => self.output_gradients(),
            true => self.gradients,
            false => self.outputs,
        };
        self.tensor_names().iter().any(|own| own == name).then_some((Some(holder?), name.to_owned()))
    }

    /// Sends for a tensor; true once [`Session::tensor`] has an answer. On the CPU it has at once; gradients of outputs are
    /// first [worked out](Session::work_out_output_gradients).
    ///
    /// # Errors
    /// If the device is gone; `too-large` for gradients of outputs if memory does not suffice.
    pub fn fetch_tensor(&mut self, name: &str) -> Result<bool> {
        if self.is_output_gradient(name) {
            while !self.work_out_output_gradients(&mut || true)? {
                if self.is_asynchronous() {
                    return Ok(false);
                }
            }
        }
        match self.wanted(name) {
            Some(wanted) => self.backend.fetch(&[wanted]),
            None => Ok(true),
        }
    }

    /// Sends for all that a [snapshot](Session::snapshot) holds; true once it is there. On the CPU it always is.
    ///
    /// # Errors
    /// If the device is gone.
    pub fn fetch_snapshot(&mut self) -> Result<bool> {
        let wanted: Vec<TensorRef> = self.states().into_iter().map(|(name, _)| (None, name)).collect();
        self.backend.fetch(&wanted)
    }

    /// Writes a weight or the optimizer's state.
    ///
    /// # Errors
    /// `unknown-tensor`, `read-only` for outputs and gradients, `wrong-length`. Nothing is then changed.
    pub fn set_tensor(&mut self, name: &str, values: Vec<f32>) -> Result<()> {
        let Some((_, shape)) = self.states().into_iter().find(|(own, _)| own == name) else {
            if self.tensor_names().iter().any(|own| own == name) {
                return Err(Error::new("read-only", name)
                    .expected("the name of a parameter")
                    .got("an output or a gradient"));
            }
            return Err(self.unknown_tensor(name));
        };
        let (expected, got) = (shape.iter().product::<usize>(), values.len());
        let values = HostTensor::f32(shape.clone(), values).ok_or_else(|| {
            Error::new("wrong-length", name)
                .expected(format!("{expected} numbers for the shape {}", Shape::from(shape)))
                .got(got.to_string())
        })?;
        self.settle();
        self.leave_pretrained();
        self.untouched = false;
        self.forget_output_gradients();
        self.backend.write_state(name, &values);
        Ok(())
    }

    /// All that is needed to go on later as if training had never stopped: weights, optimizer state, position.
    ///
    /// # Errors
    /// If the backend cannot read a state.
    pub fn snapshot(&mut self) -> Result<(SnapshotInfo, Vec<Vec<f32>>)> {
        self.settle();
        let mut names: Vec<String> = self.states().into_iter().map(|(name, _)| name).collect();
        let mut arrays = names.iter().map(|name| self.backend.read_state(name)).collect::<Result<Vec<_>>>()?;
        if self.shows_pretrained {
            // The weights come first. Those that are shown are not the user's.
            let seeded = initializers::initial_weights(&self.layers, self.config.seed);
            arrays.iter_mut().zip(seeded).for_each(|(array, values)| *array = values);
        }
        names.push(EPOCH_TOTALS.to_owned());
        arrays.push(self.totals.to_f32());
        let Position { step, epoch, batch } = self.position;
        Ok((SnapshotInfo { step, epoch, batch_in_epoch: batch, names, untouched: self.untouched }, arrays))
    }

    /// Goes back to a snapshot of the same model and optimizer. Training stops.
    ///
    /// # Errors
    /// `wrong-snapshot` if names or lengths are not those of this model. Nothing is then changed.
    pub fn restore(&mut self, info: &SnapshotInfo, arrays: Vec<Vec<f32>>) -> Result<()> {
        let states = matched(self.states(), info, &arrays)?;
        self.stop();
        self.cancel();
        self.go_to(info, &arrays, &states);
        Ok(())
    }

    /// Writes the states of a snapshot and takes its position.
    pub(super) fn go_to(&mut self, info: &SnapshotInfo, arrays: &[Vec<f32>], states: &[(String, HostTensor)]) {
        (self.untouched, self.shows_pretrained) = (info.untouched, false);
        for (name, value) in states {
            self.backend.write_state(name, value);
        }
        (self.outputs, self.gradients) = (None, None);
        self.forget_output_gradients();
        self.restart_evaluations();
        let batch = if info.batch_in_epoch < self.batches_per_epoch() { info.batch_in_epoch } else { 0 };
        self.position = Position { step: info.step, epoch: info.epoch, batch };
        let totals = info.names.iter().position(|name| name == EPOCH_TOTALS);
        self.totals = totals.and_then(|index| arrays.get(index)).map_or_else(Totals::default, |t| Totals::from_f32(t));
    }

    /// Names and shapes of the trained weights, layer by layer.
    pub(super) fn parameters(&self) -> Vec<(String, Vec<usize>)> {
        weights(&self.layers, true)
    }

    fn states(&self) -> Vec<(String, Vec<usize>)> {
        states(&self.layers, &self.config)
    }

    /// The shape of a state.
    pub(super) fn state_shape(&self, name: &str) -> Option<Vec<usize>> {
        self.states().into_iter().find(|(own, _)| own == name).map(|(_, shape)| shape)
    }

    fn unknown_tensor(&self, name: &str) -> Error {
        let names = self.tensor_names();
        let error = Error::new("unknown-tensor", name).expected("one of tensorNames()");
        match crate::model::catalogue::nearest(name, names.iter().map(String::as_str)) {
            Some(known) => error.hint(format!("Did you mean \"{known}\"?")),
            None => error,
        }
    }
}

/// Names and shapes of weights, layer by layer.
pub(super) fn weights(layers: &[ResolvedLayer], trained_only: bool) -> Vec<(String, Vec<usize>)> {
    let weights = layers.iter().flat_map(|layer| layer.weights.iter().map(move |weight| (layer, weight)));
    weights
        .filter(|(_, weight)| weight.trainable || !trained_only)
        .map(|(layer, weight)| (format!("{}.{}", layer.name, weight.name), weight.shape.clone()))
        .collect()
}

/// Names and shapes of all states: weights, then the optimizer's.
pub(super) fn states(layers: &[ResolvedLayer], config: &TrainingConfig) -> Vec<(String, Vec<usize>)> {
    let mut states = weights(layers, false);
    for slot in config.optimizer.slots() {
        states.extend(weights(layers, true).into_iter().map(|(name, shape)| (slot_state(&slot, &name), shape)));
    }
    states
}

/// The arrays of a snapshot that these states take.
///
/// # Errors
/// `wrong-snapshot` if one is missing or has another length.
pub(super) fn matched(
    states: Vec<(String, Vec<usize>)>,
    info: &SnapshotInfo,
    arrays: &[Vec<f32>],
) -> Result<Vec<(String, HostTensor)>> {
    let wrong = |subject: &str, expected: String, got: String| {
        Error::new("wrong-snapshot", subject)
            .expected(expected)
            .got(got)
            .hint("It fits only the model and the optimizer that it was taken of. What is here has not changed.")
    };
    if info.names.len() != arrays.len() {
        return Err(wrong("snapshot", format!("{} arrays", info.names.len()), arrays.len().to_string()));
    }
    let mut matched = Vec::with_capacity(states.len());
    for (name, shape) in states {
        let position = info.names.iter().position(|own| *own == name);
        let values = position.and_then(|position| arrays.get(position)).cloned();
        let Some(values) = values else { return Err(wrong(&name, "this tensor".to_owned(), "none".to_owned())) };
        let got = values.len();
        let value = HostTensor::f32(shape.clone(), values).ok_or_else(|| {
            wrong(&name, format!("numbers of shape {}", Shape::from(shape)), format!("{got} numbers"))
        })?;
        matched.push((name, value));
    }
    Ok(matched)
}
