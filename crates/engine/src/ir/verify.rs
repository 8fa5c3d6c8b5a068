//! Verifier: checks after every pass that a graph satisfies the assumptions of the passes.

use smallvec::SmallVec;

use super::graph::{Graph, NodeKind};
use crate::error::{Error, Result};
use crate::tensor::TensorType;

/// Checks a graph.
///
/// # Errors
/// `invalid-graph`, naming the node: an input that does not stand before its node, a type other than the op infers, a
/// constant of another type, or a state that is updated twice.
pub fn verify(graph: &Graph) -> Result<()> {
    let fault = |id, what: String| Error::new("invalid-graph", format!("node {id}")).got(what);
    for id in graph.ids() {
        let node = graph.node(id);
        if let Some(input) = node.inputs.iter().find(|&&input| input >= id) {
            return Err(fault(id, format!("an input {input} that does not stand before it")));
        }
        match &node.kind {
            NodeKind::Op(op) => {
                let types: SmallVec<[&TensorType; 4]> =
                    node.inputs.iter().map(|&input| graph.tensor_type(input)).collect();
                let inferred = op.infer(&types)?;
                if inferred != node.tensor_type {
                    return Err(fault(id, format!("type {} where {} infers {inferred}", node.tensor_type, op.name())));
                }
            }
            NodeKind::Constant(value) if *value.tensor_type() != node.tensor_type => {
                return Err(fault(id, format!("type {} for a constant {}", node.tensor_type, value.tensor_type())));
            }
            _ => {}
        }
    }
    for (position, (state, _)) in graph.updates().iter().enumerate() {
        if graph.updates()[..position].iter().any(|(earlier, _)| earlier == state) {
            return Err(fault(*state, "two updates of one state".to_owned()));
        }
    }
    Ok(())
}
