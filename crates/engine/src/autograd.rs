//! Reverse-mode differentiation as a pass from graph to graph.
//!
//! One loop over the nodes, last to first, appends the backward graph by asking each op for its vector-Jacobian
//! product. The pass knows no concrete op.

use std::collections::BTreeMap;

use crate::error::{GraphError, Result};
use crate::ir::{Graph, NodeId, NodeKind, VjpCall, pointwise};
use crate::tensor::{DType, HostTensor};

/// Appends the gradients of a scalar `loss` with respect to the nodes `wrt` and returns them in that order.
///
/// A gradient is named after its node, `grad conv2d.kernel`. If the loss does not depend on a node, its gradient is
/// zero. Nodes of the backward graph carry the layer of the node that they differentiate.
///
/// # Errors
/// If the loss is not a scalar, or an op on the way has no gradient.
pub fn gradients(graph: &mut Graph, loss: NodeId, wrt: &[NodeId]) -> Result<Vec<NodeId>> {
    if graph.tensor_type(loss).shape.len() != 1 || graph.tensor_type(loss).dtype != DType::F32 {
        return Err(GraphError::LossNotScalar { got: graph.tensor_type(loss).to_string() }.into());
    }
    let depends = depends_on(graph, wrt, loss);
    let mut accumulated: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    let mut seed = HostTensor::zeros(graph.tensor_type(loss).clone());
    seed.words_mut().fill(1.0);
    let seed = graph.constant(seed);
    accumulated.insert(loss, seed);

    for index in (0..=loss.0).rev() {
        let id = NodeId(index);
        if !depends[index as usize] {
            continue;
        }
        let Some(&gradient) = accumulated.get(&id) else { continue };
        let node = graph.node(id);
        let NodeKind::Op(op) = &node.kind else { continue };
        let (op, inputs, layer) = (op.clone(), node.inputs.clone(), node.layer);
        graph.set_layer(layer);
        let contributions = op.vjp(graph, &VjpCall { inputs: &inputs, output: id, gradient })?;
        for (&input, contribution) in inputs.iter().zip(contributions) {
            let Some(contribution) = contribution else { continue };
            if !depends[input.0 as usize] {
                continue;
            }
            let total = match accumulated.get(&input) {
                Some(&earlier) => pointwise::sum(graph, earlier, contribution)?,
                None => contribution,
            };
            accumulated.insert(input, total);
        }
    }
    graph.set_layer(None);

    wrt.iter()
        .map(|id| {
            let gradient = match accumulated.get(id) {
                Some(&gradient) => gradient,
                None => graph.constant(HostTensor::zeros(graph.tensor_type(*id).clone())),
            };
            let name = format!("grad {}", graph.node(*id).name);
            if !graph.node(*id).name.is_empty() && graph.find(&name).is_none() && graph.node(gradient).name.is_empty() {
                graph.set_name(gradient, &name)?;
            }
            Ok(gradient)
        })
        .collect()
}

/// Marks each node up to the loss that depends on one of `wrt`.
pub fn depends_on(graph: &Graph, wrt: &[NodeId], loss: NodeId) -> Vec<bool> {
    let mut depends = vec![false; loss.0 as usize + 1];
    for index in 0..depends.len() {
        let id = NodeId(index as u32);
        depends[index] = wrt.contains(&id) || graph.node(id).inputs.iter().any(|input| depends[input.0 as usize]);
    }
    depends
}
