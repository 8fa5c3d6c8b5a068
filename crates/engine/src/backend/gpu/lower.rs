//! A plan as shaders and commands, which a device builds once and runs for every batch.

use std::collections::HashMap;
use std::fmt;

use super::updates::{ALIGNMENT_WORDS, Lane, Packed, as_update, deferrable, lanes, pack, packed_at};
use super::wgsl::{Epilogue, LaneKernel, LaneOperand, Origin, Stretch, lane_shader, shader};
use crate::error::{BackendError, Result};
use crate::ir::gpu::{Buffer, Element, Form, GpuCall, Pass, Tiling};
use crate::plan::{Kernel, Plan, Pointwise, SlotId, SlotKind, Source, Work};
use crate::tensor::TensorType;

/// WebGPU guarantees this number of storage buffers per shader.
const MAX_BINDINGS: usize = 8;

/// Lowered plan; see the [module](self).
#[derive(Debug, Default)]
pub struct Lowered {
    /// Shader texts, each once.
    pub shaders: Vec<String>,
    pub commands: Vec<Command>,
    /// Words of each scratch buffer.
    pub scratch_words: Vec<usize>,
    /// Values that are stored in one buffer instead of their slots, and that buffer's size.
    pub packed: Vec<Packed>,
    pub packed_words: usize,
}

impl Lowered {
    pub fn dispatches(&self) -> usize {
        self.commands.iter().filter(|command| matches!(command.action, Action::Dispatch { .. })).count()
    }

    /// Returns true if a command reads or writes the buffer.
    pub fn uses(&self, own: BufferRef) -> bool {
        self.commands.iter().any(|command| match &command.action {
            Action::Dispatch { buffers, .. } => buffers.contains(&own),
            Action::Copy { from, to, .. } => *from == own || *to == own,
        })
    }
}

/// Prints one line per command: its number, its shader, its workgroups, and the buffers that it reads and writes.
impl fmt::Display for Lowered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |buffers: &[BufferRef]| buffers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        for (index, Command { action, kernels }) in self.commands.iter().enumerate() {
            let kernels: Vec<String> = kernels.iter().map(|kernel| format!("k{kernel}")).collect();
            write!(f, "{index:3} {} = ", kernels.join(" "))?;
            match action {
                Action::Dispatch { shader, buffers, written, workgroups: [x, y, z] } => {
                    let (read, written) = buffers.split_at(buffers.len() - written);
                    writeln!(f, "shader {shader} x [{x}, {y}, {z}]: {} -> {}", list(read), list(written))?;
                }
                Action::Copy { from, to, size_words } => writeln!(f, "copy of {size_words} words: {from} -> {to}")?,
            }
        }
        for (number, words) in self.scratch_words.iter().enumerate() {
            writeln!(f, "scratch {number} {words} words")?;
        }
        for Packed { slot, from, offset_words } in &self.packed {
            writeln!(f, "{slot} of k{from} packed at {offset_words}")?;
        }
        let dispatches = self.dispatches();
        writeln!(f, "{dispatches} dispatches of {} shaders in 1 submission", self.shaders.len())
    }
}

impl fmt::Display for BufferRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slot(slot) => write!(f, "{slot}"),
            Self::Scratch(number) => write!(f, "scratch {number}"),
            Self::States(number) => write!(f, "states {number}"),
            Self::Packed { offset_words, size_words } => write!(f, "packed {offset_words}+{size_words}"),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Command {
    pub action: Action,
    /// Indices of the kernels of the plan that the command runs, completely or in part.
    pub kernels: Vec<usize>,
}

