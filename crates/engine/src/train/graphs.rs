//! The graphs of a model: training step, evaluation, prediction, and gradients of layer outputs.

use super::model::{LoadedModel, layer_weights};
use crate::autograd::gradients;
use crate::data::{FieldType, Target};
use crate::error::Result;
use crate::ir::{Expr, Graph, NodeId};
use crate::model::losses::{TargetNode, logits};
use crate::model::lower::{Mode, Network, append_model};
use crate::model::metrics::{self, Metric};
use crate::model::optimizers::{Clipping, Parameter, append_guarded_update, append_updates};
use crate::ops::all_finite::all_finite;
use crate::ops::classification::{argmax, correct_predictions};
use crate::ops::layout::{concat, transpose};
use crate::ops::matmul::matmul;
use crate::ops::one_hot::one_hot;
use crate::ops::reshape::reshape;
use crate::ops::{pointwise, reduce};
use crate::tensor::TensorType;

/// Input `[N, input shape]`.
pub const INPUT: &str = "input";
/// Input of the targets: classes `i32[N]` or numbers `[N,columns]`. There is none if the target is the input itself.
pub const TARGET: &str = "target";
/// Input `[N]`: the weight of each sample. In training the weights of a batch add up to 1; a row of 0 is padding.
pub const SAMPLE_WEIGHT: &str = "sample_weight";
/// Input `i32[2]` of a training step: seed and step. It exists only if a layer draws random numbers.
pub const RNG_KEY: &str = "rng_key";
/// Input `[]` of a shard: its fraction of the batch, 0 to 1. It exists only if something depends on it.
pub const BATCH_FRACTION: &str = "batch_fraction";
/// Output `[]`: the weighted sum of the samples' losses, plus the penalties.
pub const LOSS: &str = "loss";
/// Output `[]` of a training step for classes: the number of correctly classified samples of weight above 0.
pub const CORRECT: &str = "correct";
/// Output `[]` of a training step: 1 if loss and gradients are finite; else 0, and no state changes.
pub const IS_FINITE: &str = "is_finite";
/// Output `[classes * answers + classes]` of a training step whose metrics need it: samples by class and predicted class, then
/// samples by class.
pub const CONFUSION: &str = "confusion";
/// Output `i32[N]` of an evaluation for classes: the class with the highest score.
pub const PREDICTED: &str = "predicted";
/// Output `[N]` of an evaluation for classes: the highest output, which after a softmax is the probability of [`PREDICTED`].
pub const CONFIDENCE: &str = "confidence";
/// Output `[]` of an evaluation: the penalties on weights alone.
pub const PENALTY: &str = "penalty";

/// A graph, and the nodes that stay readable besides its outputs.
pub struct Program {
    pub graph: Graph,
    pub taps: Vec<NodeId>,
}

impl LoadedModel {
    /// Builds one step of training on a batch: forward, backward, update, metrics.
    ///
    /// The outputs of all layers and the gradients of all parameters stay readable. The backward pass needs most of them
    /// until late anyway, so this costs little, and any tensor of the last step can be inspected without a second run.
    ///
    /// # Errors
    /// If the model does not fit the loss; the error carries the layer.
    pub fn training_graph(&self, batch: usize) -> Result<Program> {
        let mut graph = Graph::new();
        let Differentiated { network, loss, counts, gradients } = self.append_gradients(&mut graph, batch, None)?;
        let is_finite = self.append_step(&mut graph, loss, &network.parameters, &gradients, &network.updates)?;
        for output in [loss].into_iter().chain(counts).chain([is_finite]) {
            graph.add_output(output);
        }
        let taps = readable(&network).chain(gradients).collect();
        Ok(Program { graph, taps })
    }

    /// Builds the part of a training step that is computed for a shard of the batch: forward and backward, without updates.
    ///
    /// Outputs: the shard's part of the loss, its counts for metrics, its part of the gradient
    /// of each trained weight and, called `next batch_normalization.moving_mean`, of the new value of each weight that is
    /// not trained. Summed over shards whose [fractions](BATCH_FRACTION) and sample weights add up to 1, they are those of
    /// the whole batch, except that a layer which looks across the batch (batch normalisation) sees each shard alone, as
    /// replicas do in Keras's `MirroredStrategy`; its new values are then the mean over the shards.
    ///
    /// # Errors
    /// If the model does not fit the loss; the error carries the layer.
    pub fn gradient_graph(&self, shard: usize) -> Result<Program> {
        let mut graph = Graph::new();
        let fraction = graph.input(BATCH_FRACTION, TensorType::f32([]))?;
        let Differentiated { network, loss, counts, gradients } =
            self.append_gradients(&mut graph, shard, Some(fraction))?;
        let mut outputs = vec![loss];
        outputs.extend(counts);
        outputs.extend(gradients);
        for &(state, value) in &network.updates {
            let part = pointwise::mul(&mut graph, value, fraction)?;
            let name = next_name(&graph.node(state).name);
            graph.set_name(part, &name)?;
            outputs.push(part);
        }
        for output in outputs {
            graph.add_output(output);
        }
        Ok(Program { graph, taps: readable(&network).collect() })
    }

