//! A plan as shaders and commands: what a device is to build once and to run for every batch.

use std::collections::HashMap;

use super::wgsl::{Epilogue, Origin, shader};
use crate::error::{Error, Result};
use crate::ir::gpu::{Buffer, Element, Form, GpuCall, Pass, Tiling};
use crate::plan::{Kernel, Plan, Pointwise, SlotId, Source, Work};
use crate::tensor::TensorType;

/// WebGPU guarantees so many storage buffers to a shader.
const MAX_BINDINGS: usize = 8;

/// See the [module](self).
#[derive(Debug, Default)]
pub struct Lowered {
    /// Texts, each once.
    pub shaders: Vec<String>,
    pub commands: Vec<Command>,
    /// Words of each scratch buffer.
    pub scratch_words: Vec<usize>,
}

#[derive(Clone, Debug)]
pub struct Command {
    pub action: Action,
    /// The index of the kernel of the plan that it belongs to.
    pub kernel: usize,
}

#[derive(Clone, Debug)]
pub enum Action {
    Dispatch {
        /// An index into [`Lowered::shaders`].
        shader: usize,
        /// In the order of the bindings; the last one is written.
        buffers: Vec<BufferRef>,
        workgroups: [u32; 3],
    },
    Copy {
        from: SlotId,
        to: SlotId,
        size_words: usize,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BufferRef {
    Slot(SlotId),
    Scratch(usize),
}

/// Lowers a plan.
///
/// # Errors
/// `no-shader` for an op that has none.
pub fn lower(plan: &Plan, tiling: Tiling) -> Result<Lowered> {
    let mut builder = Builder { tiling, ..Builder::default() };
    for (index, kernel) in plan.kernels.iter().enumerate() {
        builder.kernel_index = index;
        builder.kernel(kernel)?;
    }
    Ok(builder.lowered)
}

#[derive(Default)]
struct Builder {
    lowered: Lowered,
    known: HashMap<String, usize>,
    tiling: Tiling,
    kernel_index: usize,
    /// Elements of the kernel's output.
    count: usize,
}

impl Builder {
    fn kernel(&mut self, kernel: &Kernel) -> Result<()> {
        let size_words = kernel.output_type.shape.len();
        self.count = size_words;
        if size_words == 0 {
            return Ok(());
        }
        match &kernel.work {
            Work::Copy { from } => {
                self.push(Action::Copy { from: *from, to: kernel.output, size_words });
            }
            Work::Pointwise(pointwise) => self.pointwise(pointwise, kernel.output, size_words),
            Work::Op { op, inputs, epilogue } => {
                let input_types: Vec<&TensorType> = inputs.iter().map(|(_, input)| input).collect();
                let call = GpuCall { input_types: &input_types, output_type: &kernel.output_type, tiling: self.tiling };
                let passes = op.gpu(&call);
                let Some(last) = passes.len().checked_sub(1) else {
                    return Err(Error::new("no-shader", op.name()).expected("an op that runs on a GPU"));
                };
                for (position, pass) in passes.iter().enumerate() {
                    let room = MAX_BINDINGS.saturating_sub(pass.reads.len() + 1);
                    match epilogue {
                        Some(epilogue) if position == last => {
                            // In place after the op where its own kernel has no room for all that is read.
                            if epilogue.operands.len() > room + 1
                                || passes.iter().filter(|p| p.writes == Buffer::Output).count() > 1
                            {
                                self.pass(pass, inputs, kernel.output, None);
                                self.pointwise(epilogue, kernel.output, size_words);
                            } else {
                                self.pass(pass, inputs, kernel.output, Some(epilogue));
                            }
                        }
                        _ => self.pass(pass, inputs, kernel.output, None),
                    }
                }
            }
        }
        Ok(())
    }

    fn pass(&mut self, pass: &Pass, inputs: &[(SlotId, TensorType)], output: SlotId, epilogue: Option<&Pointwise>) {
        let mut buffers: Vec<BufferRef> = Vec::new();
        let mut elements: Vec<Element> = Vec::new();
        for &(buffer, element) in &pass.reads {
            let buffer = self.buffer(buffer, inputs, output);
            buffers.push(buffer);
            elements.push(element);
        }
        let epilogue =
            epilogue.map(|epilogue| operands(epilogue, Origin::Value, &mut buffers, &mut elements, self.count));
        let writes = self.buffer(pass.writes, inputs, output);
        self.dispatch(&elements, pass.integers, &pass.source, pass.form, epilogue.as_ref(), buffers, writes);
    }

    fn pointwise(&mut self, pointwise: &Pointwise, output: SlotId, count: usize) {
        let (mut buffers, mut elements) = (Vec::new(), Vec::new());
        let epilogue = operands(pointwise, Origin::Output, &mut buffers, &mut elements, count);
        let source = "fn element(i: u32) -> f32 { return 0.0; }\n";
        let form = Form::Elements { count };
        self.dispatch(&elements, false, source, form, Some(&epilogue), buffers, BufferRef::Slot(output));
    }

    #[allow(clippy::too_many_arguments)]
    fn dispatch(
        &mut self,
        elements: &[Element],
        integers: bool,
        source: &str,
        form: Form,
        epilogue: Option<&Epilogue<'_>>,
        mut buffers: Vec<BufferRef>,
        writes: BufferRef,
    ) {
        let (text, workgroups) = shader(elements, integers, source, form, epilogue);
        let next = self.lowered.shaders.len();
        let shader = *self.known.entry(text).or_insert_with_key(|text| {
            self.lowered.shaders.push(text.clone());
            next
        });
        buffers.push(writes);
        self.push(Action::Dispatch { shader, buffers, workgroups });
    }

    fn push(&mut self, action: Action) {
        self.lowered.commands.push(Command { action, kernel: self.kernel_index });
    }

    fn buffer(&mut self, buffer: Buffer, inputs: &[(SlotId, TensorType)], output: SlotId) -> BufferRef {
        match buffer {
            Buffer::Input(index) => BufferRef::Slot(inputs[index].0),
            Buffer::Output => BufferRef::Slot(output),
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
}

/// Binds what a pointwise program reads, after what is bound already; `own` is what it finds in the output's place.
fn operands<'a>(
    pointwise: &'a Pointwise,
    own: Origin,
    buffers: &mut Vec<BufferRef>,
    elements: &mut Vec<Element>,
    count: usize,
) -> Epilogue<'a> {
    let operands = pointwise.operands.iter().map(|operand| {
        let origin = match operand.source {
            Source::Output => own,
            Source::Slot(slot) => {
                let buffer = BufferRef::Slot(slot);
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
    Epilogue { program: &pointwise.program, operands: operands.collect(), count }
}
