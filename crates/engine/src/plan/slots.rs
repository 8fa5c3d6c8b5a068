//! Decides which buffer each value lives in.
//!
//! Buffers are used again, whole, once the value in them has been read for the last time; a pointwise kernel may
//! overwrite a value that it reads for the last time; the new value of a state goes straight into the state's buffer
//! where nobody reads the old one later. What is kept (outputs, taps) has its buffer to the end of the run.

use litemap::LiteMap;

use super::fuse::{FusedGroup, externals, kept, set_of, storage};
use super::program::{Access, Program};
use super::{Kernel, NamedValue, Operand, Plan, Pointwise, Slot, SlotId, SlotKind, Source, Work};
use crate::error::{Error, Result};
use crate::ir::{Graph, NodeId, NodeKind};

/// Gives every value of the steps its slot and makes the plan.
///
/// # Errors
/// If a state is to be updated from the old value of a state that is updated too.
pub fn assign(graph: &Graph, taps: &[NodeId], steps: &[FusedGroup]) -> Result<Plan> {
    let mut assignment = Assignment::new(graph, taps, steps);
    let mut kernels = assignment.keep_viewed_states(taps);
    for (position, step) in steps.iter().enumerate() {
        kernels.push(assignment.kernel(position, step));
    }
    for &(state, value) in graph.updates() {
        let (from, to) = (assignment.slot_of[&storage(graph, value)], assignment.slot_of[&state]);
        if from == to {
            continue;
        }
        if matches!(graph.node(storage(graph, value)).kind, NodeKind::State) {
            return Err(Error::new("invalid-graph", graph.node(state).name.clone())
                .expected("a new value that is computed")
                .got("another state's old value"));
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
    /// By storage node.
    slot_of: LiteMap<NodeId, SlotId>,
    /// By storage node: the last step that reads it; what is kept is read after all.
    last_use: LiteMap<NodeId, usize>,
    /// States whose new value may be written over the old one by the step that computes it, by the new value.
    direct_updates: LiteMap<NodeId, NodeId>,
    /// Copies of states that are updated while a view of their old value is asked for, by that view.
    old_values: LiteMap<NodeId, SlotId>,
    free: Vec<SlotId>,
}

/// What a step reads: inputs of its op, and operands of its pointwise nodes.
fn reads(graph: &Graph, step: &FusedGroup) -> (Vec<NodeId>, Vec<NodeId>) {
    let op_inputs = step.core.map_or(Vec::new(), |core| graph.node(core).inputs.to_vec());
    let group = set_of(&mut step.pointwise.iter().copied());
    (op_inputs, externals(graph, &group).keys().copied().collect())
}

impl<'a> Assignment<'a> {
    fn new(graph: &'a Graph, taps: &[NodeId], steps: &[FusedGroup]) -> Self {
        let mut this = Self {
            graph,
            slots: Vec::new(),
            slot_of: LiteMap::new(),
            last_use: LiteMap::new(),
            direct_updates: LiteMap::new(),
            old_values: LiteMap::new(),
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
        for (position, step) in steps.iter().enumerate() {
            let (op_inputs, operands) = reads(graph, step);
            for id in op_inputs.into_iter().chain(operands) {
                this.last_use.insert(storage(graph, id), position);
            }
        }
        this.find_direct_updates(steps);
        for (id, ()) in kept(graph, taps) {
            this.last_use.insert(id, usize::MAX);
        }
        this
    }

    /// Copies the states whose old value is asked for through a view, such as a reshape, and that a run updates.
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

    fn find_direct_updates(&mut self, steps: &[FusedGroup]) {
        for &(state, value) in self.graph.updates() {
            let Some(position) = steps.iter().position(|step| step.root == value) else { continue };
            let last_read = self.last_use.get(&state).copied();
            let overwritable = match last_read {
                None => true,
                Some(last) if last < position => true,
                Some(last) if last > position => false,
                // Read by the very step: safe where each element is read before it is written, and only then.
                Some(_) => {
                    let (op_inputs, operands) = reads(self.graph, &steps[position]);
                    steps[position].core.is_none()
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

    fn kernel(&mut self, position: usize, step: &FusedGroup) -> Kernel {
        let graph = self.graph;
        let (op_inputs, externals) = reads(graph, step);
        let absorbed = step.core.filter(|_| !step.pointwise.is_empty());
        let output_type = graph.tensor_type(step.root).clone();
        let size = output_type.shape.len();
        let slot = |this: &Self, id: NodeId| this.slot_of[&storage(graph, id)];

        let mut operands: Vec<Operand> = externals
            .iter()
            .map(|&id| Operand {
                source: if Some(id) == absorbed { Source::Output } else { Source::Slot(slot(self, id)) },
                access: Access::new(&graph.tensor_type(id).shape, &output_type.shape),
            })
            .collect();

        let output = if let Some(&state) = self.direct_updates.get(&step.root) {
            self.slot_of[&state]
        } else if let Some(dying) = self.overwritable(position, step, &externals, size) {
            slot(self, dying)
        } else {
            self.temporary(size)
        };
        if step.core.is_none() {
            for operand in &mut operands {
                if operand.source == Source::Slot(output) {
                    operand.source = Source::Output;
                }
            }
        }

        self.slot_of.insert(step.root, output);
        let read = set_of(&mut op_inputs.iter().chain(&externals).map(|&id| storage(graph, id)));
        for (id, ()) in read {
            let ends = self.last_use.get(&id) == Some(&position);
            if let (true, Some(&own)) = (ends, self.slot_of.get(&id)) {
                self.release(own, output);
            }
        }
        if !self.last_use.contains_key(&step.root) {
            self.release(output, SlotId(u32::MAX));
        }

        let pointwise = (!step.pointwise.is_empty()).then(|| Pointwise {
            program: Program::compile(graph, &step.pointwise, &|id| {
                externals.iter().position(|&own| own == id).unwrap_or(usize::from(u8::MAX))
            }),
            operands,
            nodes: step.pointwise.clone(),
        });
        let inputs = op_inputs.iter().map(|&id| (slot(self, id), graph.tensor_type(id).clone())).collect();
        let work = match (step.core.map(|core| &graph.node(core).kind), pointwise) {
            (Some(NodeKind::Op(op)), epilogue) => Work::Op { op: op.clone(), inputs, epilogue },
            (_, Some(pointwise)) => Work::Pointwise(pointwise),
            // Cannot happen: a step has an op or pointwise nodes.
            (_, None) => Work::Copy { from: output },
        };
        Kernel { node: step.root, layer: graph.node(step.root).layer, work, output, output_type }
    }

    /// A value that a pointwise step reads for the last time, element by element, and whose buffer it may take.
    fn overwritable(&self, position: usize, step: &FusedGroup, externals: &[NodeId], size: usize) -> Option<NodeId> {
        if step.core.is_some() {
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

    /// The smallest free buffer that is large enough, or a new one.
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
            let stays = readable.contains_key(&own) || !matches!(self.graph.node(own).kind, NodeKind::Op(_));
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
