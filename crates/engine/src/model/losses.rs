//! Losses as graph nodes, one value for each sample, as Keras computes them. One file each.

use super::entry::{Configured, catalogue};
use super::settings::{Schema, Settings};
use crate::error::Result;
use crate::ir::{Graph, NodeId, NodeKind};
use crate::ops::one_hot::one_hot;
use crate::ops::pointwise;

/// A loss of a model's `output` `[N,C]` against `labels` `i32[N]`.
pub trait Loss: Sync {
    fn schema(&self) -> &'static Schema;

    /// Appends the loss of each sample, `[N]`.
    ///
    /// # Errors
    /// If the shapes do not fit.
    fn append(&self, graph: &mut Graph, settings: &Settings, output: NodeId, labels: NodeId) -> Result<NodeId>;

    /// Returns true if the loss of a softmax is computed from what goes into it, the logits, so that no gradient of the
    /// softmax's output comes about.
    fn takes_logits(&self) -> bool {
        false
    }

    /// Appends the same loss as [`Loss::append`], computed from the output even if that is a softmax.
    ///
    /// # Errors
    /// If the shapes do not fit.
    fn append_to_output(
        &self,
        graph: &mut Graph,
        settings: &Settings,
        output: NodeId,
        labels: NodeId,
    ) -> Result<NodeId> {
        self.append(graph, settings, output, labels)
    }
}

catalogue! {
    /// Every loss. To add one, write its file under `losses/` and add its line here.
    LOSSES: Loss for "loss" {
        sparse_categorical_crossentropy::SparseCategoricalCrossentropy,
        mean_squared_error::MeanSquaredError,
        mean_absolute_error::MeanAbsoluteError,
        huber::Huber,
        binary_crossentropy::BinaryCrossentropy,
    }
}

/// A loss with its settings.
pub type LossSpec = Configured<dyn Loss>;

impl Default for LossSpec {
    fn default() -> Self {
        Self::initial(&SparseCategoricalCrossentropy)
    }
}

impl LossSpec {
    /// Appends the loss of each sample, `[N]`, of a model's `output` `[N,C]` against `labels` `i32[N]`.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn append(&self, graph: &mut Graph, output: NodeId, labels: NodeId) -> Result<NodeId> {
        self.entry.append(graph, &self.settings, output, labels)
    }

    /// Appends the same loss, computed from the output even if that is a softmax.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn append_to_output(&self, graph: &mut Graph, output: NodeId, labels: NodeId) -> Result<NodeId> {
        self.entry.append_to_output(graph, &self.settings, output, labels)
    }

    /// Returns true if [`LossSpec::append`] computes the loss from the logits instead of this output.
    pub fn takes_logits_of(&self, graph: &Graph, output: NodeId) -> bool {
        self.entry.takes_logits() && logits(graph, output).is_some()
    }
}

/// Returns the logits, if the output is a softmax: its input.
pub fn logits(graph: &Graph, output: NodeId) -> Option<NodeId> {
    let node = graph.node(output);
    match &node.kind {
        NodeKind::Op(op) if op.name() == "softmax" => node.inputs.first().copied(),
        _ => None,
    }
}

/// Appends the labels as one-hot rows, `[N,C]`.
fn one_hot_target(graph: &mut Graph, output: NodeId, labels: NodeId) -> Result<NodeId> {
    let classes = graph.tensor_type(output).shape.last();
    one_hot(graph, labels, classes)
}

/// Appends probabilities that are kept off 0 and 1, for a logarithm.
fn clip(graph: &mut Graph, probabilities: NodeId) -> Result<NodeId> {
    // Keras's `backend.epsilon()`.
    const EPSILON: f32 = 1e-7;
    let (low, high) = (graph.scalar(EPSILON), graph.scalar(1.0 - EPSILON));
    let clipped = pointwise::max(graph, probabilities, low)?;
    pointwise::min(graph, clipped, high)
}
