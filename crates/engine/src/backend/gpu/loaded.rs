//! A plan on the device: buffers, pipelines and bind groups.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use super::device::GpuDevice;
use super::execute::MAX_RUNS_AHEAD;
use super::lower::{Action, BufferRef, Lowered};
use super::pipelines::{Pipelines, layout};
use super::rows::Rows;
use super::staging::Staging;
use super::timer::Timer;
use crate::backend::{Timed, Wake};
use crate::plan::{Plan, SlotId, SlotKind};

/// Maximum work of one submission, in milliseconds: operating systems reset a device that does not answer for two
/// seconds. A step of a small network is one submission.
const SUBMISSION_MS: f64 = 200.0;
/// Number of submissions of a plan's first run, whose length is not known yet.
pub const UNKNOWN_PARTS: usize = 8;

/// Range of a buffer.
#[derive(Clone)]
pub struct Range {
    pub buffer: wgpu::Buffer,
    pub offset_bytes: u64,
    pub size_bytes: u64,
}

impl Range {
    /// Makes a range of `size_words`, rounded up to a whole vector of four.
    pub fn new(buffer: &wgpu::Buffer, offset_words: usize, size_words: usize) -> Self {
        let size_bytes = bytes(size_words.max(1).next_multiple_of(4));
        Self { buffer: buffer.clone(), offset_bytes: bytes(offset_words), size_bytes }
    }

    pub fn whole(buffer: &wgpu::Buffer) -> Self {
        Self { buffer: buffer.clone(), offset_bytes: 0, size_bytes: buffer.size() }
    }

    fn entry((binding, own): (u32, &Self)) -> wgpu::BindGroupEntry<'_> {
        let size = wgpu::BufferSize::new(own.size_bytes);
        let range = wgpu::BufferBinding { buffer: &own.buffer, offset: own.offset_bytes, size };
        wgpu::BindGroupEntry { binding, resource: wgpu::BindingResource::Buffer(range) }
    }

    /// Copies the first words of the range.
    pub fn copy_to(&self, encoder: &mut wgpu::CommandEncoder, to: &wgpu::Buffer, to_bytes: u64, size_words: usize) {
        encoder.copy_buffer_to_buffer(&self.buffer, self.offset_bytes, to, to_bytes, bytes(size_words));
    }
}

fn bytes(words: usize) -> u64 {
    words as u64 * 4
}

pub struct LoadedPlan {
    pub plan: Arc<Plan>,
    /// Range of each slot after a run.
    pub slots: Vec<Range>,
    pub commands: Vec<Ready>,
    /// Kernels of the plan that each dispatch runs.
    kernels: Vec<Vec<usize>>,
    /// Slots of the outputs, and the word of the staging buffer at which each begins.
    pub outputs: Vec<(usize, usize)>,
    output_words: usize,
    free: Vec<Staging>,
    /// Runs in progress, the oldest first: the staging buffer of their outputs, and their start time.
    pub runs: VecDeque<(Staging, f64)>,
    is_new: bool,
    /// Time of a run, in milliseconds.
    run_ms: Option<f64>,
    /// Number of submissions while that time is unknown.
    pub unknown_parts: usize,
    /// Outputs of the last finished run.
    pub results: RefCell<Vec<f32>>,
    /// The host's copy of an input while it is written.
    pub input_words: Vec<f32>,
    pub rows: Rows,
}

pub enum Ready {
    Dispatch { pipeline: wgpu::ComputePipeline, bind_group: wgpu::BindGroup, workgroups: [u32; 3] },
    Copy { from: Range, to: Range, size_words: usize },
}

impl Ready {
    /// Makes a dispatch of a shader over these ranges; the shader writes the last `written` of them.
    pub fn dispatch(
        device: &wgpu::Device,
        pipelines: &mut Pipelines,
        text: &str,
        ranges: &[Range],
        written: usize,
        workgroups: [u32; 3],
    ) -> Self {
        let layout = layout(device, ranges.len(), written);
        let pipeline = pipelines.get(device, text, &layout);
        // A shader may be compiled without a buffer that it does not read, so the layout is not derived from the
        // shader.
        let entries: Vec<wgpu::BindGroupEntry<'_>> = (0..).zip(ranges).map(Range::entry).collect();
        let bind_group =
            device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout: &layout, entries: &entries });
        Self::Dispatch { pipeline, bind_group, workgroups }
    }
}

/// Makes a storage buffer. Its size is rounded up so that whole vectors of four can be read.
pub fn storage(device: &wgpu::Device, size_words: usize) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: (size_words.max(1).next_multiple_of(4) * 4) as u64,
        usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    })
}

