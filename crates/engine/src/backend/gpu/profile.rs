//! Times of each dispatch of a plan, by timestamp queries if the adapter supports them, else by the clock.

use std::time::Instant;

use super::device::GpuDevice;
use super::execute::GpuBackend;
use super::loaded::{LoadedPlan, Ready};
use super::timer::Timer;
use crate::backend::{PlanHandle, Timed};
use crate::error::{BackendError, Result};

impl GpuBackend {
    /// Measures each dispatch `repeats` times, with the current inputs and states. Returns the shortest times, and true
    /// if the device measured them.
    ///
    /// # Errors
    /// If there is no such plan, or the device is gone.
    pub fn profile(&self, handle: PlanHandle, repeats: u32) -> Result<(Vec<Timed>, bool)> {
        let (gpu, loaded) = (self.device(), self.loaded(handle)?);
        let mut best: Vec<f64> = Vec::new();
        let mut has_queries = false;
        for _ in 0..repeats.max(1) {
            let by_queries = by_queries(gpu, loaded)?;
            has_queries = by_queries.is_some();
            let times = by_queries.unwrap_or_else(|| by_clock(gpu, loaded));
            best.resize(times.len(), f64::INFINITY);
            best.iter_mut().zip(times).for_each(|(best, time)| *best = best.min(time));
        }
        gpu.faults.check()?;
        Ok((loaded.timed(best), has_queries))
    }
}

/// Measures each dispatch of one run in milliseconds, on the device's clock; `None` if it has none.
fn by_queries(GpuDevice { device, queue, .. }: &GpuDevice, loaded: &LoadedPlan) -> Result<Option<Vec<f64>>> {
    let Some(mut timer) = Timer::new(device, loaded.dispatches()) else { return Ok(None) };
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: None });
    timer.encode(&loaded.commands, &mut encoder);
    timer.resolve(&mut encoder);
    queue.submit([encoder.finish()]);
    timer.request(None);
    let lost = || BackendError::DeviceSilent;
    Ok(Some(timer.take(device, queue).map_err(|()| lost())?.ok_or_else(lost)?))
}

/// Measures each dispatch in milliseconds, ten at a time, on the host's clock.
fn by_clock(GpuDevice { device, queue, .. }: &GpuDevice, loaded: &LoadedPlan) -> Vec<f64> {
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
