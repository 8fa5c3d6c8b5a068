//! The CPU backend: runs plans kernel by kernel on one thread, and long kernels part by part.
//!
//! Memory is allocated when a plan is loaded and, for the kernels' outputs, when each kernel first runs, because
//! allocating everything at once would delay answers. Later runs allocate nothing. Buffers are plain vectors in one
//! list. While a kernel runs, its output is taken out of the list, so that no two references ever overlap.

mod evaluate;

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;

use super::{Backend, PlanHandle, RunStatus, copy_words};
use crate::error::{BackendError, Error, Result};
use crate::ir::{CpuCall, KernelPart};
use crate::plan::{Kernel, Plan, Pointwise, Slot, SlotId, SlotKind, Source, Work};
use crate::tensor::{HostTensor, TensorType};
use evaluate::{OperandWords, Registers};

/// CPU backend; see the [module](self).
#[derive(Default)]
pub struct CpuBackend {
    buffers: Vec<Vec<f32>>,
    /// Buffers that no plan uses any more, for reuse.
    unused: Vec<usize>,
    states: BTreeMap<String, usize>,
    plans: BTreeMap<PlanHandle, LoadedPlan>,
    next_handle: u32,
    scratch: Vec<f32>,
    registers: Registers,
}

struct LoadedPlan {
    plan: Arc<Plan>,
    /// Buffer of each slot.
    buffers: Vec<usize>,
    /// Kernel, and its part, at which an unfinished run continues.
    next_kernel: usize,
    next_part: usize,
    /// Number of parts in which each kernel runs.
    parts: Vec<usize>,
}

impl CpuBackend {
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the bytes of all buffers.
    pub fn size_bytes(&self) -> usize {
        self.buffers.iter().map(|buffer| buffer.len() * 4).sum()
    }

    /// Returns a state's words, to be written in place; `None` if there is no such state.
    pub fn state_mut(&mut self, name: &str) -> Option<&mut [f32]> {
        let buffer = *self.states.get(name)?;
        Some(&mut self.buffers[buffer])
    }

    fn new_buffer(&mut self, size_words: usize) -> usize {
        let buffer = vec![0.0; size_words];
        match self.unused.pop() {
            Some(index) => {
                self.buffers[index] = buffer;
                index
            }
            None => {
                self.buffers.push(buffer);
                self.buffers.len() - 1
            }
        }
    }

    fn state(&self, name: &str) -> Result<&[f32]> {
        let buffer = self.states.get(name).ok_or_else(|| BackendError::UnknownState { name: name.to_owned() })?;
        Ok(&self.buffers[*buffer])
    }

    fn value(&self, handle: PlanHandle, name: &str) -> Result<(&TensorType, &[f32])> {
        let loaded = self.loaded(handle)?;
        let value = loaded.plan.value(name)?;
        let words = &self.buffers[loaded.buffers[value.slot.0 as usize]];
        let words = words
            .get(..value.tensor_type.shape.len())
            .ok_or_else(|| BackendError::NotComputed { name: name.to_owned() })?;
        Ok((&value.tensor_type, words))
    }

    fn loaded(&self, handle: PlanHandle) -> Result<&LoadedPlan> {
        self.plans.get(&handle).ok_or_else(unknown_plan)
    }

    fn run_kernel(&mut self, kernel: &Kernel, slots: &[usize], part: KernelPart) {
        let size = kernel.output_type.shape.len();
        let output_buffer = slots[kernel.output.0 as usize];
        let mut output = std::mem::take(&mut self.buffers[output_buffer]);
        let words = |slot: SlotId| self.buffers[slots[slot.0 as usize]].as_slice();
        match &kernel.work {
            Work::Copy { from } => output[..size].copy_from_slice(&words(*from)[..size]),
            Work::Pointwise(pointwise) => {
                let operands = operand_words(pointwise, &words);
                // Blocks stay whole, so that every element is computed as in one run.
                let blocks = part.of(size.div_ceil(evaluate::BLOCK));
                let first = blocks.start * evaluate::BLOCK;
                let stretch = &mut output[first..(blocks.end * evaluate::BLOCK).min(size)];
                evaluate::run(&pointwise.program, &operands, stretch, first, &mut self.registers);
            }
            Work::Op { op, inputs, epilogue } => {
                let input_words: SmallVec<[&[f32]; 4]> =
                    inputs.iter().map(|(slot, input)| &words(*slot)[..input.shape.len()]).collect();
                let input_types: SmallVec<[&TensorType; 4]> = inputs.iter().map(|(_, input)| input).collect();
                let operands = epilogue.as_ref().map(|epilogue| operand_words(epilogue, &words));
                let registers = &mut self.registers;
                let mut finish = |part: &mut [f32], offset: usize| {
                    if let (Some(epilogue), Some(operands)) = (epilogue, &operands) {
                        evaluate::run(&epilogue.program, operands, part, offset, registers);
                    }
                };
                op.cpu(&mut CpuCall {
                    inputs: &input_words,
                    input_types: &input_types,
                    output: &mut output[..size],
                    output_type: &kernel.output_type,
                    scratch: &mut self.scratch,
                    finish: &mut finish,
                    part,
                });
            }
        }
        self.buffers[output_buffer] = output;
    }
}

