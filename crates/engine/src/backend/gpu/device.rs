//! Finding, opening and watching a device.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{BackendError, Result};

/// Faults that a device reports, at any time. The first fault counts.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Option<BackendError>>>);

impl Faults {
    fn note(&self, fault: BackendError) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
    }

    /// Returns the first fault as an error.
    ///
    /// # Errors
    /// `device-lost`, `gpu-out-of-memory` or `gpu-error` if there was a fault.
    pub fn check(&self) -> Result<()> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(fault) => Err(fault.clone().into()),
            None => Ok(()),
        }
    }
}

/// Open device.
pub struct GpuDevice {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    pub faults: Faults,
    /// Product name: `"NVIDIA H100"`.
    pub name: String,
    /// The device is emulated on the CPU.
    pub is_software: bool,
    /// Limits of the adapter, in words: `"buffers of 128 MiB, ..."`.
    pub limits: String,
}

impl GpuDevice {
    /// Opens the best adapter available, a software one if there is no other.
    ///
    /// # Errors
    /// `backend-unavailable` if there is none, or it cannot be opened.
    pub async fn open() -> Result<Self> {
        let unavailable = |reason: String| BackendError::GpuUnavailable { reason };
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::VULKAN | wgpu::Backends::BROWSER_WEBGPU;
        let instance = wgpu::Instance::new(descriptor);
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        let adapter = instance.request_adapter(&options).await.map_err(|error| unavailable(error.to_string()))?;
        let info = adapter.get_info();
        // Use the default limits except for sizes: one batch of a wide layer may take more than 128 MiB.
        let limits = adapter.limits();
        let required_limits = wgpu::Limits {
            max_buffer_size: limits.max_buffer_size,
            max_storage_buffer_binding_size: limits.max_storage_buffer_binding_size,
            ..wgpu::Limits::default()
        };
        // Clock for profiles.
        let required_features = adapter.features() & wgpu::Features::TIMESTAMP_QUERY;
        let descriptor = wgpu::DeviceDescriptor { required_limits, required_features, ..Default::default() };
        let (device, queue) =
            adapter.request_device(&descriptor).await.map_err(|error| unavailable(error.to_string()))?;
        let faults = Faults::default();
        let noted = faults.clone();
        device.on_uncaptured_error(Arc::new(move |error| match error {
            wgpu::Error::OutOfMemory { .. } => noted.note(BackendError::GpuOutOfMemory),
            wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
                noted.note(BackendError::GpuError { reason: description });
            }
        }));
        let noted = faults.clone();
        device.set_device_lost_callback(move |_, message| {
            noted.note(if message.is_empty() {
                BackendError::DeviceSilent
            } else {
                BackendError::DeviceLost { reason: message }
            });
        });
        let name = if info.name.is_empty() { "the browser's adapter".to_owned() } else { info.name };
        let is_software = info.device_type == wgpu::DeviceType::Cpu;
        Ok(Self { device, queue, faults, name, is_software, limits: described(&limits, adapter.features()) })
    }
}

fn described(limits: &wgpu::Limits, features: wgpu::Features) -> String {
    let buffer = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size) >> 20;
    let mut text = format!(
        "buffers of {buffer} MiB, {} to a shader, {} KiB and {} invocations to a workgroup",
        limits.max_storage_buffers_per_shader_stage,
        limits.max_compute_workgroup_storage_size >> 10,
        limits.max_compute_invocations_per_workgroup,
    );
    for (feature, name) in [
        (wgpu::Features::TIMESTAMP_QUERY, "timestamp-query"),
        (wgpu::Features::SHADER_F16, "shader-f16"),
        (wgpu::Features::SUBGROUP, "subgroups"),
    ] {
        if features.contains(feature) {
            text = text + ", " + name;
        }
    }
    text
}
