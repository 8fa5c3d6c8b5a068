//! The graphs of a model: a training step, an evaluation, a prediction, and what can be looked at besides.

use std::sync::Arc;

use crate::autograd::gradients;
use crate::error::Result;
use crate::ir::{Expr, Graph, NodeId};
use crate::model::catalogue::ResolvedLayer;
use crate::model::losses::logits;
use crate::model::lower::{Mode, Network, append_model};
use crate::model::optimizers::{Clipping, append_guarded_update, append_updates};
use crate::model::spec::TrainingConfig;
use crate::ops::all_finite::all_finite;
use crate::ops::classification::{argmax, correct_predictions};
use crate::ops::reshape::Reshape;
use crate::ops::{pointwise, reduce};
use crate::tensor::TensorType;

/// Input `[N, input shape]`.
pub const IMAGES: &str = "images";
/// Input `i32[N]`.
pub const LABELS: &str = "labels";
/// Input `[N]`: how much each sample counts. In training the weights of a batch add up to 1; a row of 0 is padding.
pub const SAMPLE_WEIGHT: &str = "sample_weight";
/// Input `i32[2]` of a training step, there only where a layer draws random numbers: seed and step.
pub const KEY: &str = "key";
/// Input `[]` of a slice, there only where something depends on it: which part of the batch it is, 0 to 1.
pub const SHARE: &str = "share";
/// Output `[]`: the weighted sum of the samples' losses, plus the L2 penalties.
pub const LOSS: &str = "loss";
/// Output `[]`: how many samples of weight above 0 were classified right.
pub const CORRECT: &str = "correct";
/// Output `[]` of a training step: 1 where loss and gradients are numbers, else 0, and then no state changes.
pub const HEALTHY: &str = "healthy";
/// Output `i32[N]` of an evaluation: the class with the highest score.
pub const PREDICTED: &str = "predicted";
/// Output `[N]` of an evaluation: the highest output, which after a softmax is the probability of [`PREDICTED`].
pub const CONFIDENCE: &str = "confidence";
/// Output `[]` of an evaluation: the L2 penalties alone.
pub const PENALTY: &str = "penalty";

/// A graph, and the nodes to watch besides its outputs.
pub struct Program {
    pub graph: Graph,
    pub taps: Vec<NodeId>,
}

/// One step of training on a batch: forward, backward, update, metrics.
///
/// The outputs of all layers and the gradients of all parameters stay readable. Most of them the backward pass needs
/// until late anyway, so that this costs little, and any tensor of the last step can be looked at without a second run.
///
/// # Errors
/// If the model does not fit the loss; the error carries the layer.
pub fn training(
    layers: &[ResolvedLayer],
    input_shape: &[usize],
    batch: usize,
    config: &TrainingConfig,
) -> Result<Program> {
    let mut graph = Graph::new();
    let Differentiated { network, loss, correct, gradients } =
        append_gradients(&mut graph, layers, input_shape, batch, config, None)?;
    let healthy = append_step(&mut graph, config, loss, &network.parameters, &gradients, &network.updates)?;
    for output in [loss, correct, healthy] {
        graph.add_output(output);
    }
    let taps = network.outputs.into_iter().chain(gradients).collect();
    Ok(Program { graph, taps })
}

/// The part of a training step that a slice of the batch allows: forward and backward, without updates.
///
/// Outputs: the slice's part of the loss, how many samples it has right, its part of the gradient of each trained weight
/// and, called `next batch_normalization.moving_mean`, of the new value of each weight that is not trained. Summed over
/// slices whose [shares](SHARE) add up to 1 and whose sample weights do so together, they are those of the whole batch,
/// but that layers which look at the whole batch (batch normalisation) look at each slice alone, as replicas do in Keras's
/// `MirroredStrategy`; new values are then the mean of theirs.
///
/// # Errors
/// If the model does not fit the loss; the error carries the layer.
pub fn gradient(
    layers: &[ResolvedLayer],
    input_shape: &[usize],
    slice: usize,
    config: &TrainingConfig,
) -> Result<Program> {
    let mut graph = Graph::new();
    let share = graph.input(SHARE, TensorType::f32([]))?;
    let Differentiated { network, loss, correct, gradients } =
        append_gradients(&mut graph, layers, input_shape, slice, config, Some(share))?;
    let mut outputs = vec![loss, correct];
    outputs.extend(gradients);
    for &(state, value) in &network.updates {
        let part = pointwise::mul(&mut graph, value, share)?;
        let name = next_name(&graph.node(state).name);
        graph.set_name(part, &name)?;
        outputs.push(part);
    }
    for output in outputs {
        graph.add_output(output);
    }
    Ok(Program { graph, taps: network.outputs })
}

