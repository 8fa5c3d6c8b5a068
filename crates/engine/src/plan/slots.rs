//! Assigns a buffer to each value.
//!
//! A buffer is reused, whole, once its value has been read for the last time. A pointwise kernel may overwrite a value
//! that it reads for the last time. The new value of a state is written straight into the state's buffer if no later
//! kernel reads the old one. Outputs and taps keep their buffers to the end of the run.

use std::collections::BTreeMap;

use super::fuse::{FusedGroup, NodeSet, externals, kept, storage};
use super::program::{Access, Program};
use super::{Kernel, NamedValue, Operand, Plan, Pointwise, Slot, SlotId, SlotKind, Source, Work};
use crate::error::{GraphError, Result};
use crate::ir::{Graph, NodeId, NodeKind};

/// Assigns a slot to every value of the groups and makes the plan.
///
/// # Errors
/// If a state is updated from the old value of another state that is updated too.
pub fn assign(graph: &Graph, taps: &[NodeId], groups: &[FusedGroup]) -> Result<Plan> {
    let mut assignment = Assignment::new(graph, taps, groups);
    let mut kernels = assignment.keep_viewed_states(taps);
    for (position, group) in groups.iter().enumerate() {
        kernels.push(assignment.kernel(position, group));
    }
    for &(state, value) in graph.updates() {
        let (from, to) = (assignment.slot_of[&storage(graph, value)], assignment.slot_of[&state]);
        if from == to {
            continue;
        }
        // A state that the graph leaves as it is still holds its value when the updates are made.
        if graph.updates().iter().any(|(updated, _)| *updated == storage(graph, value)) {
            return Err(GraphError::UpdateWithOldState { state: graph.node(state).name.clone() }.into());
        }
        kernels.push(Kernel {
            node: value,
            layer: graph.node(state).layer,
            work: Work::Copy { from },
            output: to,
            output_type: graph.tensor_type(state).clone(),
        });
    }
    let values = assignment.named_values(taps);
    let outputs = graph.outputs().iter().map(|&id| graph.node(id).name.clone()).collect();
    Ok(Plan { slots: assignment.slots, kernels, values, outputs })
}

struct Assignment<'a> {
    graph: &'a Graph,
    slots: Vec<Slot>,
    /// Slots by storage node.
    slot_of: BTreeMap<NodeId, SlotId>,
    /// Last group that reads a value, by storage node; outputs and taps are read after the last group.
    last_use: BTreeMap<NodeId, usize>,
    /// States whose new value may be written over the old one by the kernel that computes it, by the new value.
    direct_updates: BTreeMap<NodeId, NodeId>,
    /// Copies of states that are updated while a view of their old value is read, by that view.
    old_values: BTreeMap<NodeId, SlotId>,
    free: Vec<SlotId>,
}

/// Returns the nodes that a group reads: inputs of its op, and operands of its pointwise nodes.
fn reads(graph: &Graph, group: &FusedGroup) -> (Vec<NodeId>, Vec<NodeId>) {
    let op_inputs = group.core.map_or(Vec::new(), |core| graph.node(core).inputs.to_vec());
    let group: NodeSet = group.pointwise.iter().copied().collect();
    (op_inputs, externals(graph, &group).into_iter().collect())
}

impl<'a> Assignment<'a> {
    fn new(graph: &'a Graph, taps: &[NodeId], groups: &[FusedGroup]) -> Self {
        let mut this = Self {
            graph,
            slots: Vec::new(),
            slot_of: BTreeMap::new(),
            last_use: BTreeMap::new(),
            direct_updates: BTreeMap::new(),
            old_values: BTreeMap::new(),
            free: Vec::new(),
        };
        let live = graph.live(taps);
        for id in graph.ids().filter(|id| live[id.0 as usize]) {
            let node = graph.node(id);
            let kind = match &node.kind {
                NodeKind::Input => SlotKind::Input(node.name.clone()),
                NodeKind::State => SlotKind::State(node.name.clone()),
                NodeKind::Constant(value) => SlotKind::Constant(value.clone()),
                NodeKind::Op(_) => continue,
            };
            let slot = this.new_slot(kind, node.tensor_type.shape.len());
            this.slot_of.insert(id, slot);
        }
        for (position, group) in groups.iter().enumerate() {
            let (op_inputs, operands) = reads(graph, group);
            for id in op_inputs.into_iter().chain(operands) {
                this.last_use.insert(storage(graph, id), position);
            }
        }
        this.find_direct_updates(groups);
        for id in kept(graph, taps) {
            this.last_use.insert(id, usize::MAX);
        }
        this
    }

    /// Copies the states that a run updates and whose old value is read through a view, such as a reshape.
    fn keep_viewed_states(&mut self, taps: &[NodeId]) -> Vec<Kernel> {
        let graph = self.graph;
        let mut kernels = Vec::new();
        for &id in graph.outputs().iter().chain(taps) {
            let state = storage(graph, id);
            let updated = graph.updates().iter().any(|&(own, _)| own == state);
            if id == state || !updated || self.old_values.contains_key(&id) {
                continue;
            }
            let output_type = graph.tensor_type(id).clone();
            let output = self.new_slot(SlotKind::Temporary, output_type.shape.len());
            self.old_values.insert(id, output);
            let work = Work::Copy { from: self.slot_of[&state] };
            kernels.push(Kernel { node: id, layer: graph.node(id).layer, work, output, output_type });
        }
        kernels
    }

