//! Verifier: checks after every pass that a graph satisfies the assumptions of the passes.

use smallvec::SmallVec;

use super::graph::{Graph, NodeKind};
use crate::error::{GraphError, Result};
use crate::tensor::TensorType;

/// Checks a graph.
///
/// # Errors
/// `invalid-graph`, naming the node: an input that does not stand before its node, a type other than the op infers, a
/// constant of another type, or a state that is updated twice.
pub fn verify(graph: &Graph) -> Result<()> {
    for id in graph.ids() {
        let node = graph.node(id);
        if let Some(input) = node.inputs.iter().find(|&&input| input >= id) {
            return Err(GraphError::InputAfterNode { node: id.to_string(), input: input.to_string() }.into());
        }
        match &node.kind {
            NodeKind::Op(op) => {
                let types: SmallVec<[&TensorType; 4]> =
                    node.inputs.iter().map(|&input| graph.tensor_type(input)).collect();
                let inferred = op.infer(&types)?;
                if inferred != node.tensor_type {
                    return Err(GraphError::WrongNodeType {
                        node: id.to_string(),
                        op: op.name().to_owned(),
                        expected: inferred.to_string(),
                        got: node.tensor_type.to_string(),
                    }
                    .into());
                }
            }
            NodeKind::Constant(value) if *value.tensor_type() != node.tensor_type => {
                let (expected, got) = (value.tensor_type().to_string(), node.tensor_type.to_string());
                return Err(GraphError::WrongConstantType { node: id.to_string(), expected, got }.into());
            }
            _ => {}
        }
    }
    for (position, (state, _)) in graph.updates().iter().enumerate() {
        if graph.updates()[..position].iter().any(|(earlier, _)| earlier == state) {
            return Err(GraphError::UpdatedTwice { node: state.to_string() }.into());
        }
    }
    Ok(())
}
