//! Decides which nodes run in one kernel.
//!
//! Pointwise nodes of one shape are computed together, element by element, without going through memory in between, if
//! no node outside the group needs the intermediate values. Such a group also joins the kernel of an op that offers it
//! (`absorbs_epilogue`): bias and activation run on a convolution's result while it is in cache.

use std::collections::BTreeSet;

use crate::ir::{Graph, NodeId, NodeKind, Op};

/// WebGPU guarantees eight storage buffers per shader stage: seven to read and one to write.
const MAX_OPERANDS: usize = 7;

/// Set of nodes, in order.
pub type NodeSet = BTreeSet<NodeId>;

/// Nodes that run in one kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FusedGroup {
    /// Node whose value the kernel leaves behind.
    pub root: NodeId,
    /// Op with a kernel of its own, if there is one: the root itself, or the op whose epilogue the group is.
    pub core: Option<NodeId>,
    /// Pointwise nodes in order, the root last; empty for an op alone.
    pub pointwise: Vec<NodeId>,
}

fn op(graph: &Graph, id: NodeId) -> Option<&dyn Op> {
    match &graph.node(id).kind {
        NodeKind::Op(op) => Some(op.as_ref()),
        _ => None,
    }
}

fn is_pointwise(graph: &Graph, id: NodeId) -> bool {
    op(graph, id).is_some_and(|op| op.expression().is_some())
}

/// Returns the node that owns a value's words: the node itself, or the viewed node if it is a view.
pub fn storage(graph: &Graph, mut id: NodeId) -> NodeId {
    while op(graph, id).is_some_and(|op| op.is_view()) {
        id = graph.node(id).inputs[0];
    }
    id
}

/// Returns the nodes whose values must exist in memory when a run ends.
pub fn kept(graph: &Graph, taps: &[NodeId]) -> NodeSet {
    let updates = graph.updates().iter().map(|&(_, value)| value);
    let ids = graph.outputs().iter().copied().chain(taps.iter().copied()).chain(updates);
    ids.map(|id| storage(graph, id)).collect()
}

/// Groups the live nodes of a graph, in an order in which the groups can run. Leaves and views need no kernel.
pub fn fuse(graph: &Graph, taps: &[NodeId]) -> Vec<FusedGroup> {
    let live = graph.live(taps);
    let live_ids: Vec<NodeId> = graph.ids().filter(|id| live[id.0 as usize]).collect();
    let kept = kept(graph, taps);
    let mut consumers: Vec<Vec<NodeId>> = vec![Vec::new(); live.len()];
    for &id in &live_ids {
        for input in &graph.node(id).inputs {
            consumers[input.0 as usize].push(id);
        }
    }

    // Consumers come first, so that a node joins the one group that holds all of its consumers, if there is one.
    let mut group_of: Vec<Option<NodeId>> = vec![None; live.len()];
    let mut members: Vec<NodeSet> = vec![NodeSet::new(); live.len()];
    for &id in live_ids.iter().rev() {
        if !is_pointwise(graph, id) {
            continue;
        }
        let own_consumers = &consumers[id.0 as usize];
        let root = own_consumers.first().and_then(|first| group_of[first.0 as usize]).filter(|&root| {
            !kept.contains(&id)
                && own_consumers.iter().all(|consumer| group_of[consumer.0 as usize] == Some(root))
                && graph.tensor_type(id).shape == graph.tensor_type(root).shape
                && {
                    let mut joined = members[root.0 as usize].clone();
                    joined.insert(id);
                    externals(graph, &joined).len() <= MAX_OPERANDS
                }
        });
        let root = root.unwrap_or(id);
        group_of[id.0 as usize] = Some(root);
        members[root.0 as usize].insert(id);
    }

    // A group becomes the epilogue of an op that only it reads.
    let mut absorbed = vec![false; live.len()];
    let mut core_of = vec![None; live.len()];
    for &id in &live_ids {
        let group = &members[id.0 as usize];
        let core = externals(graph, group).into_iter().find(|&input| {
            op(graph, input).is_some_and(|op| op.absorbs_epilogue())
                && !kept.contains(&input)
                && graph.tensor_type(input).shape == graph.tensor_type(id).shape
                && consumers[input.0 as usize].iter().all(|consumer| group.contains(consumer))
        });
        if let Some(core) = core {
            absorbed[core.0 as usize] = true;
        }
        core_of[id.0 as usize] = core;
    }
    // The groups are ordered by their roots: every value that a group reads belongs to an earlier one.
    let mut fused = Vec::new();
    for &id in &live_ids {
        let index = id.0 as usize;
        let group = &members[index];
        if !group.is_empty() {
            fused.push(FusedGroup { root: id, core: core_of[index], pointwise: group.iter().copied().collect() });
        } else if op(graph, id).is_some_and(|op| !op.is_view() && op.expression().is_none()) && !absorbed[index] {
            fused.push(FusedGroup { root: id, core: Some(id), pointwise: Vec::new() });
        }
    }
    fused
}

/// Returns the nodes outside the group that it reads, in order.
pub fn externals(graph: &Graph, group: &NodeSet) -> NodeSet {
    let inputs = group.iter().flat_map(|&member| graph.node(member).inputs.iter().copied());
    inputs.filter(|input| !group.contains(input)).collect()
}
