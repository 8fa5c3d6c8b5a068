//! How long each dispatch of a plan takes: by timestamp queries where the adapter has them, else by the clock.

use std::time::Instant;

use super::device::GpuDevice;
use super::execute::GpuBackend;
use super::loaded::{Loaded, Ready};
use super::staging::Staging;
use crate::backend::PlanHandle;
use crate::error::{Error, Result};

/// One dispatch: the kernels that it belongs to, by their indices in the plan, and milliseconds.
pub type Timed = (Vec<usize>, f64);

impl GpuBackend {
    /// The shortest of several times of each dispatch, and whether the device measured them. The plan runs so often, on
    /// what inputs and states there are.
    ///
    /// # Errors
    /// If there is no such plan, or the device is gone.
    pub fn profile(&self, handle: PlanHandle, repeats: u32) -> Result<(Vec<Timed>, bool)> {
        let (gpu, loaded) = (self.device(), self.loaded(handle)?);
        let has_queries = gpu.device.features().contains(wgpu::Features::TIMESTAMP_QUERY)
            && 2 * loaded.dispatches() <= wgpu::QUERY_SET_MAX_QUERIES as usize;
        let mut best: Vec<f64> = Vec::new();
        for _ in 0..repeats.max(1) {
            let times = if has_queries { by_queries(gpu, loaded)? } else { by_clock(gpu, loaded) };
            best.resize(times.len(), f64::INFINITY);
            best.iter_mut().zip(times).for_each(|(best, time)| *best = best.min(time));
        }
        gpu.faults.check()?;
        let commands = loaded.commands.iter().zip(&loaded.kernels);
        let dispatches = commands.filter(|(command, _)| matches!(command, Ready::Dispatch { .. }));
        Ok((dispatches.map(|(_, kernels)| kernels.clone()).zip(best).collect(), has_queries))
    }
}

/// Milliseconds of each dispatch of one run, on the device's clock.
fn by_queries(GpuDevice { device, queue, .. }: &GpuDevice, loaded: &Loaded) -> Result<Vec<f64>> {
    let count = 2 * loaded.dispatches() as u32;
    let descriptor = wgpu::QuerySetDescriptor { label: None, ty: wgpu::QueryType::Timestamp, count };
    let queries = device.create_query_set(&descriptor);
    let resolved = device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::from(count) * 8,
        usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    });
    let staging = Staging::new(device, 2 * count as usize);
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: None });
    let mut next = 0;
    for command in &loaded.commands {
        match command {
            Ready::Copy { from, to, size_words } => {
                from.copy_to(&mut encoder, &to.buffer, to.offset_bytes, *size_words);
            }
            Ready::Dispatch { pipeline, bind_group, workgroups: [x, y, z] } => {
                let timestamp_writes = Some(wgpu::ComputePassTimestampWrites {
                    query_set: &queries,
                    beginning_of_pass_write_index: Some(next),
                    end_of_pass_write_index: Some(next + 1),
                });
                next += 2;
                let descriptor = wgpu::ComputePassDescriptor { label: None, timestamp_writes };
                let mut pass = encoder.begin_compute_pass(&descriptor);
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, bind_group, &[]);
                pass.dispatch_workgroups(*x, *y, *z);
            }
        }
    }
    encoder.resolve_query_set(&queries, 0..count, &resolved, 0);
    encoder.copy_buffer_to_buffer(&resolved, 0, &staging.buffer, 0, resolved.size());
    queue.submit([encoder.finish()]);
    staging.request(None);
    let lost = || Error::new("device-lost", "WebGPU").expected("times of dispatches").got("no answer");
    let words = staging.take(device).map_err(|()| lost())?.ok_or_else(lost)?;
    let period_ms = f64::from(queue.get_timestamp_period()) / 1e6;
    let ticks = |pair: &[f32]| u64::from(pair[0].to_bits()) | u64::from(pair[1].to_bits()) << 32;
    let times =
        words.chunks_exact(4).map(|four| ticks(&four[2..]).saturating_sub(ticks(&four[..2])) as f64 * period_ms);
    Ok(times.collect())
}

/// Milliseconds of each dispatch, from ten at a time on the host's clock.
fn by_clock(GpuDevice { device, queue, .. }: &GpuDevice, loaded: &Loaded) -> Vec<f64> {
    const AT_A_TIME: u32 = 10;
    let mut times = Vec::new();
    for command in &loaded.commands {
        let Ready::Dispatch { pipeline, bind_group, workgroups: [x, y, z] } = command else { continue };
        let run = |count: u32| {
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: None });
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, bind_group, &[]);
            (0..count).for_each(|_| pass.dispatch_workgroups(*x, *y, *z));
            drop(pass);
            queue.submit([encoder.finish()]);
            let _ = device.poll(wgpu::PollType::wait_indefinitely());
        };
        run(1);
        let begin = Instant::now();
        run(AT_A_TIME);
        times.push(begin.elapsed().as_secs_f64() * 1e3 / f64::from(AT_A_TIME));
    }
    times
}