impl LoadedPlan {
    /// Makes the buffers and dispatches of a lowered plan. `slots` are the ranges of its slots, `states` the buffers of
    /// states.
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
                let ranges: Vec<Range> = buffers.iter().map(range).collect();
                Ready::dispatch(device, pipelines, &lowered.shaders[*shader], &ranges, *written, *workgroups)
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
            // As many as may be needed for short runs, so that nothing is allocated during training.
            free: (0..MAX_RUNS_AHEAD).map(|_| Staging::new(device, output_words)).collect(),
            runs: VecDeque::new(),
            is_new: true,
            run_ms: None,
            unknown_parts: 1,
            results: RefCell::default(),
            input_words: Vec::new(),
            rows: Rows::default(),
        }
    }

    /// Returns the dispatches of the plan's kernels.
    pub fn dispatches(&self) -> usize {
        self.commands.iter().filter(|command| matches!(command, Ready::Dispatch { .. })).count()
    }

    /// Submits a run, in parts if it takes long, and requests its outputs.
    pub fn submit(
        &mut self,
        GpuDevice { device, queue, .. }: &GpuDevice,
        now_ms: f64,
        wake: Option<&Wake>,
        mut timer: Option<&mut Timer>,
    ) {
        let encoder = || device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: None });
        let mut parts = self.commands.chunks(self.part()).peekable();
        let mut last = encoder();
        if let Some(command) = self.rows.command() {
            encode(std::slice::from_ref(command), &mut last);
        }
        while let Some(part) = parts.next() {
            match &mut timer {
                Some(timer) => timer.encode(part, &mut last),
                None => encode(part, &mut last),
            }
            if parts.peek().is_some() {
                queue.submit([std::mem::replace(&mut last, encoder()).finish()]);
            }
        }
        if let Some(timer) = &timer {
            timer.resolve(&mut last);
        }
        let staging = self.free.pop().unwrap_or_else(|| Staging::new(device, self.output_words));
        for &(index, first) in &self.outputs {
            let value = &self.plan.values[index];
            let slot = &self.slots[value.slot.0 as usize];
            slot.copy_to(&mut last, &staging.buffer, bytes(first), value.tensor_type.shape.len());
        }
        queue.submit([last.finish()]);
        staging.request(wake);
        if let Some(timer) = timer {
            timer.request(wake);
        }
        self.runs.push_back((staging, now_ms));
    }

    /// Returns the number of commands that are submitted together.
    fn part(&self) -> usize {
        let parts = self.run_ms.map_or(self.unknown_parts, |run_ms| (run_ms / SUBMISSION_MS).ceil().max(1.0) as usize);
        self.commands.len().div_ceil(parts).max(1)
    }

    /// Returns the submissions of one run.
    pub fn submissions(&self) -> usize {
        self.commands.len().div_ceil(self.part()).max(1)
    }

    /// Pairs the dispatches with these times.
    pub fn timed(&self, times: Vec<f64>) -> Vec<Timed> {
        let commands = self.commands.iter().zip(&self.kernels);
        let dispatches = commands.filter(|(command, _)| matches!(command, Ready::Dispatch { .. }));
        dispatches.map(|(_, kernels)| kernels.clone()).zip(times).collect()
    }

    /// Takes the outputs of the oldest run if it has finished, and returns its start time.
    ///
    /// # Errors
    /// If the device is gone.
    pub fn finish(&mut self, device: &wgpu::Device) -> Result<Option<f64>, ()> {
        let Some((staging, _)) = self.runs.front() else { return Ok(None) };
        let Some(words) = staging.take(device)? else { return Ok(None) };
        *self.results.borrow_mut() = words;
        let Some((staging, begun_ms)) = self.runs.pop_front() else { return Ok(None) };
        self.free.push(staging);
        Ok(Some(begun_ms))
    }

    /// Records the time of a run.
    pub fn took(&mut self, taken_ms: f64) {
        // The first run compiles the shaders, so its time means nothing.
        if std::mem::take(&mut self.is_new) {
            return;
        }
        // A pause may have delayed the notice of the run's end.
        let of_late = |run_ms: f64| run_ms + 0.2 * (taken_ms.min(3.0 * run_ms + 10.0) - run_ms);
        self.run_ms = Some(self.run_ms.map_or(taken_ms, of_late));
    }

    /// Returns the recent time of a run, if known.
    pub fn run_ms(&self) -> Option<f64> {
        self.run_ms
    }

    /// Estimates the time of the runs in progress.
    pub fn busy_ms(&self) -> f64 {
        match self.runs.len() {
            0 => 0.0,
            count => count as f64 * self.run_ms.unwrap_or(f64::INFINITY),
        }
    }

    /// Returns the input's slot.
    pub fn input(&self, name: &str) -> Option<usize> {
        self.plan.slots.iter().position(|slot| matches!(&slot.kind, SlotKind::Input(own) if own == name))
    }
}

fn encode(commands: &[Ready], encoder: &mut wgpu::CommandEncoder) {
    let mut commands = commands.iter().peekable();
    while let Some(command) = commands.peek() {
        if let Ready::Copy { from, to, size_words } = command {
            from.copy_to(encoder, &to.buffer, to.offset_bytes, *size_words);
            commands.next();
            continue;
        }
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        while let Some(command @ Ready::Dispatch { .. }) = commands.peek() {
            dispatch(command, &mut pass);
            commands.next();
        }
    }
}

/// Dispatches a command that is not a copy.
pub fn dispatch(command: &Ready, pass: &mut wgpu::ComputePass<'_>) {
    let Ready::Dispatch { pipeline, bind_group, workgroups: [x, y, z] } = command else { return };
    pass.set_pipeline(pipeline);
    pass.set_bind_group(0, bind_group, &[]);
    pass.dispatch_workgroups(*x, *y, *z);
}