#[derive(Clone, Debug)]
pub enum Action {
    Dispatch {
        /// Index into [`Lowered::shaders`].
        shader: usize,
        /// Buffers in the order of the bindings.
        buffers: Vec<BufferRef>,
        /// Number of buffers, at the end, that are written.
        written: usize,
        workgroups: [u32; 3],
    },
    Copy {
        from: BufferRef,
        to: BufferRef,
        size_words: usize,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BufferRef {
    Slot(SlotId),
    Scratch(usize),
    /// A whole buffer of states.
    States(usize),
    /// A range of the buffer of packed values.
    Packed {
        offset_words: usize,
        size_words: usize,
    },
}

/// Place of a state: the buffer of states and the word in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    pub buffer: usize,
    pub offset_words: usize,
}

/// Places all states of a plan in one buffer, in order. Slots that are not states get `None`.
pub fn places(plan: &Plan) -> Vec<Option<Place>> {
    let mut end = 0;
    let place = |slot: &crate::plan::Slot| {
        matches!(slot.kind, SlotKind::State(_)).then(|| {
            let place = Place { buffer: 0, offset_words: end };
            end += slot.size_words.next_multiple_of(ALIGNMENT_WORDS);
            place
        })
    };
    plan.slots.iter().map(place).collect()
}

/// Lowers a plan whose states lie in these places.
///
/// # Errors
/// `no-shader` for an op without a shader.
pub fn lower(plan: &Plan, tiling: Tiling, places: &[Option<Place>]) -> Result<Lowered> {
    let mut builder = Builder {
        plan,
        places,
        tiling,
        lowered: Lowered::default(),
        known: HashMap::new(),
        kernels: Vec::new(),
        count: 0,
    };
    let deferred = deferrable(plan);
    let rounds = lanes(plan, &deferred, &|kernels| builder.physical(kernels) <= MAX_BINDINGS);
    let all: Vec<Lane> = rounds.iter().flatten().cloned().collect();
    (builder.lowered.packed, builder.lowered.packed_words) = pack(plan, &all);
    for (index, kernel) in plan.kernels.iter().enumerate() {
        builder.kernels = vec![index];
        if !deferred.contains(&index) {
            builder.kernel(kernel)?;
        }
    }
    for round in rounds {
        builder.round(round, usize::MAX);
    }
    Ok(builder.lowered)
}

struct Builder<'a> {
    plan: &'a Plan,
    places: &'a [Option<Place>],
    tiling: Tiling,
    lowered: Lowered,
    known: HashMap<String, usize>,
    /// Kernels that are being lowered.
    kernels: Vec<usize>,
    /// Elements of the kernel's output.
    count: usize,
}

impl<'a> Builder<'a> {
    fn kernel(&mut self, kernel: &'a Kernel) -> Result<()> {
        let size_words = kernel.output_type.shape.len();
        self.count = size_words;
        if size_words == 0 {
            return Ok(());
        }
        let target = self.written(kernel.output);
        match &kernel.work {
            Work::Copy { from } => {
                let from = self.read(*from);
                self.push(Action::Copy { from, to: target, size_words });
            }
            Work::Pointwise(_) if as_update(self.plan, kernel).is_some() => {
                let at = self.kernels[0];
                self.round(vec![Lane { kernels: vec![at], count: size_words }], at);
            }
            Work::Pointwise(pointwise) => self.pointwise(pointwise, target, size_words),
            Work::Op { op, inputs, epilogue } => {
                let input_types: Vec<&TensorType> = inputs.iter().map(|(_, input)| input).collect();
                let call = GpuCall { input_types: &input_types, output_type: &kernel.output_type, tiling: self.tiling };
                let passes = op.gpu(&call);
                let Some(last) = passes.len().checked_sub(1) else {
                    return Err(BackendError::NoShader { op: op.name().to_owned() }.into());
                };
                // The kernel writes a state and reads another state in the same buffer.
                let aside = self.is_state(kernel.output)
                    && super::updates::reads(kernel).iter().any(|&slot| self.is_state(slot));
                let number =
                    passes.iter().flat_map(|pass| pass.reads.iter().map(|(buffer, _)| buffer).chain([&pass.writes]));
                let number = number.filter_map(|buffer| match buffer {
                    Buffer::Scratch { number, .. } => Some(number + 1),
                    _ => None,
                });
                let number = number.max().unwrap_or(0);
                let output =
                    if aside { self.buffer(Buffer::Scratch { number, size_words }, inputs, target) } else { target };
                for (position, pass) in passes.iter().enumerate() {
                    let room = MAX_BINDINGS.saturating_sub(pass.reads.len() + 1);
                    match epilogue {
                        Some(epilogue) if position == last => {
                            // The epilogue runs in place after the op if the op's own kernel has no room for all of its
                            // operands.
                            if epilogue.operands.len() > room + 1
                                || passes.iter().filter(|p| p.writes == Buffer::Output).count() > 1
                            {
                                self.pass(pass, inputs, output, None);
                                self.pointwise(epilogue, output, size_words);
                            } else {
                                self.pass(pass, inputs, output, Some(epilogue));
                            }
                        }
                        _ => self.pass(pass, inputs, output, None),
                    }
                }
                if aside {
                    self.push(Action::Copy { from: output, to: target, size_words });
                }
            }
        }
        Ok(())
    }