/// Maximum work of one part of a divisible kernel, in floating-point operations: 2 to 4 ms on one core of a laptop, and
/// still short on a core a tenth as fast. Between parts the worker may answer a message.
pub const PART_COST: u64 = 1 << 26;

/// Words of a buffer that are cleared at a time. In a browser's worker the first write to a page of memory is slow.
const CLEARED_WORDS: usize = 1 << 20;

/// Cost of reading or writing a word, in floating-point operations of the convolutions' kernels.
const WORD_COST: u64 = 16;

/// Returns the number of parts in which a kernel of a plan with these slots runs.
pub fn parts(kernel: &Kernel, slots: &[Slot]) -> usize {
    let size = kernel.output_type.shape.len() as u64;
    let cost = match &kernel.work {
        Work::Op { op, inputs, .. } if op.is_divisible() => {
            let types: SmallVec<[&TensorType; 4]> = inputs.iter().map(|(_, input)| input).collect();
            let words = types.iter().map(|input| input.shape.len() as u64).sum::<u64>() + size;
            op.flops(&types, &kernel.output_type) + words * WORD_COST
        }
        // A state must be whole at any time: a reader sees the old value or the new one.
        Work::Pointwise(pointwise)
            if !matches!(slots.get(kernel.output.0 as usize), Some(Slot { kind: SlotKind::State(_), .. })) =>
        {
            size * WORD_COST * pointwise.program.instructions.len() as u64
        }
        _ => 0,
    };
    cost.div_ceil(PART_COST).max(1) as usize
}

fn operand_words<'a>(pointwise: &'a Pointwise, words: &dyn Fn(SlotId) -> &'a [f32]) -> SmallVec<[OperandWords<'a>; 8]> {
    let operand = |operand: &'a crate::plan::Operand| OperandWords {
        words: match operand.source {
            Source::Slot(slot) => Some(words(slot)),
            Source::Output => None,
        },
        access: &operand.access,
    };
    pointwise.operands.iter().map(operand).collect()
}

fn unknown_plan() -> Error {
    BackendError::UnknownPlan { backend: "cpu".to_owned() }.into()
}

impl Backend for CpuBackend {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn load(&mut self, plan: Arc<Plan>) -> Result<PlanHandle> {
        for slot in &plan.slots {
            let SlotKind::State(name) = &slot.kind else { continue };
            let existing = self.states.get(name).map(|&buffer| self.buffers[buffer].len());
            if let Some(size) = existing.filter(|&size| size != slot.size_words) {
                return Err(BackendError::StateSize { name: name.clone(), expected: slot.size_words, got: size }.into());
            }
        }
        let mut buffers = Vec::with_capacity(plan.slots.len());
        for slot in &plan.slots {
            let buffer = match &slot.kind {
                SlotKind::State(name) => match self.states.get(name) {
                    Some(&buffer) => buffer,
                    None => {
                        let buffer = self.new_buffer(slot.size_words);
                        self.states.insert(name.clone(), buffer);
                        buffer
                    }
                },
                SlotKind::Constant(value) => {
                    let buffer = self.new_buffer(slot.size_words);
                    self.buffers[buffer].copy_from_slice(value.words());
                    buffer
                }
                SlotKind::Input(_) => self.new_buffer(slot.size_words),
                SlotKind::Temporary => self.new_buffer(0),
            };
            buffers.push(buffer);
        }
        let handle = PlanHandle(self.next_handle);
        self.next_handle += 1;
        let parts = plan.kernels.iter().map(|kernel| parts(kernel, &plan.slots)).collect();
        self.plans.insert(handle, LoadedPlan { plan, buffers, next_kernel: 0, next_part: 0, parts });
        Ok(handle)
    }

