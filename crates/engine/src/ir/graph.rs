//! The graph: an append-only list of nodes in topological order.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use super::op::Op;
use crate::error::{Error, GraphError, Result};
use crate::tensor::{HostTensor, TensorType, constant_text};

/// Index of a node in its graph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u32);

/// Index of a layer in the model from which the graph was made. Every node that came from a layer carries it, as a
/// compiler's nodes carry their source location, so that an error can point at the layer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LayerId(pub u32);

/// Source of a node's value.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// Written for every run: images, labels, the learning rate.
    Input,
    /// Kept by the backend between runs, under the node's name: weights, optimizer slots, moving statistics.
    State,
    Constant(Arc<HostTensor>),
    Op(Arc<dyn Op>),
}

#[derive(Clone, Debug)]
pub struct Node {
    pub kind: NodeKind,
    pub inputs: SmallVec<[NodeId; 4]>,
    pub tensor_type: TensorType,
    /// Readable and unique (`conv2d.output`, `grad conv2d.kernel`); empty for a node without a name.
    pub name: String,
    pub layer: Option<LayerId>,
}

/// Computation graph: nodes, the nodes whose values are read (outputs), and new values of states (updates).
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    names: BTreeMap<String, NodeId>,
    layers: Vec<String>,
    current_layer: Option<LayerId>,
    outputs: Vec<NodeId>,
    updates: Vec<(NodeId, NodeId)>,
}

impl Graph {
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns all nodes; a node's inputs stand before it.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    pub fn tensor_type(&self, id: NodeId) -> &TensorType {
        &self.node(id).tensor_type
    }

    /// Finds the node with this name.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.names.get(name).copied()
    }

    /// Starts a new layer of this name: nodes appended from now on belong to it. Layers are numbered in order.
    pub fn enter_layer(&mut self, name: &str) -> LayerId {
        let id = LayerId(self.layers.len() as u32);
        self.layers.push(name.to_owned());
        self.current_layer = Some(id);
        id
    }

    /// Assigns the nodes appended from now on to this layer (entered before), or to none.
    pub fn set_layer(&mut self, layer: Option<LayerId>) {
        self.current_layer = layer;
    }

    pub fn layer_name(&self, layer: LayerId) -> &str {
        &self.layers[layer.0 as usize]
    }

    /// Appends a tensor that the caller writes for every run.
    ///
    /// # Errors
    /// If the name is taken.
    pub fn input(&mut self, name: &str, tensor_type: TensorType) -> Result<NodeId> {
        self.leaf(NodeKind::Input, name, tensor_type)
    }

    /// Appends a tensor that the backend keeps between runs.
    ///
    /// # Errors
    /// If the name is taken.
    pub fn state(&mut self, name: &str, tensor_type: TensorType) -> Result<NodeId> {
        self.leaf(NodeKind::State, name, tensor_type)
    }

    pub fn constant(&mut self, value: HostTensor) -> NodeId {
        let tensor_type = value.tensor_type().clone();
        self.push(NodeKind::Constant(Arc::new(value)), SmallVec::new(), tensor_type)
    }

    /// Appends a constant `f32` scalar, shape `[]`.
    pub fn scalar(&mut self, value: f32) -> NodeId {
        self.constant(HostTensor::scalar(value))
    }

    /// Appends the result of an op.
    ///
    /// # Errors
    /// Errors of [`Op::infer`], with the layer that is being lowered.
    pub fn apply(&mut self, op: Arc<dyn Op>, inputs: &[NodeId]) -> Result<NodeId> {
        let tensor_type = {
            let input_types: SmallVec<[&TensorType; 4]> = inputs.iter().map(|&id| self.tensor_type(id)).collect();
            op.infer(&input_types)
        };
        let tensor_type = tensor_type.map_err(|error| match self.current_layer {
            Some(layer) => error.at_layer(layer.0 as usize, self.layer_name(layer)),
            None => error,
        })?;
        Ok(self.push(NodeKind::Op(op), SmallVec::from_slice(inputs), tensor_type))
    }

    /// Sets the name of a node.
    ///
    /// # Errors
    /// If the name is taken.
    pub fn set_name(&mut self, id: NodeId, name: &str) -> Result<()> {
        if self.names.contains_key(name) {
            return Err(duplicate_name(name));
        }
        let node = &mut self.nodes[id.0 as usize];
        if !node.name.is_empty() {
            self.names.remove(&node.name);
        }
        node.name = name.to_owned();
        self.names.insert(name.to_owned(), id);
        Ok(())
    }

    /// Renames all states, so that the graph reads others on the backend.
    ///
    /// # Errors
    /// If a name is taken.
    pub fn rename_states(&mut self, rename: impl Fn(&str) -> String) -> Result<()> {
        for id in self.ids() {
            if let Node { kind: NodeKind::State, name, .. } = self.node(id) {
                let name = rename(name);
                self.set_name(id, &name)?;
            }
        }
        Ok(())
    }

    /// Marks a node whose value is read after a run.
    pub fn add_output(&mut self, id: NodeId) {
        if !self.outputs.contains(&id) {
            self.outputs.push(id);
        }
    }

    pub fn outputs(&self) -> &[NodeId] {
        &self.outputs
    }

    /// Sets the value that a state takes at the end of a run. All nodes read the old one.
    ///
    /// # Errors
    /// If the first node is not a state, or the types differ.
    pub fn add_update(&mut self, state: NodeId, value: NodeId) -> Result<()> {
        let (old, new) = (self.node(state), self.node(value));
        if !matches!(old.kind, NodeKind::State) || old.tensor_type != new.tensor_type {
            let (expected, got) = (old.tensor_type.to_string(), new.tensor_type.to_string());
            return Err(GraphError::BadUpdate { name: old.name.clone(), expected, got }.into());
        }
        self.updates.push((state, value));
        Ok(())
    }

    /// Returns pairs of a state and the node with its next value.
    pub fn updates(&self) -> &[(NodeId, NodeId)] {
        &self.updates
    }

    /// Marks each node on which outputs, updates or the given further roots depend.
    pub fn live(&self, roots: &[NodeId]) -> Vec<bool> {
        let mut live = vec![false; self.nodes.len()];
        let updates = self.updates.iter().flat_map(|&(state, value)| [state, value]);
        for id in self.outputs.iter().copied().chain(updates).chain(roots.iter().copied()) {
            live[id.0 as usize] = true;
        }
        for index in (0..self.nodes.len()).rev() {
            if live[index] {
                for input in &self.nodes[index].inputs {
                    live[input.0 as usize] = true;
                }
            }
        }
        live
    }

    fn leaf(&mut self, kind: NodeKind, name: &str, tensor_type: TensorType) -> Result<NodeId> {
        if self.names.contains_key(name) {
            return Err(duplicate_name(name));
        }
        let id = self.push(kind, SmallVec::new(), tensor_type);
        self.set_name(id, name)?;
        Ok(id)
    }

    fn push(&mut self, kind: NodeKind, inputs: SmallVec<[NodeId; 4]>, tensor_type: TensorType) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node { kind, inputs, tensor_type, name: String::new(), layer: self.current_layer });
        id
    }
}

