//! The graphs behind the record of a step: the copy of the states before it, and all that it computed from them.

use std::sync::Arc;

use super::graphs::{BATCH_FRACTION, Forward, LOSS, Program, gradient_name, next_name, readable};
use super::model::LoadedModel;
use crate::autograd::{depends_on, gradients};
use crate::data::FieldType;
use crate::error::Result;
use crate::ir::{Expr, Graph, NodeId, NodeKind};
use crate::ops::recurrent::state_gradients;
use crate::ops::reshape::Reshape;
use crate::ops::{pointwise, reduce};
use crate::tensor::{DType, HostTensor, TensorType};

/// Prefix of the copy of a state from before a step.
pub const BEFORE: &str = "before ";
/// Among the tensors of a step: the batch's inputs, `[N, input shape]`.
pub const BATCH_INPUT: &str = "batch.input";
/// Among the tensors of a step: the loss of each example, `[N]`.
pub const BATCH_LOSS: &str = "batch.loss";
/// Among the tensors of a step: the operand of the model's last function, if that is a softmax or a sigmoid, `[N, output shape]`.
pub const LOGITS: &str = "logits";

impl LoadedModel {
    /// Builds the copy of all states to those whose names begin with [`BEFORE`].
    ///
    /// # Errors
    /// If a name is taken.
    pub fn copy_states_graph(&self) -> Result<Program> {
        let mut graph = Graph::new();
        for (name, shape) in self.states() {
            let state = graph.state(&name, TensorType::f32(shape.clone()))?;
            let copy = graph.state(&format!("{BEFORE}{name}"), TensorType::f32(shape))?;
            // An op, because a device cannot copy within the buffer that states share.
            let value = pointwise::apply_expression(&mut graph, "copy", &Expr::input(0), &[state])?;
            graph.add_update(copy, value)?;
        }
        // A backend that works by itself reports the end of a run by its outputs.
        let done = graph.scalar(1.0);
        graph.set_name(done, "copied")?;
        graph.add_output(done);
        Ok(Program { graph, taps: Vec::new() })
    }

    /// Builds all that a step computes for a shard of the batch, from the copies of the states before it
    /// ([`LoadedModel::copy_states_graph`]): outputs, [`BATCH_LOSS`], [`LOGITS`], and the gradients of the batch's loss with respect
    /// to parameters, to outputs, `grad conv2d.output` `[N, output shape]`, to logits and inputs, and to the states of recurrent
    /// layers, `grad lstm.states` `[N,T,units]`, on all ways to the loss, those through later steps among them. Output: the loss.
    ///
    /// A step differentiates softmax and cross-entropy as one. For the gradient of the softmax's output the cross-entropy
    /// is taken of the probabilities, as Keras does if the model's last layer is not a softmax.
    ///
    /// # Errors
    /// If the model does not fit the loss; the error carries the layer.
    pub fn record_graph(&self, shard: usize) -> Result<Program> {
        self.record(shard, false)
    }

    /// Builds the same graph with every node readable, so that one number can be [followed](super::follow). Numbers between those
    /// of layers are called by layer and op, `conv2d.add`, their gradients `grad conv2d.add`, and all else on the way back likewise,
    /// `grad lstm.recurrent_gradient`.
    ///
    /// # Errors
    /// As [`LoadedModel::record_graph`].
    pub fn follow_graph(&self, shard: usize) -> Result<Program> {
        let Program { mut graph, taps } = self.record(shard, true)?;
        let gradients = on_the_way_back(&graph);
        name_all(&mut graph, &gradient_name(""), |id| gradients[id.0 as usize])?;
        name_all(&mut graph, "", |_| true)?;
        let live = graph.live(&taps);
        let taps = graph.ids().filter(|id| live[id.0 as usize] && matches!(graph.node(*id).kind, NodeKind::Op(_)));
        Ok(Program { taps: taps.collect(), graph })
    }

