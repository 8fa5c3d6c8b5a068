//! Buffers on their way back from the device.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::backend::Wake;

const ON_ITS_WAY: u8 = 0;
const ARRIVED: u8 = 1;
const FAILED: u8 = 2;

/// Buffer that the host can read.
pub struct Staging {
    pub buffer: wgpu::Buffer,
    status: Arc<AtomicU8>,
}

impl Staging {
    pub fn new(device: &wgpu::Device, size_words: usize) -> Self {
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: (size_words.max(1) * 4) as u64,
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        Self { buffer, status: Arc::new(AtomicU8::new(ON_ITS_WAY)) }
    }

    pub fn size_words(&self) -> usize {
        self.buffer.size() as usize / 4
    }

    /// Requests the buffer after everything that was submitted. `wake` is called when it arrives.
    pub fn request(&self, wake: Option<&Wake>) {
        self.status.store(ON_ITS_WAY, Ordering::Release);
        let status = self.status.clone();
        // Natively nothing needs to be woken: reading blocks.
        #[cfg(target_arch = "wasm32")]
        let wake = wake.cloned();
        #[cfg(not(target_arch = "wasm32"))]
        let _ = wake;
        self.buffer.map_async(wgpu::MapMode::Read, .., move |result| {
            status.store(if result.is_ok() { ARRIVED } else { FAILED }, Ordering::Release);
            #[cfg(target_arch = "wasm32")]
            if let Some(wake) = wake {
                wake();
            }
        });
    }

    /// Takes the words once they have arrived; `None` before. Blocks natively.
    ///
    /// # Errors
    /// If they cannot arrive because the device is gone.
    pub fn take(&self, device: &wgpu::Device) -> Result<Option<Vec<f32>>, ()> {
        if self.status.load(Ordering::Acquire) == ON_ITS_WAY {
            let _ = device.poll(wgpu::PollType::wait_indefinitely());
        }
        match self.status.load(Ordering::Acquire) {
            ON_ITS_WAY => Ok(None),
            ARRIVED => {
                let words = match self.buffer.get_mapped_range(..) {
                    Ok(view) => bytemuck::pod_collect_to_vec(&view),
                    Err(_) => return Err(()),
                };
                self.buffer.unmap();
                Ok(Some(words))
            }
            _ => Err(()),
        }
    }
}