    /// Builds the rest of a training step: updates all weights from the sums over the shards. These are its inputs, under
    /// the names of the outputs of [`LoadedModel::gradient_graph`] except the counts for metrics.
    ///
    /// # Errors
    /// If a name is taken.
    pub fn update_graph(&self) -> Result<Program> {
        let mut graph = Graph::new();
        let loss = graph.input(LOSS, TensorType::f32([]))?;
        let (mut parameters, mut gradients, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for layer in self.layers() {
            graph.enter_layer(&layer.name);
            for (name, weight) in layer_weights(layer) {
                let tensor_type = TensorType::f32(weight.shape.clone());
                let state = graph.state(&name, tensor_type.clone())?;
                if weight.trainable {
                    parameters.push(state);
                    gradients.push(graph.input(&gradient_name(&name), tensor_type)?);
                } else {
                    others.push((state, graph.input(&next_name(&name), tensor_type)?));
                }
            }
        }
        graph.set_layer(None);
        let is_finite = self.append_step(&mut graph, loss, &parameters, &gradients, &others)?;
        graph.add_output(is_finite);
        Ok(Program { graph, taps: gradients })
    }

    /// Builds loss and predictions of a batch, in inference mode. Sample weights are 1, or 0 for padding.
    ///
    /// # Errors
    /// If the model does not fit the loss; the error carries the layer.
    pub fn evaluation_graph(&self, batch: usize) -> Result<Program> {
        let mut graph = Graph::new();
        let (input, target) = self.append_inputs(&mut graph, batch)?;
        let sample_weight = graph.input(SAMPLE_WEIGHT, TensorType::f32([batch]))?;
        let network = append_model(&mut graph, self.layers(), input, Mode::Inference)?;
        let losses = self.config().loss.append(&mut graph, network.output, self.target(target))?;
        let weighted = pointwise::mul(&mut graph, losses, sample_weight)?;
        let loss = reduce::sum(&mut graph, weighted, &[0], false)?;
        graph.set_name(loss, LOSS)?;
        graph.add_output(loss);
        if self.classes() > 0 {
            let scores = scores(&mut graph, &network)?;
            let predicted = argmax(&mut graph, scores)?;
            graph.set_name(predicted, PREDICTED)?;
            graph.add_output(predicted);
            let confidence = confidence(&mut graph, &network)?;
            graph.set_name(confidence, CONFIDENCE)?;
            graph.add_output(confidence);
        } else if matches!(self.schema().target, Target::Values { .. }) {
            graph.add_output(network.output);
        }
        for sums in self.append_sums(&mut graph, &network, target, sample_weight)? {
            graph.add_output(sums);
        }
        if let Some(penalty) = append_penalty(&mut graph, &network)? {
            graph.set_name(penalty, PENALTY)?;
            graph.add_output(penalty);
        }
        Ok(Program { graph, taps: Vec::new() })
    }

    /// Builds the outputs of all layers for a batch, in inference mode.
    ///
    /// # Errors
    /// If an op does not accept what it is given; the error carries the layer.
    pub fn prediction_graph(&self, batch: usize) -> Result<Program> {
        let mut graph = Graph::new();
        let input = graph.input(INPUT, self.batched_input(batch))?;
        let network = append_model(&mut graph, self.layers(), input, Mode::Inference)?;
        graph.add_output(network.output);
        Ok(Program { graph, taps: readable(&network).collect() })
    }

    /// Appends forward and backward of a batch, or of a shard of one, given its [`BATCH_FRACTION`].
    fn append_gradients(&self, graph: &mut Graph, batch: usize, fraction: Option<NodeId>) -> Result<Differentiated> {
        let Forward { network, target, sample_weight, loss, .. } = self.append_forward(graph, batch, fraction)?;
        let gradients = gradients(graph, loss, &network.parameters)?;

        let mut counts = Vec::new();
        if self.classes() > 0 {
            let scores = scores(graph, &network)?;
            let right = correct_predictions(graph, scores, target)?;
            let counted = Expr::input(0) * Expr::input(1).greater(0.0);
            let counted = pointwise::apply_expression(graph, "count", &counted, &[right, sample_weight])?;
            let correct = reduce::sum(graph, counted, &[0], false)?;
            graph.set_name(correct, CORRECT)?;
            counts.push(correct);
            if self.counts_confusion() {
                counts.push(self.append_confusion(graph, scores, target, sample_weight)?);
            }
        }
        counts.extend(self.append_sums(graph, &network, target, sample_weight)?);
        Ok(Differentiated { network, loss, counts, gradients })
    }

    /// Appends the sums of the metrics that have their own.
    fn append_sums(
        &self,
        graph: &mut Graph,
        network: &Network,
        target: NodeId,
        sample_weight: NodeId,
    ) -> Result<Vec<NodeId>> {
        let batch = metrics::Batch { output: network.output, target: self.target(target), sample_weight };
        self.own_sums()
            .map(|(metric, _)| {
                let sums = metric.append(graph, &batch)?;
                graph.set_name(sums, &sums_name(metric))?;
                Ok(sums)
            })
            .collect()
    }

    /// Appends the confusion matrix of a batch and the number of samples of each class.
    fn append_confusion(
        &self,
        graph: &mut Graph,
        scores: NodeId,
        target: NodeId,
        sample_weight: NodeId,
    ) -> Result<NodeId> {
        let (classes, answers) = (self.classes(), self.answers());
        let truth = one_hot(graph, target, classes)?;
        let weight = reshape(graph, sample_weight, [graph.tensor_type(sample_weight).shape[0], 1])?;
        let counted = Expr::input(0) * Expr::input(1).greater(0.0);
        let truth = pointwise::apply_expression(graph, "count", &counted, &[truth, weight])?;
        let predicted = argmax(graph, scores)?;
        let predicted = one_hot(graph, predicted, answers)?;
        let columns = transpose(graph, truth, &[1, 0])?;
        let counts = matmul(graph, columns, predicted)?;
        let counts = reshape(graph, counts, [classes * answers])?;
        let support = reduce::sum(graph, truth, &[0], false)?;
        let confusion = concat(graph, &[counts, support], 0)?;
        graph.set_name(confusion, CONFUSION)?;
        Ok(confusion)
    }

    /// Appends the forward pass of a batch, or of a shard of one, given its [`BATCH_FRACTION`].
    pub(super) fn append_forward(&self, graph: &mut Graph, batch: usize, fraction: Option<NodeId>) -> Result<Forward> {
        let (input, target) = self.append_inputs(graph, batch)?;
        let sample_weight = graph.input(SAMPLE_WEIGHT, TensorType::f32([batch]))?;
        let key = graph.input(RNG_KEY, TensorType::i32([2]))?;
        let network = append_model(graph, self.layers(), input, Mode::Training { key })?;

        let losses = self.config().loss.append(graph, network.output, self.target(target))?;
        let weighted = pointwise::mul(graph, losses, sample_weight)?;
        let mut loss = reduce::sum(graph, weighted, &[0], false)?;
        if let Some(penalty) = append_penalty(graph, &network)? {
            let penalty = match fraction {
                Some(fraction) => pointwise::mul(graph, penalty, fraction)?,
                None => penalty,
            };
            loss = pointwise::add(graph, loss, penalty)?;
        }
        graph.set_name(loss, LOSS)?;
        Ok(Forward { network, input, target, sample_weight, losses, loss })
    }

    /// Appends the inputs of a batch: the examples' inputs, and their targets in the form that [`TargetNode`] has.
    fn append_inputs(&self, graph: &mut Graph, batch: usize) -> Result<(NodeId, NodeId)> {
        let input = graph.input(INPUT, self.batched_input(batch))?;
        let target = match &self.schema().target {
            Target::Class { .. } => graph.input(TARGET, TensorType::i32([batch]))?,
            Target::Values { names } => graph.input(TARGET, TensorType::f32([batch, names.len()]))?,
            Target::Input => input,
        };
        Ok((input, target))
    }

    /// Appends the updates of the trained weights, which come in the model's order, and the new values of the other weights.
    /// Returns a node that is 1 if they are made: loss and gradients are finite.
    fn append_step(
        &self,
        graph: &mut Graph,
        loss: NodeId,
        parameters: &[NodeId],
        gradients: &[NodeId],
        others: &[(NodeId, NodeId)],
    ) -> Result<NodeId> {
        let config = self.config();
        let all: Vec<NodeId> = [loss].iter().chain(gradients).copied().collect();
        let is_finite = all_finite(graph, &all)?;
        graph.set_name(is_finite, IS_FINITE)?;
        let clipping = Clipping { norm: config.clip_norm, value: config.clip_value };
        let trained = self.layers().iter().flat_map(|layer| &layer.weights).filter(|weight| weight.trainable);
        let parameters: Vec<Parameter<'_>> = parameters
            .iter()
            .zip(gradients)
            .zip(trained)
            .map(|((&node, &gradient), weight)| Parameter { node, gradient, max_norm: weight.max_norm.as_ref() })
            .collect();
        append_updates(graph, &config.optimizer, clipping, &parameters, is_finite)?;
        for &(state, value) in others {
            append_guarded_update(graph, is_finite, state, value)?;
        }
        Ok(is_finite)
    }

    pub(super) fn target(&self, node: NodeId) -> TargetNode<'_> {
        TargetNode { target: &self.schema().target, node }
    }