fn duplicate_name(name: &str) -> Error {
    GraphError::DuplicateName { name: name.to_owned() }.into()
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

/// Prints one line per node, `%7 = conv2d(%0, %5) {padding=valid} : f32[32,26,26,32]  # conv2d.output`.
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for id in self.ids() {
            let node = self.node(id);
            write!(f, "{id} = ")?;
            match &node.kind {
                NodeKind::Input => write!(f, "input")?,
                NodeKind::State => write!(f, "state")?,
                NodeKind::Constant(value) if value.shape().len() == 1 => {
                    write!(f, "constant {}", constant_text(value.words()[0]))?
                }
                NodeKind::Constant(_) => write!(f, "constant")?,
                NodeKind::Op(op) => {
                    write!(f, "{}(", op.name())?;
                    for (position, input) in node.inputs.iter().enumerate() {
                        write!(f, "{}{input}", if position > 0 { ", " } else { "" })?;
                    }
                    f.write_str(")")?;
                    let attributes = op.attributes();
                    if !attributes.is_empty() {
                        write!(f, " {{{attributes}}}")?;
                    }
                }
            }
            write!(f, " : {}", node.tensor_type)?;
            if !node.name.is_empty() {
                write!(f, "  # {}", node.name)?;
            }
            writeln!(f)?;
        }
        for output in &self.outputs {
            writeln!(f, "output {output}")?;
        }
        for (state, value) in &self.updates {
            writeln!(f, "update {state} <- {value}")?;
        }
        Ok(())
    }
}
