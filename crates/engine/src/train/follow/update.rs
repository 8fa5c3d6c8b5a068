//! The last line of a step: from a gradient to the new weight, by the optimizer's rule with its numbers.

use super::super::Session;
use super::super::graphs::{IS_FINITE, Program};
use super::super::model::LoadedModel;
use super::super::record_graphs::{BEFORE, name_all};
use super::operands::{Operand, Operands};
use super::unknown;
use crate::error::{Result, SessionError};
use crate::ir::interpret::run_op;
use crate::ir::{ExplainCall, Graph, NodeId, NodeKind};
use crate::model::optimizers::{BIAS_CORRECTION, LEARNING_RATE};
use crate::protocol::Cell;
use crate::protocol::explanation::Explanation;
use crate::tensor::HostTensor;

/// Prefix of the names of numbers between a gradient and the new weight.
pub(super) const PREFIX: &str = "update ";

impl LoadedModel {
    /// Builds the graph of the update with a name for every node.
    fn named_update_graph(&self) -> Result<Graph> {
        let Program { mut graph, .. } = self.update_graph()?;
        name_all(&mut graph, PREFIX, |_| true)?;
        Ok(graph)
    }
}

/// The update of a state: the way to one of its numbers.
struct Way {
    graph: Graph,
    /// The node that is explained.
    node: NodeId,
    /// The nodes on which it depends.
    needed: Vec<bool>,
}

/// Returns the new value, if a node keeps the old one where that is no number.
fn guarded(graph: &Graph, id: NodeId) -> Option<NodeId> {
    let inputs = &graph.node(id).inputs;
    let is_guard = inputs.first().is_some_and(|first| graph.node(*first).name == IS_FINITE);
    is_guard.then(|| inputs.get(1).copied()).flatten()
}

impl Way {
    fn new(model: &LoadedModel, cell: &Cell) -> Result<Self> {
        let graph = model.named_update_graph()?;
        let of_state = |name: &str| {
            let update = graph.updates().iter().find(|(state, _)| graph.node(*state).name == name);
            update.and_then(|(_, value)| guarded(&graph, *value))
        };
        let node = of_state(&cell.tensor).or_else(|| graph.find(&cell.tensor)).ok_or_else(|| unknown(cell))?;
        let mut needed = vec![false; graph.nodes().len()];
        needed[node.0 as usize] = true;
        for id in graph.ids().rev() {
            if !needed[id.0 as usize] {
                continue;
            }
            match guarded(&graph, id) {
                Some(value) => needed[value.0 as usize] = true,
                None => graph.node(id).inputs.iter().for_each(|input| needed[input.0 as usize] = true),
            }
        }
        Ok(Self { graph, node, needed })
    }

    /// Returns the tensors from which the way begins, as the record of the step names them.
    fn leaves(&self) -> impl Iterator<Item = (NodeId, String)> {
        self.graph.ids().filter(|id| self.needed[id.0 as usize]).filter_map(|id| {
            let node = self.graph.node(id);
            match node.kind {
                NodeKind::State => Some((id, format!("{BEFORE}{}", node.name))),
                NodeKind::Input => Some((id, node.name.clone())),
                NodeKind::Constant(_) | NodeKind::Op(_) => None,
            }
        })
    }

    /// Returns the name of a node among the cells: a new state has that of the state.
    fn name(&self, id: NodeId) -> String {
        let updated = self.graph.updates().iter().find(|(_, value)| *value == id);
        match (updated, &self.graph.node(id).kind) {
            (Some((state, _)), _) => self.graph.node(*state).name.clone(),
            (None, NodeKind::State) => format!("{BEFORE}{}", self.graph.node(id).name),
            (None, _) => self.graph.node(id).name.clone(),
        }
    }
}

impl Session {
    /// Returns the tensors of the step that the explanation of a cell of the update reads.
    pub(super) fn update_reads(&self, cell: &Cell) -> Vec<String> {
        let Ok(way) = Way::new(&self.model, cell) else { return vec![cell.tensor.clone()] };
        way.leaves().map(|(_, name)| name).filter(|name| !is_setting(name)).collect()
    }

    /// Reads a tensor that follows from nothing in the step.
    pub(super) fn leaf(&self, name: &str) -> Result<HostTensor> {
        let [rate, bias_correction] = self.training.last_rates();
        match name {
            LEARNING_RATE => Ok(HostTensor::scalar(rate as f32)),
            BIAS_CORRECTION => Ok(HostTensor::scalar(bias_correction as f32)),
            name => Ok(self.last_step(&[name.to_owned()])?.remove(0)),
        }
    }

    pub(super) fn explain_update(&self, cell: &Cell, terms: usize) -> Result<Explanation> {
        let way = Way::new(&self.model, cell)?;
        let mut values: Vec<Option<HostTensor>> = vec![None; way.graph.nodes().len()];
        for (id, name) in way.leaves() {
            values[id.0 as usize] = Some(self.leaf(&name)?);
        }
        for id in way.graph.ids().filter(|id| way.needed[id.0 as usize]) {
            let node = way.graph.node(id);
            let value = |id: &NodeId| values[id.0 as usize].as_ref();
            let value = match (&node.kind, guarded(&way.graph, id)) {
                (NodeKind::Constant(constant), _) => HostTensor::clone(constant),
                (NodeKind::Op(_), Some(new)) => value(&new).cloned().ok_or(SessionError::NotRecorded)?,
                (NodeKind::Op(op), None) => {
                    let inputs: Option<Vec<&HostTensor>> = node.inputs.iter().map(value).collect();
                    run_op(op, &inputs.ok_or(SessionError::NotRecorded)?, &node.tensor_type)
                }
                (NodeKind::State | NodeKind::Input, _) => continue,
            };
            values[id.0 as usize] = Some(value);
        }
        let tensor = |id: NodeId| values[id.0 as usize].clone().ok_or(SessionError::NotRecorded);
        let node = way.graph.node(way.node);
        let own = Operand::whole(cell.tensor.clone(), tensor(way.node)?);
        let index = cell.index as usize;
        if index >= own.tensor.words().len() {
            return Err(unknown(cell).into());
        }
        let operands = node.inputs.iter().map(|id| Ok(Operand::whole(way.name(*id), tensor(*id)?)));
        let mut operands = Operands { operands: operands.collect::<Result<Vec<_>>>()?, own };
        let (op, explanation) = match &node.kind {
            NodeKind::Op(op) => {
                let inputs: Vec<&HostTensor> = operands.operands.iter().map(|operand| &operand.tensor).collect();
                let call = ExplainCall { inputs: &inputs, output: &operands.own.tensor, at: index };
                (op.name(), op.explain(&call).ok_or_else(|| unknown(cell))?)
            }
            // The new value comes from the shards as it is.
            _ => {
                operands.operands = vec![Operand::whole(way.name(way.node), tensor(way.node)?)];
                ("", crate::ir::Explanation::copy(crate::ir::Place::input(0, index)))
            }
        };
        let layer = node.layer.map(|layer| way.graph.layer_name(layer).to_owned());
        Ok(Explanation { layer, op: op.to_owned(), ..operands.explain(index, &explanation, terms) })
    }
}

/// Returns true for the names of the learning rate and of what follows from the number of the step.
pub(super) fn is_setting(name: &str) -> bool {
    [LEARNING_RATE, BIAS_CORRECTION].contains(&name)
}