    pub(super) fn batched_input(&self, batch: usize) -> TensorType {
        let shape = [&[batch], &self.spec().input_shape[..]].concat();
        match self.schema().input.dtype {
            FieldType::U8 { .. } | FieldType::F32 => TensorType::f32(shape),
            FieldType::Tokens { .. } => TensorType::i32(shape),
        }
    }
}

/// Lists the outputs of all layers and what they show besides.
pub(super) fn readable(network: &Network) -> impl Iterator<Item = NodeId> + use<> {
    let views: Vec<NodeId> = network.views.iter().map(|view| view.node).collect();
    network.outputs.clone().into_iter().chain(views)
}

/// Returns the name of a weight's gradient.
pub fn gradient_name(weight: &str) -> String {
    format!("grad {weight}")
}

/// Prefix of the new value of a weight that is not trained.
pub const NEXT: &str = "next ";

/// Returns the name of a shard's part of the new value of a weight that is not trained.
pub fn next_name(weight: &str) -> String {
    format!("{NEXT}{weight}")
}

/// A batch's way to the loss.
pub(super) struct Forward {
    pub network: Network,
    pub input: NodeId,
    pub target: NodeId,
    pub sample_weight: NodeId,
    /// The loss of each example, `[N]`.
    pub losses: NodeId,
    pub loss: NodeId,
}