/// The rest of a training step: updates all weights from the sums over the slices, which are its inputs, under the names
/// of the outputs of [`gradient`] (the number of samples that were right is none of them).
///
/// # Errors
/// If a name is taken.
pub fn update(layers: &[ResolvedLayer], config: &TrainingConfig) -> Result<Program> {
    let mut graph = Graph::new();
    let loss = graph.input(LOSS, TensorType::f32([]))?;
    let (mut parameters, mut gradients, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for layer in layers {
        graph.enter_layer(&layer.name);
        for weight in &layer.weights {
            let name = format!("{}.{}", layer.name, weight.name);
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
    let healthy = append_step(&mut graph, config, loss, &parameters, &gradients, &others)?;
    graph.add_output(healthy);
    Ok(Program { graph, taps: gradients })
}

/// Appends the updates of the parameters and the new values of the other weights, and returns whether they are made: loss
/// and gradients are numbers.
fn append_step(
    graph: &mut Graph,
    config: &TrainingConfig,
    loss: NodeId,
    parameters: &[NodeId],
    gradients: &[NodeId],
    others: &[(NodeId, NodeId)],
) -> Result<NodeId> {
    let healthy = append_health(graph, loss, gradients)?;
    graph.set_name(healthy, HEALTHY)?;
    let clipping = Clipping { norm: config.clip_norm, value: config.clip_value };
    append_updates(graph, &config.optimizer, clipping, parameters, gradients, healthy)?;
    for &(state, value) in others {
        append_guarded_update(graph, healthy, state, value)?;
    }
    Ok(healthy)
}

/// The name of a weight's gradient.
pub fn gradient_name(weight: &str) -> String {
    format!("grad {weight}")
}

/// The name of a slice's part of the new value of a weight that is not trained.
pub fn next_name(weight: &str) -> String {
    format!("next {weight}")
}

/// The gradients of a batch's loss with respect to the outputs of all layers, `grad conv2d.output` `[N, output shape]`, which
/// no training step keeps. Output: the loss.
///
/// A step differentiates softmax and cross-entropy as one. For the gradient of the softmax's output the cross-entropy is
/// taken of the probabilities, as Keras takes it where the model's last layer is none.
///
/// # Errors
/// If the model does not fit the loss; the error carries the layer.
pub fn output_gradients(
    layers: &[ResolvedLayer],
    input_shape: &[usize],
    batch: usize,
    config: &TrainingConfig,
) -> Result<Program> {
    let mut graph = Graph::new();
    let Forward { network, labels, sample_weight, loss } =
        append_forward(&mut graph, layers, input_shape, batch, config, None)?;
    let is_skipped = config.loss.takes_logits_of(&graph, network.output);
    let (of_loss, of_probabilities) = network.outputs.split_at(network.outputs.len() - usize::from(is_skipped));
    let mut taps = gradients(&mut graph, loss, of_loss)?;
    if is_skipped {
        let losses = config.loss.append_to_output(&mut graph, network.output, labels)?;
        let weighted = pointwise::mul(&mut graph, losses, sample_weight)?;
        let loss = reduce::sum(&mut graph, weighted, &[0], false)?;
        taps.extend(gradients(&mut graph, loss, of_probabilities)?);
    }
    for (output, gradient) in network.outputs.iter().zip(&mut taps) {
        let name = gradient_name(&graph.node(*output).name);
        if graph.node(*gradient).name != name {
            // A layer that does nothing has the gradient of the one before it.
            let shape = graph.tensor_type(*gradient).shape.clone();
            *gradient = graph.apply(Arc::new(Reshape { shape }), &[*gradient])?;
            graph.set_name(*gradient, &name)?;
        }
    }
    graph.add_output(loss);
    Ok(Program { graph, taps })
}

/// Forward to the loss.
struct Forward {
    network: Network,
    labels: NodeId,
    sample_weight: NodeId,
    loss: NodeId,
}

/// What a training step begins with.
struct Differentiated {
    network: Network,
    loss: NodeId,
    correct: NodeId,
    gradients: Vec<NodeId>,
}

/// Appends forward and backward of a batch, or of a slice of one, given its [`SHARE`].
fn append_gradients(
    graph: &mut Graph,
    layers: &[ResolvedLayer],
    input_shape: &[usize],
    batch: usize,
    config: &TrainingConfig,
    share: Option<NodeId>,
) -> Result<Differentiated> {
    let Forward { network, labels, sample_weight, loss } =
        append_forward(graph, layers, input_shape, batch, config, share)?;
    let gradients = gradients(graph, loss, &network.parameters)?;

    let scores = scores(graph, &network);
    let right = correct_predictions(graph, scores, labels)?;
    let counted = Expr::input(0) * Expr::input(1).greater(0.0);
    let counted = pointwise::apply_expression(graph, "count", &counted, &[right, sample_weight])?;
    let correct = reduce::sum(graph, counted, &[0], false)?;
    graph.set_name(correct, CORRECT)?;
    Ok(Differentiated { network, loss, correct, gradients })
}

/// Appends the forward pass of a batch, or of a slice of one, given its [`SHARE`].
fn append_forward(
    graph: &mut Graph,
    layers: &[ResolvedLayer],
    input_shape: &[usize],
    batch: usize,
    config: &TrainingConfig,
    share: Option<NodeId>,
) -> Result<Forward> {
    let images = graph.input(IMAGES, batched(batch, input_shape))?;
    let labels = graph.input(LABELS, TensorType::i32([batch]))?;
    let sample_weight = graph.input(SAMPLE_WEIGHT, TensorType::f32([batch]))?;
    let key = graph.input(KEY, TensorType::i32([2]))?;
    let network = append_model(graph, layers, images, Mode::Training { key })?;

    let losses = config.loss.append(graph, network.output, labels)?;
    let weighted = pointwise::mul(graph, losses, sample_weight)?;
    let mut loss = reduce::sum(graph, weighted, &[0], false)?;
    if let Some(penalty) = append_penalty(graph, &network)? {
        let penalty = match share {
            Some(share) => pointwise::mul(graph, penalty, share)?,
            None => penalty,
        };
        loss = pointwise::add(graph, loss, penalty)?;
    }
    graph.set_name(loss, LOSS)?;
    Ok(Forward { network, labels, sample_weight, loss })
}

/// Loss and predictions of a batch, in inference mode. Weights of samples are 1, or 0 for padding.
///
/// # Errors
/// If the model does not fit the loss; the error carries the layer.
pub fn evaluation(
    layers: &[ResolvedLayer],
    input_shape: &[usize],
    batch: usize,
    config: &TrainingConfig,
) -> Result<Program> {
    let mut graph = Graph::new();
    let images = graph.input(IMAGES, batched(batch, input_shape))?;
    let labels = graph.input(LABELS, TensorType::i32([batch]))?;
    let sample_weight = graph.input(SAMPLE_WEIGHT, TensorType::f32([batch]))?;
    let network = append_model(&mut graph, layers, images, Mode::Inference)?;
    let losses = config.loss.append(&mut graph, network.output, labels)?;
    let weighted = pointwise::mul(&mut graph, losses, sample_weight)?;
    let loss = reduce::sum(&mut graph, weighted, &[0], false)?;
    graph.set_name(loss, LOSS)?;
    graph.add_output(loss);
    let scores = scores(&graph, &network);
    let predicted = argmax(&mut graph, scores)?;
    graph.set_name(predicted, PREDICTED)?;
    graph.add_output(predicted);
    let confidence = reduce::max(&mut graph, network.output, &[1], false)?;
    graph.set_name(confidence, CONFIDENCE)?;
    graph.add_output(confidence);
    if let Some(penalty) = append_penalty(&mut graph, &network)? {
        graph.set_name(penalty, PENALTY)?;
        graph.add_output(penalty);
    }
    Ok(Program { graph, taps: Vec::new() })
}

/// The outputs of all layers for a batch, in inference mode.
///
/// # Errors
/// If an op does not accept what it is given; the error carries the layer.
pub fn prediction(layers: &[ResolvedLayer], input_shape: &[usize], batch: usize) -> Result<Program> {
    let mut graph = Graph::new();
    let images = graph.input(IMAGES, batched(batch, input_shape))?;
    let network = append_model(&mut graph, layers, images, Mode::Inference)?;
    graph.add_output(network.output);
    Ok(Program { graph, taps: network.outputs })
}

fn batched(batch: usize, shape: &[usize]) -> TensorType {
    TensorType::f32([&[batch], shape].concat())
}

/// What the predicted class is read from: logits where there are some, so that the softmax need not be computed.
fn scores(graph: &Graph, network: &Network) -> NodeId {
    logits(graph, network.output).unwrap_or(network.output)
}

/// The sum of `l2 * sum(w^2)` over the weights that have a penalty (Keras's `L2`).
fn append_penalty(graph: &mut Graph, network: &Network) -> Result<Option<NodeId>> {
    let mut total = None;
    for &(weight, factor) in &network.penalties {
        let squares = pointwise::square(graph, weight)?;
        let axes: Vec<usize> = (0..graph.tensor_type(weight).shape.rank()).collect();
        let sum = reduce::sum(graph, squares, &axes, false)?;
        let factor = graph.scalar(factor);
        let sum = pointwise::mul(graph, sum, factor)?;
        total = Some(match total {
            Some(total) => pointwise::add(graph, total, sum)?,
            None => sum,
        });
    }
    Ok(total)
}

/// 1 where loss and gradients are numbers, else 0.
fn append_health(graph: &mut Graph, loss: NodeId, gradients: &[NodeId]) -> Result<NodeId> {
    let all: Vec<NodeId> = [loss].iter().chain(gradients).copied().collect();
    all_finite(graph, &all)
}