    /// Builds the way of inputs through the network with every node readable.
    ///
    /// # Errors
    /// As [`LoadedModel::prediction_graph`].
    pub fn follow_input_graph(&self, inputs: usize) -> Result<Program> {
        let Program { mut graph, .. } = self.prediction_graph(inputs)?;
        if let Some(logits) = graph.outputs().first().and_then(|output| final_operand(&graph, *output)) {
            named(&mut graph, logits, LOGITS)?;
        }
        name_all(&mut graph, "", |_| true)?;
        let live = graph.live(&[]);
        let taps = graph.ids().filter(|id| live[id.0 as usize] && matches!(graph.node(*id).kind, NodeKind::Op(_)));
        Ok(Program { taps: taps.collect(), graph })
    }

    fn record(&self, shard: usize, names_all: bool) -> Result<Program> {
        let mut graph = Graph::new();
        let fraction = graph.input(BATCH_FRACTION, TensorType::f32([]))?;
        let Forward { network, input, target, sample_weight, losses, loss } =
            self.append_forward(&mut graph, shard, Some(fraction))?;
        let is_skipped = self.config().loss.takes_logits_of(&graph, network.output);
        let (of_loss, of_probabilities) = network.outputs.split_at(network.outputs.len() - usize::from(is_skipped));
        let logits = final_operand(&graph, network.output);
        let numbers = (graph.tensor_type(input).dtype == DType::F32).then_some(input);
        let between = if names_all {
            graph.set_name(losses, BATCH_LOSS)?;
            // Random numbers have no gradient.
            let roots: Vec<NodeId> = network.parameters.iter().chain(&numbers).copied().collect();
            let depends = depends_on(&graph, &roots, loss);
            let named = name_all(&mut graph, "", |id| logits != Some(id))?;
            named.into_iter().chain([losses]).filter(|id| depends[id.0 as usize]).collect()
        } else {
            Vec::new()
        };
        // The way back through a recurrence begins at its inputs.
        let recurrences = network.views.iter().filter_map(|view| graph.node(view.kept).inputs.first().copied());
        let wrt: Vec<NodeId> = of_loss
            .iter()
            .chain(&network.parameters)
            .chain(&logits)
            .chain(&numbers)
            .copied()
            .chain(recurrences)
            // The last comes first: a gradient that two share is called after the later one.
            .chain(between.into_iter().rev())
            .collect();
        let mut of_wrt = gradients(&mut graph, loss, &wrt)?.into_iter();
        let mut of_outputs: Vec<NodeId> = of_wrt.by_ref().take(of_loss.len()).collect();
        if is_skipped {
            let losses = self.config().loss.append_to_output(&mut graph, network.output, self.target(target))?;
            let weighted = pointwise::mul(&mut graph, losses, sample_weight)?;
            let loss = reduce::sum(&mut graph, weighted, &[0], false)?;
            of_outputs.extend(gradients(&mut graph, loss, of_probabilities)?);
        }
        let of_parameters: Vec<NodeId> = of_wrt.by_ref().take(network.parameters.len()).collect();

        let mut taps: Vec<NodeId> = readable(&network).collect();
        taps.push(named(&mut graph, losses, BATCH_LOSS)?);
        for (node, gradient) in
            network.outputs.iter().chain(&network.parameters).zip([of_outputs, of_parameters].concat())
        {
            let name = gradient_name(&graph.node(*node).name);
            taps.push(named(&mut graph, gradient, &name)?);
        }
        if let (Some(logits), Some(gradient)) = (logits, logits.and_then(|_| of_wrt.next())) {
            taps.push(named(&mut graph, logits, LOGITS)?);
            taps.push(named(&mut graph, gradient, &gradient_name(LOGITS))?);
        }
        if let Some(gradient) = numbers.and_then(|_| of_wrt.next()) {
            taps.push(named(&mut graph, gradient, &gradient_name(BATCH_INPUT))?);
        }
        for &(state, value) in &network.updates {
            let name = next_name(&graph.node(state).name);
            taps.push(named(&mut graph, value, &name)?);
        }
        for view in &network.views {
            let shape = graph.tensor_type(view.node).shape.clone();
            let gradient = match state_gradients(&mut graph, view.kept)? {
                Some(gradient) => graph.apply(Arc::new(Reshape { shape }), &[gradient])?,
                None => graph.constant(HostTensor::zeros(TensorType::f32(shape))),
            };
            let name = gradient_name(&graph.node(view.node).name);
            taps.push(named(&mut graph, gradient, &name)?);
        }
        graph.add_output(loss);
        graph.rename_states(|name| format!("{BEFORE}{name}"))?;
        Ok(Program { graph, taps })
    }

