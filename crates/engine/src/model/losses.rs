//! Losses as graph nodes, one value for each sample, as Keras computes them. One file each.

use super::entry::{Configured, catalogue};
use super::settings::{Schema, Settings};
use crate::data::schema::Target;
use crate::error::{Result, SettingError};
use crate::ir::{Expr, Graph, NodeId, NodeKind};
use crate::ops::one_hot::one_hot;
use crate::ops::pointwise;
use crate::ops::reshape::flatten;

/// A loss of a model's output against a target.
pub trait Loss: Sync {
    fn schema(&self) -> &'static Schema;

    /// Returns true if the loss can compare an output of this many numbers with this kind of target.
    fn takes(&self, target: &Target, outputs: usize) -> bool;

    /// Returns true if the target comes as classes, `i32[N]`. Otherwise it comes as numbers of the output's shape `[N,C]`: a
    /// class as a one-hot row, and for two classes and one output as 0 or 1.
    fn takes_labels(&self) -> bool {
        false
    }

    /// Appends the loss of each sample, `[N]`, of an `output` `[N,C]`.
    ///
    /// # Errors
    /// If the shapes do not fit.
    fn append(&self, graph: &mut Graph, settings: &Settings, output: NodeId, target: NodeId) -> Result<NodeId>;

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
        target: NodeId,
    ) -> Result<NodeId> {
        self.append(graph, settings, output, target)
    }
}

/// The target of a batch in a graph.
#[derive(Clone, Copy)]
pub struct TargetNode<'a> {
    pub target: &'a Target,
    /// Classes `i32[N]`, numbers `[N,columns]`, or the input.
    pub node: NodeId,
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
    /// Returns the first loss of the catalogue that can compare with this kind of target.
    pub fn for_target(target: &Target) -> Self {
        let entry = LOSSES.iter().copied().find(|entry| entry.takes(target, usize::MAX));
        entry.map_or_else(Self::default, Self::initial)
    }

    /// Checks that the loss can compare with this kind of target, whatever the number of outputs.
    ///
    /// # Errors
    /// `bad-setting`, naming the losses that can.
    pub fn check_target(&self, target: &Target) -> Result<()> {
        self.check_fit(target, usize::MAX)
    }

    /// Checks that the loss can compare an output of this many numbers with this kind of target.
    ///
    /// # Errors
    /// `bad-setting`, naming the losses that can.
    pub fn check_fit(&self, target: &Target, outputs: usize) -> Result<()> {
        if self.entry.takes(target, outputs) {
            return Ok(());
        }
        let loss = self.type_name().to_owned();
        let fitting =
            || LOSSES.iter().filter(|entry| entry.takes(target, outputs)).map(|entry| entry.schema().type_name);
        Err(match target {
            Target::Class { names } if outputs == 1 => {
                SettingError::LossNeedsClasses { loss, classes: names.len(), fitting: fitting().collect() }
            }
            Target::Class { .. } => SettingError::LossNotForClasses { loss, fitting: fitting().collect() },
            Target::Values { .. } => SettingError::LossNotForValues { loss, fitting: fitting().collect() },
            Target::Input => SettingError::LossNotForInput { loss, fitting: fitting().collect() },
        }
        .into())
    }

    /// Appends the loss of each sample, `[N]`, of a model's `output` `[N, output shape]`.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn append(&self, graph: &mut Graph, output: NodeId, target: TargetNode<'_>) -> Result<NodeId> {
        let (output, target) = self.operands(graph, output, target)?;
        self.entry.append(graph, &self.settings, output, target)
    }

    /// Appends the same loss, computed from the output even if that is a softmax.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn append_to_output(&self, graph: &mut Graph, output: NodeId, target: TargetNode<'_>) -> Result<NodeId> {
        let (output, target) = self.operands(graph, output, target)?;
        self.entry.append_to_output(graph, &self.settings, output, target)
    }

    /// Appends the output and the target in the form in which the loss takes them.
    fn operands(&self, graph: &mut Graph, output: NodeId, target: TargetNode<'_>) -> Result<(NodeId, NodeId)> {
        if self.entry.takes_labels() {
            return Ok((output, target.node));
        }
        let target = target.numbers(graph, output)?;
        Ok((flat(graph, output)?, flat(graph, target)?))
    }

    /// Returns true if [`LossSpec::append`] computes the loss from the logits instead of this output.
    pub fn takes_logits_of(&self, graph: &Graph, output: NodeId) -> bool {
        self.entry.takes_logits() && logits(graph, output).is_some()
    }
}

impl TargetNode<'_> {
    /// Appends the target as numbers, as many as the output has: a class as a one-hot row or, for one output, as 0 or 1.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn numbers(&self, graph: &mut Graph, output: NodeId) -> Result<NodeId> {
        match self.target {
            Target::Class { .. } => {
                let outputs = graph.tensor_type(output).shape.last();
                let rows = one_hot(graph, self.node, outputs)?;
                if outputs > 1 {
                    return Ok(rows);
                }
                // The only column is 1 for the first of the two classes, which counts as 0.
                let other = Expr::constant(1.0) - Expr::input(0);
                pointwise::apply_expression(graph, "second_class", &other, &[rows])
            }
            Target::Values { .. } | Target::Input => Ok(self.node),
        }
    }
}

/// Appends a tensor with its axes behind the batch axis made one.
fn flat(graph: &mut Graph, x: NodeId) -> Result<NodeId> {
    if graph.tensor_type(x).shape.rank() == 2 { Ok(x) } else { flatten(graph, x) }
}

/// Returns the logits, if the output is a softmax: its input.
pub fn logits(graph: &Graph, output: NodeId) -> Option<NodeId> {
    let node = graph.node(output);
    match &node.kind {
        NodeKind::Op(op) if op.name() == "softmax" => node.inputs.first().copied(),
        _ => None,
    }
}

/// Appends probabilities that are kept off 0 and 1, for a logarithm.
fn clip(graph: &mut Graph, probabilities: NodeId) -> Result<NodeId> {
    // Keras's `backend.epsilon()`.
    const EPSILON: f32 = 1e-7;
    let (low, high) = (graph.scalar(EPSILON), graph.scalar(1.0 - EPSILON));
    let clipped = pointwise::max(graph, probabilities, low)?;
    pointwise::min(graph, clipped, high)
}
