//! From a checked model to the nodes of a graph. Each layer appends its own nodes, by [`Layer::lower`](super::layers::Layer::lower).

use std::sync::Arc;

use super::catalogue::{Penalty, ResolvedLayer, Settings, Source};
use crate::error::{ModelError, Result};
use crate::ir::{Expr, Graph, NodeId};
use crate::ops::pointwise;
use crate::ops::reshape::Reshape;
use crate::ops::softmax::softmax;
use crate::tensor::TensorType;

/// The purpose of a graph.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Dropout drops, batch normalisation takes the statistics of the batch. `key`, `i32[2]`, differs from step to step.
    Training {
        key: NodeId,
    },
    Inference,
}

/// The graph and the weights of a layer that appends its nodes.
pub struct Context<'a> {
    pub graph: &'a mut Graph,
    pub mode: Mode,
    /// The layer's position in the model.
    pub layer: u32,
    name: &'a str,
    weights: Vec<(&'static str, NodeId)>,
    updates: Vec<(NodeId, NodeId)>,
    views: Vec<View>,
    /// The masks of the inputs.
    masks: Vec<Option<NodeId>>,
    /// The mask of the output, if the layer makes one of its own.
    own_mask: Option<NodeId>,
}

/// The states of a recurrent layer.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The states `[N,T,units]`.
    pub node: NodeId,
    /// The op that runs through the sequence.
    pub kept: NodeId,
}

impl Context<'_> {
    /// Returns the layer's weight of this name, if it has one.
    pub fn optional_weight(&self, name: &str) -> Option<NodeId> {
        self.weights.iter().find(|(own, _)| *own == name).map(|(_, node)| *node)
    }

    /// Returns the layer's weight of this name.
    ///
    /// # Errors
    /// If the catalogue does not give the layer this weight.
    pub fn weight(&self, name: &str) -> Result<NodeId> {
        self.optional_weight(name).ok_or_else(|| ModelError::UndeclaredWeight { name: name.to_owned() }.into())
    }

    /// Sets the value that a weight which is not trained takes at the end of a training step.
    pub fn update(&mut self, weight: NodeId, value: NodeId) {
        self.updates.push((weight, value));
    }

    /// Returns the mask `[N,T]` of the first input `[N,T,...]`, if it has one: 1, or 0 for a step that does not count.
    pub fn mask(&self) -> Option<NodeId> {
        self.masks.first().copied().flatten()
    }

    /// Sets the mask `[N,T]` of the output.
    pub fn set_mask(&mut self, mask: NodeId) {
        self.own_mask = Some(mask);
    }

    /// Makes one of the layer's [views](super::layers::Layer::views) readable under its name.
    ///
    /// # Errors
    /// If the name is taken.
    pub fn view(&mut self, name: &str, view: View) -> Result<()> {
        self.graph.set_name(view.node, &format!("{}.{name}", self.name))?;
        self.views.push(view);
        Ok(())
    }

    /// Appends an activation function of the catalogue.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn activation(&mut self, name: &str, x: NodeId) -> Result<NodeId> {
        match name {
            "linear" => Ok(x),
            "softmax" => softmax(self.graph, x),
            other => pointwise::apply(self.graph, other, &[x]),
        }
    }

    /// Appends `activation(x + bias)`, with the bias where the layer has one.
    ///
    /// # Errors
    /// If shapes do not fit.
    pub fn bias_and_activation(&mut self, settings: &Settings, x: NodeId) -> Result<NodeId> {
        let sum = match self.optional_weight("bias") {
            Some(bias) => pointwise::add(self.graph, x, bias)?,
            None => x,
        };
        self.activation(settings.choice("activation"), sum)
    }
}

/// A model in a graph.
pub struct Network {
    /// `[N, output shape]`
    pub output: NodeId,
    /// Trained weights, layer by layer in Keras's order.
    pub parameters: Vec<NodeId>,
    /// For each layer its output.
    pub outputs: Vec<NodeId>,
    /// For each layer the mask of its output, if it has one.
    masks: Vec<Option<NodeId>>,
    /// Values that layers show besides their outputs.
    pub views: Vec<View>,
    /// New values of the weights that are not trained; empty for inference.
    pub updates: Vec<(NodeId, NodeId)>,
    /// Parameters with a penalty.
    pub penalties: Vec<(NodeId, Penalty)>,
}

