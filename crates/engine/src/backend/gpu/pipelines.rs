//! Compute pipelines: each made once, and ahead of its first use where there is time for that.

use std::collections::HashMap;
use std::sync::Arc;

use super::lower::{Action, Lowered};
use super::staging::Staging;
use crate::backend::Wake;
use crate::plan::Plan;

/// Pipelines by the text of their shader.
#[derive(Default)]
pub struct Pipelines {
    current: HashMap<String, wgpu::ComputePipeline>,
    /// Those of the model before: a reset, or an edit that is undone, finds them again.
    before: HashMap<String, wgpu::ComputePipeline>,
    made: usize,
}

impl Pipelines {
    /// The pipeline of a shader over so many buffers, of which it writes the last `written`.
    pub fn get(&mut self, device: &wgpu::Device, text: &str, layout: &wgpu::BindGroupLayout) -> wgpu::ComputePipeline {
        if let Some(own) = self.current.get(text) {
            return own.clone();
        }
        let own = self.before.remove(text).unwrap_or_else(|| {
            self.made += 1;
            pipeline(device, text, layout)
        });
        self.current.insert(text.to_owned(), own.clone());
        own
    }

    fn has(&self, text: &str) -> bool {
        self.current.contains_key(text) || self.before.contains_key(text)
    }

    /// The model is another one: what it does not use either is dropped with the next one.
    pub fn outdate(&mut self) {
        if !self.current.is_empty() {
            self.before = std::mem::take(&mut self.current);
        }
    }

    /// How many have been made so far.
    pub fn made(&self) -> usize {
        self.made
    }
}

/// The pipelines that plans will need, made one after the other: a device may take a second for one of them, and answers
/// nothing else meanwhile.
pub struct Ahead {
    plans: Vec<Arc<Plan>>,
    missing: Vec<Missing>,
    made: usize,
    /// Arrives when the device has come past the last one: it does one thing after the other.
    past: Staging,
}

/// A shader without a pipeline.
struct Missing {
    text: String,
    buffers: usize,
    written: usize,
}

impl Ahead {
    /// `lowered` are the plans as commands.
    pub fn new(device: &wgpu::Device, plans: &[Arc<Plan>], lowered: Vec<Lowered>, pipelines: &Pipelines) -> Self {
        let mut missing: Vec<Missing> = Vec::new();
        for Lowered { shaders, commands, .. } in lowered {
            for command in commands {
                let Action::Dispatch { shader, buffers, written, .. } = command.action else { continue };
                let text = &shaders[shader];
                if !pipelines.has(text) && !missing.iter().any(|other| other.text == *text) {
                    missing.push(Missing { text: text.clone(), buffers: buffers.len(), written });
                }
            }
        }
        Self { plans: plans.to_vec(), missing, made: 0, past: Staging::new(device, 1) }
    }

    pub fn is_for(&self, plans: &[Arc<Plan>]) -> bool {
        self.plans.len() == plans.len() && self.plans.iter().zip(plans).all(|(own, plan)| Arc::ptr_eq(own, plan))
    }

    /// Makes the next one once the device has come past the last, and says how many are made of how many; `None` if all
    /// are there, or the device is gone.
    pub fn make_next(
        &mut self,
        device: &wgpu::Device,
        pipelines: &mut Pipelines,
        wake: Option<&Wake>,
    ) -> Option<(usize, usize)> {
        let progress = |made: usize| Some((made, self.missing.len()));
        if self.made > 0 && self.past.take(device).ok()?.is_none() {
            return progress(self.made);
        }
        let Missing { text, buffers, written } = self.missing.get(self.made)?;
        pipelines.get(device, text, &layout(device, *buffers, *written));
        self.past.request(wake);
        self.made += 1;
        progress(self.made)
    }
}

/// The layout of so many buffers, of which the last `written` are written.
pub fn layout(device: &wgpu::Device, buffers: usize, written: usize) -> wgpu::BindGroupLayout {
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