    fn find_direct_updates(&mut self, groups: &[FusedGroup]) {
        for &(state, value) in self.graph.updates() {
            let Some(position) = groups.iter().position(|group| group.root == value) else { continue };
            let last_read = self.last_use.get(&state).copied();
            let overwritable = match last_read {
                None => true,
                Some(last) if last < position => true,
                Some(last) if last > position => false,
                // The same kernel reads the old value: this is safe only if it reads each element before it writes it.
                Some(_) => {
                    let (op_inputs, operands) = reads(self.graph, &groups[position]);
                    groups[position].core.is_none()
                        && !op_inputs.iter().any(|&id| storage(self.graph, id) == state)
                        && operands.iter().filter(|&&id| storage(self.graph, id) == state).count() == 1
                        && operands.contains(&state)
                }
            };
            if overwritable && !self.direct_updates.contains_key(&value) {
                self.direct_updates.insert(value, state);
            }
        }
    }

    fn new_slot(&mut self, kind: SlotKind, size_words: usize) -> SlotId {
        self.slots.push(Slot { kind, size_words });
        SlotId(self.slots.len() as u32 - 1)
    }

    fn kernel(&mut self, position: usize, group: &FusedGroup) -> Kernel {
        let graph = self.graph;
        let (op_inputs, externals) = reads(graph, group);
        let absorbed = group.core.filter(|_| !group.pointwise.is_empty());
        let output_type = graph.tensor_type(group.root).clone();
        let size = output_type.shape.len();
        let slot = |this: &Self, id: NodeId| this.slot_of[&storage(graph, id)];

        let mut operands: Vec<Operand> = externals
            .iter()
            .map(|&id| Operand {
                source: if Some(id) == absorbed { Source::Output } else { Source::Slot(slot(self, id)) },
                access: Access::new(&graph.tensor_type(id).shape, &output_type.shape),
            })
            .collect();

        let output = if let Some(&state) = self.direct_updates.get(&group.root) {
            self.slot_of[&state]
        } else if let Some(dying) = self.overwritable(position, group, &externals, size) {
            slot(self, dying)
        } else {
            self.temporary(size)
        };
        if group.core.is_none() {
            for operand in &mut operands {
                if operand.source == Source::Slot(output) {
                    operand.source = Source::Output;
                }
            }
        }

        self.slot_of.insert(group.root, output);
        let read: NodeSet = op_inputs.iter().chain(&externals).map(|&id| storage(graph, id)).collect();
        for id in read {
            let ends = self.last_use.get(&id) == Some(&position);
            if let (true, Some(&own)) = (ends, self.slot_of.get(&id)) {
                self.release(own, output);
            }
        }
        if !self.last_use.contains_key(&group.root) {
            self.release(output, SlotId(u32::MAX));
        }

        let pointwise = (!group.pointwise.is_empty()).then(|| Pointwise {
            program: Program::compile(graph, &group.pointwise, &|id| {
                externals.iter().position(|&own| own == id).unwrap_or(usize::from(u8::MAX))
            }),
            operands,
            nodes: group.pointwise.clone(),
        });
        let inputs = op_inputs.iter().map(|&id| (slot(self, id), graph.tensor_type(id).clone())).collect();
        let work = match (group.core.map(|core| &graph.node(core).kind), pointwise) {
            (Some(NodeKind::Op(op)), epilogue) => Work::Op { op: op.clone(), inputs, epilogue },
            (_, Some(pointwise)) => Work::Pointwise(pointwise),
            // This cannot happen: a group has an op or pointwise nodes.
            (_, None) => Work::Copy { from: output },
        };
        Kernel { node: group.root, layer: graph.node(group.root).layer, work, output, output_type }
    }

    /// Finds a value that a pointwise group reads for the last time, element by element, and whose buffer it may take.
    fn overwritable(&self, position: usize, group: &FusedGroup, externals: &[NodeId], size: usize) -> Option<NodeId> {
        if group.core.is_some() {
            return None;
        }
        externals.iter().copied().find(|&id| {
            let own = storage(self.graph, id);
            let slot = self.slot_of[&own];
            let slot_kind = &self.slots[slot.0 as usize].kind;
            matches!(slot_kind, SlotKind::Temporary)
                && self.last_use.get(&own) == Some(&position)
                && self.graph.tensor_type(id).shape.len() == size
                && externals.iter().filter(|&&other| self.slot_of[&storage(self.graph, other)] == slot).count() == 1
        })
    }

    /// Takes the smallest free buffer that is large enough, or makes a new one.
    fn temporary(&mut self, size_words: usize) -> SlotId {
        let size_of = |slot: &SlotId| self.slots[slot.0 as usize].size_words;
        let best = (0..self.free.len())
            .filter(|&index| size_of(&self.free[index]) >= size_words)
            .min_by_key(|&index| (size_of(&self.free[index]), self.free[index]));
        match best {
            Some(index) => self.free.remove(index),
            None => self.new_slot(SlotKind::Temporary, size_words),
        }
    }

    fn release(&mut self, slot: SlotId, unless: SlotId) {
        let temporary = matches!(self.slots[slot.0 as usize].kind, SlotKind::Temporary);
        if temporary && slot != unless && !self.free.contains(&slot) {
            self.free.push(slot);
        }
    }

    fn named_values(&self, taps: &[NodeId]) -> Vec<NamedValue> {
        let live = self.graph.live(taps);
        let readable = kept(self.graph, taps);
        let ids = self.graph.ids().filter(|id| live[id.0 as usize]);
        ids.filter_map(|id| {
            let node = self.graph.node(id);
            let own = storage(self.graph, id);
            let stays = readable.contains(&own) || !matches!(self.graph.node(own).kind, NodeKind::Op(_));
            let slot = self.old_values.get(&id).or(self.slot_of.get(&own)).copied()?;
            (stays && !node.name.is_empty()).then(|| NamedValue {
                name: node.name.clone(),
                slot,
                tensor_type: node.tensor_type.clone(),
            })
        })
        .collect()
    }
}