/// Appends a whole model on `images` `[N, input shape]`. Weights become states called `conv2d.kernel`, outputs of layers
/// nodes called `conv2d.output`.
///
/// # Errors
/// If a name is taken or an op does not accept what it is given; the error carries the layer.
pub fn append_model(graph: &mut Graph, layers: &[ResolvedLayer], images: NodeId, mode: Mode) -> Result<Network> {
    let mut network = Network {
        output: images,
        parameters: vec![],
        outputs: vec![],
        masks: vec![],
        views: vec![],
        updates: vec![],
        penalties: vec![],
    };
    for (index, layer) in layers.iter().enumerate() {
        graph.enter_layer(&layer.name);
        let result = append_layer(graph, layer, index as u32, images, mode, &mut network);
        result.map_err(|error| error.at_layer(index, &layer.name))?;
    }
    graph.set_layer(None);
    Ok(network)
}

fn append_layer(
    graph: &mut Graph,
    layer: &ResolvedLayer,
    index: u32,
    images: NodeId,
    mode: Mode,
    network: &mut Network,
) -> Result<()> {
    let mut weights = Vec::with_capacity(layer.weights.len());
    for weight in &layer.weights {
        let node = graph.state(&format!("{}.{}", layer.name, weight.name), TensorType::f32(weight.shape.clone()))?;
        weights.push((weight.name, node));
        if weight.trainable {
            network.parameters.push(node);
        }
        if weight.penalty != Penalty::NONE {
            network.penalties.push((node, weight.penalty));
        }
    }
    let output_of = |source: &Source| match source {
        Source::Input => Some(images),
        Source::Layer(at) => network.outputs.get(*at).copied(),
    };
    // The catalogue has checked that each stands before the layer.
    let inputs: Vec<NodeId> = layer.inputs.iter().filter_map(output_of).collect();
    let mask_of = |source: &Source| match source {
        Source::Input => None,
        Source::Layer(at) => network.masks.get(*at).copied().flatten(),
    };
    let masks: Vec<Option<NodeId>> = layer.inputs.iter().map(mask_of).collect();
    let mut context = Context {
        graph,
        mode,
        layer: index,
        name: &layer.name,
        weights,
        updates: Vec::new(),
        views: Vec::new(),
        masks,
        own_mask: None,
    };
    let mut output = layer.layer_type.lower(&mut context, &layer.settings, &inputs)?;
    let mask = match (context.own_mask, layer.layer_type.passes_mask(&layer.settings)) {
        (None, true) => joined_mask(context.graph, &context.masks)?,
        (own, _) => own,
    };
    let is_view = context.views.iter().any(|view| view.node == output);
    network.updates.append(&mut context.updates);
    network.views.append(&mut context.views);
    if is_view || inputs.contains(&output) {
        // A layer that does nothing still has an output of its own name, as has one that shows its output twice.
        let shape = graph.tensor_type(output).shape.clone();
        output = graph.apply(Arc::new(Reshape { shape }), &[output])?;
    }
    graph.set_name(output, &format!("{}.output", layer.name))?;
    network.outputs.push(output);
    network.masks.push(mask);
    network.output = output;
    Ok(())
}

/// Appends the mask of what several inputs become: a step counts if it does in one of them, and nothing is masked if one of
/// them has no mask, as in Keras.
fn joined_mask(graph: &mut Graph, masks: &[Option<NodeId>]) -> Result<Option<NodeId>> {
    let mut joined = None;
    for mask in masks {
        let Some(mask) = *mask else { return Ok(None) };
        joined = Some(match joined {
            Some(other) if graph.tensor_type(other) != graph.tensor_type(mask) => return Ok(None),
            Some(other) => {
                let either = Expr::input(0).max(Expr::input(1));
                pointwise::apply_expression(graph, "either", &either, &[other, mask])?
            }
            None => mask,
        });
    }
    Ok(joined)
}
