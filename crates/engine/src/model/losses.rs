//! Losses as graph nodes, one value for each sample, as Keras computes them.

use super::spec::LossSpec;
use crate::error::Result;
use crate::ir::{Graph, NodeId, NodeKind};
use crate::ops::one_hot::one_hot;
use crate::ops::softmax_cross_entropy::softmax_cross_entropy;
use crate::ops::{pointwise, reduce};

/// Probabilities are kept this far from 0 and 1 before a logarithm (Keras's `backend.epsilon()`).
const EPSILON: f32 = 1e-7;

/// Appends the loss of each sample, `[N]`, of a model's `output` `[N,C]` against `labels` `i32[N]`.
///
/// # Errors
/// If the shapes do not fit.
pub fn append_loss(graph: &mut Graph, loss: LossSpec, output: NodeId, labels: NodeId) -> Result<NodeId> {
    match loss {
        LossSpec::SparseCategoricalCrossentropy => {
            if let Some(logits) = logits(graph, output) {
                return softmax_cross_entropy(graph, logits, labels);
            }
            append_loss_of_probabilities(graph, output, labels)
        }
        LossSpec::MeanSquaredError => {
            let target = target(graph, output, labels)?;
            let difference = pointwise::sub(graph, output, target)?;
            let squares = pointwise::square(graph, difference)?;
            reduce::mean(graph, squares, &[1], false)
        }
        LossSpec::BinaryCrossentropy => {
            // -(t log p + (1 - t) log(1 - p))
            let target = target(graph, output, labels)?;
            let probabilities = clip(graph, output)?;
            let logarithm = pointwise::log(graph, probabilities)?;
            let yes = pointwise::mul(graph, target, logarithm)?;
            let one = graph.scalar(1.0);
            let (other_target, other) =
                (pointwise::sub(graph, one, target)?, pointwise::sub(graph, one, probabilities)?);
            let logarithm = pointwise::log(graph, other)?;
            let no = pointwise::mul(graph, other_target, logarithm)?;
            let sum = pointwise::add(graph, yes, no)?;
            let entropy = pointwise::neg(graph, sum)?;
            reduce::mean(graph, entropy, &[1], false)
        }
    }
}

/// Appends the cross-entropy of each sample, `[N]`, where the `output` `[N,C]` is no softmax: Keras takes it for
/// probabilities all the same, and normalises them.
///
/// # Errors
/// If the shapes do not fit.
pub fn append_loss_of_probabilities(graph: &mut Graph, output: NodeId, labels: NodeId) -> Result<NodeId> {
    let probabilities = clip(graph, output)?;
    let logits = pointwise::log(graph, probabilities)?;
    softmax_cross_entropy(graph, logits, labels)
}

/// The logits, if the output is a softmax: its input.
pub fn logits(graph: &Graph, output: NodeId) -> Option<NodeId> {
    let node = graph.node(output);
    match &node.kind {
        NodeKind::Op(op) if op.name() == "softmax" => node.inputs.first().copied(),
        _ => None,
    }
}

/// The labels as one-hot rows, `[N,C]`.
fn target(graph: &mut Graph, output: NodeId, labels: NodeId) -> Result<NodeId> {
    let classes = graph.tensor_type(output).shape.last();
    one_hot(graph, labels, classes)
}

fn clip(graph: &mut Graph, probabilities: NodeId) -> Result<NodeId> {
    let (low, high) = (graph.scalar(EPSILON), graph.scalar(1.0 - EPSILON));
    let clipped = pointwise::max(graph, probabilities, low)?;
    pointwise::min(graph, clipped, high)
}
