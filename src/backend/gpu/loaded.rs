//! A plan on the device: buffers, pipelines and bind groups, made once.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::execute::MAX_RUNS_AHEAD;
use super::lower::{Action, BufferRef, Lowered};
use super::staging::Staging;
use crate::backend::Wake;
use crate::plan::{Plan, SlotId, SlotKind};

/// Pipelines by the text of their shader.
pub type Pipelines = HashMap<String, wgpu::ComputePipeline>;

/// A range of a buffer.
#[derive(Clone)]
pub struct Range {
    pub buffer: wgpu::Buffer,
    pub offset_bytes: u64,
    pub size_bytes: u64,
}

impl Range {
    /// So many words of a buffer, and up to the next whole vector of four.
    pub fn new(buffer: &wgpu::Buffer, offset_words: usize, size_words: usize) -> Self {
        let size_bytes = bytes(size_words.max(1).next_multiple_of(4));
        Self { buffer: buffer.clone(), offset_bytes: bytes(offset_words), size_bytes }
    }

    fn whole(buffer: &wgpu::Buffer) -> Self {
        Self { buffer: buffer.clone(), offset_bytes: 0, size_bytes: buffer.size() }
    }

    fn entry((binding, own): (u32, &Self)) -> wgpu::BindGroupEntry<'_> {
        let size = wgpu::BufferSize::new(own.size_bytes);
        let range = wgpu::BufferBinding { buffer: &own.buffer, offset: own.offset_bytes, size };
        wgpu::BindGroupEntry { binding, resource: wgpu::BindingResource::Buffer(range) }
    }

    /// Copies the first words of it.
    pub fn copy_to(&self, encoder: &mut wgpu::CommandEncoder, to: &wgpu::Buffer, to_bytes: u64, size_words: usize) {
        encoder.copy_buffer_to_buffer(&self.buffer, self.offset_bytes, to, to_bytes, bytes(size_words));
    }
}

fn bytes(words: usize) -> u64 {
    words as u64 * 4
}

pub struct Loaded {
    pub plan: Arc<Plan>,
    /// Where each slot lies after a run.
    pub slots: Vec<Range>,
    pub commands: Vec<Ready>,
    /// The kernels of the plan that each runs.
    #[cfg_attr(target_arch = "wasm32", allow(dead_code))]
    pub kernels: Vec<Vec<usize>>,
    /// What the outputs are, and where in the staging buffer each begins, in words.
    pub outputs: Vec<(usize, usize)>,
    output_words: usize,
    free: Vec<Staging>,
    /// Runs that are under way, the oldest first.
    pub runs: VecDeque<Staging>,
    /// The outputs of the last run that has come to its end.
    pub results: RefCell<Vec<f32>>,
    /// The host's copy of an input while it is filled.
    pub input_words: Vec<f32>,
}

pub enum Ready {
    Dispatch { pipeline: wgpu::ComputePipeline, bind_group: wgpu::BindGroup, workgroups: [u32; 3] },
    Copy { from: Range, to: Range, size_words: usize },
}

/// A storage buffer; its size is rounded up so that whole vectors of four can be read.
pub fn storage(device: &wgpu::Device, size_words: usize) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: (size_words.max(1).next_multiple_of(4) * 4) as u64,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    })
}

