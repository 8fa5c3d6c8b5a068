//! Times of each dispatch of a run, on the device's own clock.

use super::loaded::{Ready, dispatch};
use super::staging::Staging;
use crate::backend::Wake;

/// A pair of timestamps for each dispatch of a run, on their way.
pub struct Timer {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    staging: Staging,
    count: u32,
    next: u32,
}

impl Timer {
    /// Makes a timer for this number of dispatches; `None` if the device has no such clock, or not for that many.
    pub fn new(device: &wgpu::Device, dispatches: usize) -> Option<Self> {
        let count = 2 * dispatches as u32;
        if !device.features().contains(wgpu::Features::TIMESTAMP_QUERY) || count > wgpu::QUERY_SET_MAX_QUERIES {
            return None;
        }
        let descriptor = wgpu::QuerySetDescriptor { label: None, ty: wgpu::QueryType::Timestamp, count };
        let resolved = device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: u64::from(count) * 8,
            usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        let staging = Staging::new(device, 2 * count as usize);
        Some(Self { queries: device.create_query_set(&descriptor), resolved, staging, count, next: 0 })
    }

    /// Encodes commands, each dispatch in a pass of its own.
    pub fn encode(&mut self, commands: &[Ready], encoder: &mut wgpu::CommandEncoder) {
        for command in commands {
            match command {
                Ready::Copy { from, to, size_words } => {
                    from.copy_to(encoder, &to.buffer, to.offset_bytes, *size_words);
                }
                Ready::Dispatch { .. } => {
                    let timestamp_writes = Some(wgpu::ComputePassTimestampWrites {
                        query_set: &self.queries,
                        beginning_of_pass_write_index: Some(self.next),
                        end_of_pass_write_index: Some(self.next + 1),
                    });
                    self.next += 2;
                    let descriptor = wgpu::ComputePassDescriptor { label: None, timestamp_writes };
                    dispatch(command, &mut encoder.begin_compute_pass(&descriptor));
                }
            }
        }
    }

    /// Resolves the timestamps after the last dispatch.
    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.resolve_query_set(&self.queries, 0..self.count, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.staging.buffer, 0, self.resolved.size());
    }

    /// Requests the timestamps after the submission.
    pub fn request(&self, wake: Option<&Wake>) {
        self.staging.request(wake);
    }

    /// Takes the milliseconds of each dispatch once they have arrived. Blocks natively.
    ///
    /// # Errors
    /// If they cannot arrive because the device is gone.
    pub fn take(&self, device: &wgpu::Device, queue: &wgpu::Queue) -> Result<Option<Vec<f64>>, ()> {
        let Some(words) = self.staging.take(device)? else { return Ok(None) };
        let period_ms = f64::from(queue.get_timestamp_period()) / 1e6;
        let ticks = |pair: &[f32]| u64::from(pair[0].to_bits()) | u64::from(pair[1].to_bits()) << 32;
        let times =
            words.chunks_exact(4).map(|four| ticks(&four[2..]).saturating_sub(ticks(&four[..2])) as f64 * period_ms);
        Ok(Some(times.collect()))
    }
}