    fn pass(&mut self, pass: &Pass, inputs: &[(SlotId, TensorType)], output: BufferRef, epilogue: Option<&Pointwise>) {
        let mut buffers: Vec<BufferRef> = Vec::new();
        let mut elements: Vec<Element> = Vec::new();
        for &(buffer, element) in &pass.reads {
            let buffer = self.buffer(buffer, inputs, output);
            buffers.push(buffer);
            elements.push(element);
        }
        let epilogue = epilogue.map(|epilogue| self.operands(epilogue, Origin::Value, &mut buffers, &mut elements));
        let writes = self.buffer(pass.writes, inputs, output);
        let (text, workgroups) = shader(&elements, pass.integers, &pass.source, pass.form, epilogue.as_ref());
        buffers.push(writes);
        self.dispatch(text, buffers, 1, workgroups);
    }

    fn pointwise(&mut self, pointwise: &Pointwise, output: BufferRef, count: usize) {
        let (mut buffers, mut elements) = (Vec::new(), Vec::new());
        let epilogue = self.operands(pointwise, Origin::Output, &mut buffers, &mut elements);
        let source = "fn element(i: u32) -> f32 { return 0.0; }\n";
        let (text, workgroups) = shader(&elements, false, source, Form::Elements { count }, Some(&epilogue));
        buffers.push(output);
        self.dispatch(text, buffers, 1, workgroups);
    }