/// Forward and backward of a batch.
struct Differentiated {
    network: Network,
    loss: NodeId,
    /// Outputs from which metrics follow.
    counts: Vec<NodeId>,
    gradients: Vec<NodeId>,
}

/// Returns the name of the sums of a metric.
pub fn sums_name(metric: &dyn Metric) -> String {
    format!("sums {}", metric.name())
}

/// Returns the values whose maximum is the predicted class: logits if there are any, so that the softmax need not be
/// computed. One output is the probability of the second of two classes, which is predicted above 0.5 as in Keras's
/// `BinaryAccuracy`.
fn scores(graph: &mut Graph, network: &Network) -> Result<NodeId> {
    if graph.tensor_type(network.output).shape.last() > 1 {
        return Ok(logits(graph, network.output).unwrap_or(network.output));
    }
    // The third score never wins. It tells a tie at 0.5, which goes to the first class, from no answer at all.
    let mut constant = |name: &'static str, value: f32| {
        let expression = Expr::input(0) * 0.0 + value;
        pointwise::apply_expression(graph, name, &expression, &[network.output])
    };
    let (threshold, never) = (constant("threshold", 0.5)?, constant("never", f32::MIN)?);
    concat(graph, &[threshold, network.output, never], 1)
}

/// Returns the score of the predicted class, which after a softmax or a sigmoid is its probability.
fn confidence(graph: &mut Graph, network: &Network) -> Result<NodeId> {
    if graph.tensor_type(network.output).shape.last() > 1 {
        return reduce::max(graph, network.output, &[1], false);
    }
    let other = Expr::constant(1.0) - Expr::input(0);
    let larger = pointwise::apply_expression(graph, "confidence", &Expr::input(0).max(other), &[network.output])?;
    let samples = graph.tensor_type(larger).shape[0];
    reshape(graph, larger, [samples])
}

/// Appends the sum of `l1 * sum(|w|) + l2 * sum(w^2)` over the weights that have a penalty (Keras's `L1L2`).
fn append_penalty(graph: &mut Graph, network: &Network) -> Result<Option<NodeId>> {
    let mut total = None;
    for &(weight, penalty) in &network.penalties {
        let axes: Vec<usize> = (0..graph.tensor_type(weight).shape.rank()).collect();
        for (size, factor) in [("abs", penalty.l1), ("square", penalty.l2)] {
            if factor == 0.0 {
                continue;
            }
            let sizes = pointwise::apply(graph, size, &[weight])?;
            let sum = reduce::sum(graph, sizes, &axes, false)?;
            let factor = graph.scalar(factor);
            let sum = pointwise::mul(graph, sum, factor)?;
            total = Some(match total {
                Some(total) => pointwise::add(graph, total, sum)?,
                None => sum,
            });
        }
    }
    Ok(total)
}