impl Loaded {
    /// Makes what a lowered plan takes. `slots` are where its slots lie, `states` the buffers of states.
    pub fn new(
        device: &wgpu::Device,
        plan: Arc<Plan>,
        lowered: &Lowered,
        mut slots: Vec<Range>,
        states: &[wgpu::Buffer],
        pipelines: &mut Pipelines,
    ) -> Self {
        let scratch: Vec<wgpu::Buffer> = lowered.scratch_words.iter().map(|&words| storage(device, words)).collect();
        let packed = storage(device, lowered.packed_words);
        let range = |buffer: &BufferRef| match *buffer {
            BufferRef::Slot(SlotId(slot)) => slots[slot as usize].clone(),
            BufferRef::Scratch(number) => Range::whole(&scratch[number]),
            BufferRef::States(number) => Range::whole(&states[number]),
            BufferRef::Packed { offset_words, size_words } => Range::new(&packed, offset_words, size_words),
        };
        let mut ready = |action: &Action| match action {
            Action::Copy { from, to, size_words } => {
                Ready::Copy { from: range(from), to: range(to), size_words: *size_words }
            }
            Action::Dispatch { shader, buffers, written, workgroups } => {
                let text = &lowered.shaders[*shader];
                let layout = layout(device, buffers.len(), *written);
                let pipeline = pipelines.entry(text.clone()).or_insert_with(|| pipeline(device, text, &layout)).clone();
                let ranges: Vec<Range> = buffers.iter().map(range).collect();
                // A shader may be compiled without a buffer that it does not read, so the layout is not derived from it.
                let entries: Vec<wgpu::BindGroupEntry<'_>> = (0..).zip(&ranges).map(Range::entry).collect();
                let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
                    label: None,
                    layout: &layout,
                    entries: &entries,
                });
                Ready::Dispatch { pipeline, bind_group, workgroups: *workgroups }
            }
        };
        let commands = lowered.commands.iter().map(|command| ready(&command.action)).collect();
        for own in &lowered.packed {
            let slot = own.slot.0 as usize;
            slots[slot] = Range::new(&packed, own.offset_words, plan.kernels[own.from].output_type.shape.len());
        }
        let mut output_words = 0;
        let mut outputs = Vec::new();
        for (index, value) in plan.values.iter().enumerate() {
            if plan.outputs.contains(&value.name) {
                outputs.push((index, output_words));
                output_words += value.tensor_type.shape.len();
            }
        }
        Self {
            plan,
            slots,
            commands,
            kernels: lowered.commands.iter().map(|command| command.kernels.clone()).collect(),
            outputs,
            output_words,
            // As many as may be needed when runs are short: nothing is made once training goes on.
            free: (0..MAX_RUNS_AHEAD).map(|_| Staging::new(device, output_words)).collect(),
            runs: VecDeque::new(),
            results: RefCell::default(),
            input_words: Vec::new(),
        }
    }

    /// Dispatches of one run.
    pub fn dispatches(&self) -> usize {
        self.commands.iter().filter(|command| matches!(command, Ready::Dispatch { .. })).count()
    }

    /// Submits a run and asks for its outputs.
    pub fn submit(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, wake: Option<&Wake>) {
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: None });
        let mut commands = self.commands.iter().peekable();
        while let Some(command) = commands.peek() {
            if let Ready::Copy { from, to, size_words } = command {
                from.copy_to(&mut encoder, &to.buffer, to.offset_bytes, *size_words);
                commands.next();
                continue;
            }
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            while let Some(Ready::Dispatch { pipeline, bind_group, workgroups: [x, y, z] }) = commands.peek() {
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, bind_group, &[]);
                pass.dispatch_workgroups(*x, *y, *z);
                commands.next();
            }
        }
        let staging = self.free.pop().unwrap_or_else(|| Staging::new(device, self.output_words));
        for &(index, first) in &self.outputs {
            let value = &self.plan.values[index];
            let slot = &self.slots[value.slot.0 as usize];
            slot.copy_to(&mut encoder, &staging.buffer, bytes(first), value.tensor_type.shape.len());
        }
        queue.submit([encoder.finish()]);
        staging.request(wake);
        self.runs.push_back(staging);
    }

    /// Takes the outputs of the oldest run if it has come to its end.
    ///
    /// # Errors
    /// If the device is gone.
    pub fn finish(&mut self, device: &wgpu::Device) -> Result<bool, ()> {
        let Some(staging) = self.runs.front() else { return Ok(true) };
        let Some(words) = staging.take(device)? else { return Ok(false) };
        *self.results.borrow_mut() = words;
        self.free.extend(self.runs.pop_front());
        Ok(true)
    }

    /// The input's slot.
    pub fn input(&self, name: &str) -> Option<usize> {
        self.plan.slots.iter().position(|slot| matches!(&slot.kind, SlotKind::Input(own) if own == name))
    }
}

fn layout(device: &wgpu::Device, buffers: usize, written: usize) -> wgpu::BindGroupLayout {
    let entries: Vec<wgpu::BindGroupLayoutEntry> = (0..buffers)
        .map(|binding| wgpu::BindGroupLayoutEntry {
            binding: binding as u32,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Storage { read_only: binding + written < buffers },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        })
        .collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries })
}

fn pipeline(device: &wgpu::Device, text: &str, layout: &wgpu::BindGroupLayout) -> wgpu::ComputePipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(text.into()),
    });
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: &[Some(layout)],
        ..Default::default()
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: Some(&layout),
        module: &module,
        entry_point: Some("main"),
        compilation_options: Default::default(),
        cache: None,
    })
}