    /// Dispatches independent lanes, in one dispatch those that differ only in their offsets. `at` is the kernel at
    /// whose time the slots are read.
    fn round(&mut self, lanes: Vec<Lane>, at: usize) {
        struct Group<'a> {
            kernels: Vec<LaneKernel<'a>>,
            buffers: Vec<BufferRef>,
            written: usize,
            stretches: Vec<Stretch>,
            indices: Vec<usize>,
        }
        let mut groups: Vec<Group<'a>> = Vec::new();
        for lane in lanes {
            let (kernels, buffers, written, offsets) = self.lane(&lane, at);
            let stretch = Stretch { count: lane.count, offsets };
            match groups.iter_mut().find(|group| group.buffers == buffers && group.kernels == kernels) {
                Some(group) => {
                    group.stretches.push(stretch);
                    group.indices.extend(lane.kernels);
                }
                None => {
                    let (stretches, indices) = (vec![stretch], lane.kernels);
                    groups.push(Group { kernels, buffers, written, stretches, indices });
                }
            }
        }
        for Group { kernels, buffers, written, stretches, indices } in groups {
            let (text, workgroups) = lane_shader(&kernels, buffers.len(), written, &stretches);
            self.kernels = indices;
            self.dispatch(text, buffers, written, workgroups);
        }
    }

    /// Returns a lane's kernels, the buffers that they bind, the number of these, at the end, that are written, and the
    /// offset of each slot that is read or written.
    fn lane(&self, lane: &Lane, at: usize) -> (Vec<LaneKernel<'a>>, Vec<BufferRef>, usize, Vec<usize>) {
        let mut slots: Vec<SlotId> = Vec::new();
        let mut kernels: Vec<(&'a Pointwise, Vec<usize>, usize)> = Vec::new();
        let mut outputs: Vec<BufferRef> = Vec::new();
        let mut number = |slot: SlotId| {
            slots.iter().position(|&own| own == slot).unwrap_or_else(|| {
                slots.push(slot);
                slots.len() - 1
            })
        };
        for &index in &lane.kernels {
            let kernel = &self.plan.kernels[index];
            let Work::Pointwise(pointwise) = &kernel.work else { continue };
            let operands = pointwise.operands.iter().map(|operand| match operand.source {
                Source::Slot(slot) => number(slot),
                Source::Output => number(kernel.output),
            });
            let operands = operands.collect();
            kernels.push((pointwise, operands, number(kernel.output)));
            outputs.push(self.whole(kernel.output, at).0);
        }
        let whole: Vec<(BufferRef, usize)> = slots.iter().map(|&slot| self.whole(slot, at)).collect();
        let mut buffers: Vec<BufferRef> = Vec::new();
        for is_written in [false, true] {
            for (buffer, _) in &whole {
                if outputs.contains(buffer) == is_written && !buffers.contains(buffer) {
                    buffers.push(*buffer);
                }
            }
        }
        let written = buffers.iter().filter(|buffer| outputs.contains(buffer)).count();
        let operand = |slot: usize| LaneOperand {
            binding: buffers.iter().position(|buffer| *buffer == whole[slot].0).unwrap_or_default(),
            slot,
        };
        let kernels = kernels.into_iter().map(|(pointwise, operands, output)| LaneKernel {
            program: &pointwise.program,
            operands: operands
                .into_iter()
                .zip(&pointwise.operands)
                .map(|(slot, own)| (operand(slot), &own.access))
                .collect(),
            output: operand(output),
        });
        let kernels = kernels.collect();
        (kernels, buffers, written, whole.iter().map(|(_, offset)| *offset).collect())
    }

    /// Returns the maximum number of buffers that some updates would bind as one lane.
    fn physical(&self, kernels: &[usize]) -> usize {
        let mut buffers: Vec<BufferRef> = Vec::new();
        for kernel in kernels.iter().map(|&index| &self.plan.kernels[index]) {
            for slot in super::updates::reads(kernel).into_iter().chain([kernel.output]) {
                let (buffer, _) = self.whole(slot, usize::MAX);
                if !buffers.contains(&buffer) {
                    buffers.push(buffer);
                }
            }
        }
        buffers.len()
    }

    /// Returns the whole buffer of a slot at the time of the kernel `at`, and the slot's offset in it.
    fn whole(&self, slot: SlotId, at: usize) -> (BufferRef, usize) {
        if let Some(Place { buffer, offset_words }) = self.places[slot.0 as usize] {
            return (BufferRef::States(buffer), offset_words);
        }
        match packed_at(&self.lowered.packed, slot, at, false) {
            Some(own) => {
                (BufferRef::Packed { offset_words: 0, size_words: self.lowered.packed_words }, own.offset_words)
            }
            None => (BufferRef::Slot(slot), 0),
        }
    }

    fn is_state(&self, slot: SlotId) -> bool {
        self.places[slot.0 as usize].is_some()
    }

    fn dispatch(&mut self, text: String, buffers: Vec<BufferRef>, written: usize, workgroups: [u32; 3]) {
        let next = self.lowered.shaders.len();
        let shader = *self.known.entry(text).or_insert_with_key(|text| {
            self.lowered.shaders.push(text.clone());
            next
        });
        self.push(Action::Dispatch { shader, buffers, written, workgroups });
    }

    fn push(&mut self, action: Action) {
        self.lowered.commands.push(Command { action, kernels: self.kernels.clone() });
    }

    /// Returns a slot's buffer for reading by the kernel that is being lowered.
    fn read(&self, slot: SlotId) -> BufferRef {
        self.at(slot, false)
    }

    /// Returns a slot's buffer for writing by the kernel that is being lowered.
    fn written(&self, slot: SlotId) -> BufferRef {
        self.at(slot, true)
    }

    fn at(&self, slot: SlotId, write: bool) -> BufferRef {
        let kernel = self.kernels.first().copied().unwrap_or(0);
        match packed_at(&self.lowered.packed, slot, kernel, write) {
            Some(own) => BufferRef::Packed {
                offset_words: own.offset_words,
                size_words: self.plan.kernels[own.from].output_type.shape.len(),
            },
            None => BufferRef::Slot(slot),
        }
    }

    fn buffer(&mut self, buffer: Buffer, inputs: &[(SlotId, TensorType)], output: BufferRef) -> BufferRef {
        match buffer {
            Buffer::Input(index) => self.read(inputs[index].0),
            Buffer::Output => output,
            Buffer::Scratch { number, size_words } => {
                let scratch = &mut self.lowered.scratch_words;
                if scratch.len() <= number {
                    scratch.resize(number + 1, 0);
                }
                scratch[number] = scratch[number].max(size_words);
                BufferRef::Scratch(number)
            }
        }
    }

    /// Binds the operands of a pointwise program, after the buffers that are bound already; `own` stands for the
    /// output's previous value.
    fn operands<'p>(
        &self,
        pointwise: &'p Pointwise,
        own: Origin,
        buffers: &mut Vec<BufferRef>,
        elements: &mut Vec<Element>,
    ) -> Epilogue<'p> {
        let operands = pointwise.operands.iter().map(|operand| {
            let origin = match operand.source {
                Source::Output => own,
                Source::Slot(slot) => {
                    let buffer = self.read(slot);
                    let bound = (0..buffers.len()).find(|&at| buffers[at] == buffer && elements[at] == Element::F32);
                    Origin::Binding(bound.unwrap_or_else(|| {
                        buffers.push(buffer);
                        elements.push(Element::F32);
                        buffers.len() - 1
                    }))
                }
            };
            (origin, &operand.access)
        });
        Epilogue { program: &pointwise.program, operands: operands.collect(), count: self.count }
    }
}
