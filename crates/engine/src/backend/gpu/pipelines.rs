//! Compute pipelines. Each is compiled once, ahead of its first use if there is time.

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
    /// Pipelines of the previous model, for a reset or an edit that is undone.
    before: HashMap<String, wgpu::ComputePipeline>,
    made: usize,
}

impl Pipelines {
    /// Returns the pipeline of a shader over this layout.
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

    /// Marks the pipelines as those of the previous model. Those that the next model does not use are dropped at the
    /// next change.
    pub fn outdate(&mut self) {
        if !self.current.is_empty() {
            self.before = std::mem::take(&mut self.current);
        }
    }

    /// Returns the number of pipelines made so far.
    pub fn made(&self) -> usize {
        self.made
    }
}

/// Pipelines that plans will need. They are compiled one after the other, because a device may take a second for one of
/// them and answers nothing else meanwhile.
pub struct Ahead {
    plans: Vec<Arc<Plan>>,
    missing: Vec<Missing>,
    made: usize,
    /// Buffer that arrives when the device has finished the last pipeline, because it works in order.
    past: Staging,
}

/// Shader without a pipeline.
struct Missing {
    text: String,
    buffers: usize,
    written: usize,
}

impl Ahead {
    /// Collects the shaders without a pipeline. `lowered` are the plans as commands.
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

    /// Compiles the next pipeline once the device has finished the last one. Returns the numbers of compiled and of all
    /// pipelines; `None` if all are compiled, or the device is gone.
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

/// Makes the layout of this number of buffers, of which the last `written` are written.
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
