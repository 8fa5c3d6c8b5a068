//! Grouping of the pointwise kernels that update states.
//!
//! An optimizer makes a few small kernels for each weight: 30 dispatches for the ten weights of the reference CNN, each
//! of which costs a GPU more than its work. The kernels of one weight run one after the other for each element, in one
//! invocation: a [`Lane`]. Lanes that differ only in the offsets of their buffers run in one dispatch. To make them
//! differ in nothing else, states share a buffer, and the other values that lanes read, mostly gradients, are
//! [packed](pack) into another.

use crate::plan::program::Access;
use crate::plan::{Kernel, Plan, Pointwise, SlotId, SlotKind, Source, Work};

/// Kernels over equally many elements, in order. None reads another one's output at any element but its own.
#[derive(Clone, Debug)]
pub struct Lane {
    pub kernels: Vec<usize>,
    pub count: usize,
}

/// Value that is stored in the buffer of packed values instead of its slot.
#[derive(Clone, Copy, Debug)]
pub struct Packed {
    pub slot: SlotId,
    /// Kernel that computes the value. It is the last one to write the slot, so from there on the slot means this
    /// value.
    pub from: usize,
    pub offset_words: usize,
}

/// Alignment of ranges of a buffer: every device allows multiples of 256 bytes.
pub const ALIGNMENT_WORDS: usize = 64;

/// Returns a kernel's program if it is pointwise and its result is a state.
pub fn as_update<'a>(plan: &Plan, kernel: &'a Kernel) -> Option<&'a Pointwise> {
    match &kernel.work {
        Work::Pointwise(pointwise) if !kernel.output_type.shape.is_empty() => {
            matches!(plan.slots[kernel.output.0 as usize].kind, SlotKind::State(_)).then_some(pointwise)
        }
        _ => None,
    }
}

/// Returns the slots that a kernel reads, except the previous value of its output.
pub fn reads(kernel: &Kernel) -> Vec<SlotId> {
    let of = |pointwise: &Pointwise| {
        let slot = |operand: &crate::plan::Operand| match operand.source {
            Source::Slot(slot) => Some(slot),
            Source::Output => None,
        };
        pointwise.operands.iter().filter_map(slot).collect::<Vec<_>>()
    };
    match &kernel.work {
        Work::Copy { from } => vec![*from],
        Work::Pointwise(pointwise) => of(pointwise),
        Work::Op { inputs, epilogue, .. } => {
            inputs.iter().map(|(slot, _)| *slot).chain(epilogue.iter().flat_map(of)).collect()
        }
    }
}

/// Returns the updates that may run after everything else, in order.
pub fn deferrable(plan: &Plan) -> Vec<usize> {
    let mut deferred: Vec<usize> = Vec::new();
    for (index, kernel) in plan.kernels.iter().enumerate().rev() {
        if as_update(plan, kernel).is_none() {
            continue;
        }
        let read = reads(kernel);
        let in_the_way = |later: usize| {
            let other = &plan.kernels[later];
            other.output == kernel.output || read.contains(&other.output) || reads(other).contains(&kernel.output)
        };
        if (index + 1..plan.kernels.len()).all(|later| deferred.contains(&later) || !in_the_way(later)) {
            deferred.push(index);
        }
    }
    deferred.reverse();
    deferred
}

/// Divides updates into lanes, in rounds: the lanes of a round do not depend on each other. `fits` returns true if
/// these kernels may be one lane.
pub fn lanes(plan: &Plan, updates: &[usize], fits: &dyn Fn(&[usize]) -> bool) -> Vec<Vec<Lane>> {
    let mut rounds: Vec<Vec<Lane>> = Vec::new();
    let mut round: Vec<Lane> = Vec::new();
    for &index in updates {
        let count = plan.kernels[index].output_type.shape.len();
        let (touched, others): (Vec<Lane>, Vec<Lane>) =
            std::mem::take(&mut round).into_iter().partition(|lane| meet(plan, lane, index).is_some());
        let mut joined: Vec<usize> =
            touched.iter().flat_map(|lane| lane.kernels.iter().copied()).chain([index]).collect();
        joined.sort_unstable();
        let elementwise = touched.iter().all(|lane| lane.count == count && meet(plan, lane, index) == Some(true));
        round = others;
        if elementwise && fits(&joined) {
            round.push(Lane { kernels: joined, count });
        } else {
            round.extend(touched);
            rounds.push(std::mem::take(&mut round));
            round.push(Lane { kernels: vec![index], count });
        }
    }
    rounds.push(round);
    for round in &mut rounds {
        round.sort_by_key(|lane| lane.kernels[0]);
    }
    rounds
}