    /// Returns true if the model ends with a softmax or a sigmoid, whose operand are the [`LOGITS`].
    pub(super) fn ends_with_logits(&self) -> Result<bool> {
        let graph = self.prediction_graph(1)?.graph;
        Ok(graph.outputs().first().is_some_and(|output| final_operand(&graph, *output).is_some()))
    }

    /// Returns the names of the tensors of a step that belong to no layer.
    pub fn step_names(&self) -> Vec<String> {
        let mut names = vec![BATCH_LOSS.to_owned()];
        if self.has_logits() {
            names.extend([LOGITS.to_owned(), gradient_name(LOGITS)]);
        }
        if !matches!(self.schema().input.dtype, FieldType::Tokens { .. }) {
            names.push(gradient_name(BATCH_INPUT));
        }
        names
    }
}

/// Returns the operand of the function that a model ends with, if that is a softmax or a sigmoid.
pub(super) fn final_operand(graph: &Graph, output: NodeId) -> Option<NodeId> {
    let node = graph.node(output);
    match &node.kind {
        NodeKind::Op(op) if ["softmax", "sigmoid"].contains(&op.name()) => node.inputs.first().copied(),
        _ => None,
    }
}

/// Marks the nodes that follow from a gradient.
fn on_the_way_back(graph: &Graph) -> Vec<bool> {
    let mut marks = vec![false; graph.nodes().len()];
    for id in graph.ids() {
        let node = graph.node(id);
        let follows = node.inputs.iter().any(|input| marks[input.0 as usize]);
        marks[id.0 as usize] = follows || node.name.starts_with(&gradient_name(""));
    }
    marks
}

/// Gives names to the results of ops that have none yet, by layer and op. Returns those that can have a gradient.
pub(super) fn name_all(graph: &mut Graph, prefix: &str, is_wanted: impl Fn(NodeId) -> bool) -> Result<Vec<NodeId>> {
    let mut named = Vec::new();
    for id in graph.ids() {
        let node = graph.node(id);
        let NodeKind::Op(op) = &node.kind else { continue };
        if !node.name.is_empty() || !is_wanted(id) {
            continue;
        }
        let layer = node.layer.map_or(LOSS, |layer| graph.layer_name(layer));
        let base = format!("{prefix}{layer}.{}", op.name());
        let number = (1..).find(|number| graph.find(&numbered(&base, *number)).is_none());
        let name = numbered(&base, number.unwrap_or(1));
        graph.set_name(id, &name)?;
        if graph.tensor_type(id).dtype == DType::F32 {
            named.push(id);
        }
    }
    Ok(named)
}

fn numbered(base: &str, number: usize) -> String {
    if number == 1 { base.to_owned() } else { format!("{base}_{}", number - 1) }
}

/// Gives a node a name, or a copy of it if it has one already: a layer that does nothing has the gradient of the one before it.
fn named(graph: &mut Graph, node: NodeId, name: &str) -> Result<NodeId> {
    let own = &graph.node(node).name;
    if own == name {
        return Ok(node);
    }
    if own.is_empty() {
        graph.set_name(node, name)?;
        return Ok(node);
    }
    let shape = graph.tensor_type(node).shape.clone();
    let copy = graph.apply(Arc::new(Reshape { shape }), &[node])?;
    graph.set_name(copy, name)?;
    Ok(copy)
}