    fn unload(&mut self, handle: PlanHandle) {
        let Some(loaded) = self.plans.remove(&handle) else { return };
        for (slot, buffer) in loaded.plan.slots.iter().zip(loaded.buffers) {
            if !matches!(slot.kind, SlotKind::State(_)) {
                self.buffers[buffer] = Vec::new();
                self.unused.push(buffer);
            }
        }
    }

    fn write_state(&mut self, name: &str, value: &HostTensor) {
        match self.states.get(name) {
            Some(&buffer) if self.buffers[buffer].len() == value.words().len() => {
                self.buffers[buffer].copy_from_slice(value.words());
            }
            Some(&buffer) => self.buffers[buffer] = value.words().to_vec(),
            None => {
                let buffer = self.new_buffer(value.words().len());
                self.buffers[buffer].copy_from_slice(value.words());
                self.states.insert(name.to_owned(), buffer);
            }
        }
    }

    fn read_state(&self, name: &str) -> Result<Vec<f32>> {
        Ok(self.state(name)?.to_vec())
    }

    fn copy_state(&self, name: &str, out: &mut [f32]) -> Result<()> {
        copy_words(name, self.state(name)?, out)
    }

    fn copy_value(&self, handle: PlanHandle, name: &str, out: &mut [f32]) -> Result<()> {
        copy_words(name, self.value(handle, name)?.1, out)
    }

    fn clear(&mut self) {
        *self = Self { next_handle: self.next_handle, ..Self::default() };
    }

    fn write_input(&mut self, handle: PlanHandle, name: &str, fill: &mut dyn FnMut(&mut [f32])) -> Result<()> {
        let loaded = self.loaded(handle)?;
        let position = loaded
            .plan
            .slots
            .iter()
            .position(|slot| matches!(&slot.kind, SlotKind::Input(own) if own == name))
            .ok_or_else(|| BackendError::NotAnInput { name: name.to_owned() })?;
        let buffer = loaded.buffers[position];
        fill(&mut self.buffers[buffer]);
        Ok(())
    }

    fn run(&mut self, handle: PlanHandle, has_time: &mut dyn FnMut() -> bool) -> Result<RunStatus> {
        let mut loaded = self.plans.remove(&handle).ok_or_else(unknown_plan)?;
        let mut status = RunStatus::Done;
        'kernels: while let Some(kernel) = loaded.plan.kernels.get(loaded.next_kernel) {
            let count = loaded.parts[loaded.next_kernel];
            let slot = kernel.output.0 as usize;
            let (buffer, size_words) = (loaded.buffers[slot], loaded.plan.slots[slot].size_words);
            let words = &mut self.buffers[buffer];
            if words.capacity() < size_words {
                *words = Vec::with_capacity(size_words);
            }
            while words.len() < size_words {
                words.resize(size_words.min(words.len() + CLEARED_WORDS), 0.0);
                if words.len() >= CLEARED_WORDS && !has_time() {
                    status = RunStatus::Unfinished;
                    break 'kernels;
                }
            }
            self.run_kernel(kernel, &loaded.buffers, KernelPart { index: loaded.next_part, count });
            loaded.next_part += 1;
            if loaded.next_part >= count {
                (loaded.next_kernel, loaded.next_part) = (loaded.next_kernel + 1, 0);
            }
            if loaded.next_kernel < loaded.plan.kernels.len() && !has_time() {
                status = RunStatus::Unfinished;
                break;
            }
        }
        if status == RunStatus::Done {
            loaded.next_kernel = 0;
        }
        self.plans.insert(handle, loaded);
        Ok(status)
    }

    fn cancel(&mut self, handle: PlanHandle) {
        if let Some(loaded) = self.plans.get_mut(&handle) {
            (loaded.next_kernel, loaded.next_part) = (0, 0);
        }
    }

    fn read(&self, handle: PlanHandle, name: &str) -> Result<HostTensor> {
        let (tensor_type, words) = self.value(handle, name)?;
        HostTensor::from_words(tensor_type.clone(), words.to_vec()).ok_or_else(unknown_plan)
    }
}