/// Returns whether every element depends only on its own if the update has to run after the lane, else `None`.
fn meet(plan: &Plan, lane: &Lane, index: usize) -> Option<bool> {
    let kernel = &plan.kernels[index];
    let mut met = None;
    for &own in &lane.kernels {
        let other = &plan.kernels[own];
        if other.output == kernel.output
            || reads(kernel).contains(&other.output)
            || reads(other).contains(&kernel.output)
        {
            let full = reads_in_full(kernel, other.output) && reads_in_full(other, kernel.output);
            met = Some(met.unwrap_or(true) && full);
        }
    }
    met
}

/// Returns true if a pointwise kernel reads a slot only at the element that it computes.
fn reads_in_full(kernel: &Kernel, slot: SlotId) -> bool {
    let Work::Pointwise(pointwise) = &kernel.work else { return false };
    pointwise.operands.iter().all(|operand| operand.source != Source::Slot(slot) || operand.access == Access::Full)
}

/// Packs values into one buffer: those that some of the deferred lanes read from temporary buffers and others do not.
/// Values are left out where a kernel would both read from that buffer and write to it. Returns the places and the
/// size.
pub fn pack(plan: &Plan, lanes: &[Lane]) -> (Vec<Packed>, usize) {
    let mut packed: Vec<Packed> = Vec::new();
    let mut size_words = 0;
    let read: Vec<Vec<SlotId>> =
        lanes.iter().map(|lane| lane.kernels.iter().flat_map(|&index| reads(&plan.kernels[index])).collect()).collect();
    for own in &read {
        for &slot in own {
            let is_known = packed.iter().any(|own| own.slot == slot);
            let is_temporary = matches!(plan.slots[slot.0 as usize].kind, SlotKind::Temporary);
            if is_known || !is_temporary || read.iter().all(|other| other.contains(&slot)) {
                continue;
            }
            let Some(from) = plan.kernels.iter().rposition(|kernel| kernel.output == slot) else { continue };
            packed.push(Packed { slot, from, offset_words: size_words });
            if is_possible(plan, &packed) {
                size_words += plan.kernels[from].output_type.shape.len().next_multiple_of(ALIGNMENT_WORDS);
            } else {
                packed.pop();
            }
        }
    }
    (packed, size_words)
}

/// Returns the packed place of a slot at the time a kernel reads it, or writes it.
pub fn packed_at(packed: &[Packed], slot: SlotId, kernel: usize, write: bool) -> Option<Packed> {
    packed.iter().copied().find(|own| own.slot == slot && if write { kernel == own.from } else { kernel > own.from })
}

fn is_possible(plan: &Plan, packed: &[Packed]) -> bool {
    // A value computed in place finds its previous value in the same buffer.
    let in_place = packed.iter().any(|own| match &plan.kernels[own.from].work {
        Work::Pointwise(pointwise) => pointwise.operands.iter().any(|operand| operand.source == Source::Output),
        Work::Op { .. } => false,
        Work::Copy { .. } => true,
    });
    let mut kernels = plan.kernels.iter().enumerate();
    let conflict = kernels.any(|(index, kernel)| {
        packed_at(packed, kernel.output, index, true).is_some()
            && reads(kernel).iter().any(|&slot| packed_at(packed, slot, index, false).is_some())
    });
    !in_place && !conflict
}
