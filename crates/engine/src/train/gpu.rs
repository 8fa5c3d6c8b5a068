//! A GPU made ready for training: opened, tested against the CPU, and measured.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use super::graphs;
use super::model::LoadedModel;
use super::plans::PlanKey;
use crate::backend::cpu::CpuBackend;
use crate::backend::gpu::{GpuBackend, GpuDevice};
use crate::backend::{Backend, PlanHandle, RunStatus, TensorRef};
use crate::data::DatasetInfo;
use crate::error::{Result, SessionError};
use crate::ir::Graph;
use crate::ir::gpu::Tiling;
use crate::model::builders::{conv2d, dense, flatten, max_pooling2d};
use crate::model::initializers::initial_weights;
use crate::model::optimizers::{BIAS_CORRECTION, LEARNING_RATE};
use crate::model::spec::{ModelSpec, TrainingConfig};
use crate::ops::matmul::matmul;
use crate::plan::Plan;
use crate::tensor::{HostTensor, TensorType};

/// Differences of the self-test, relative to the largest value of a tensor, that rounding explains.
const TOLERANCE: f32 = 1e-3;
/// The side of the matrices with which tilings are compared.
const MEASURED_SIZE: usize = 192;

/// A backend that has passed its test.
pub struct Opened {
    pub backend: Box<dyn Backend>,
    pub name: String,
    /// It is emulated on the CPU.
    pub is_software: bool,
    pub tiling: Tiling,
    /// Limits of the adapter, in words.
    pub limits: String,
}

/// Opens the best GPU there is. `clock` gives milliseconds.
///
/// # Errors
/// `backend-unavailable` if there is none, or it computes otherwise than the CPU.
pub async fn open(clock: fn() -> f64) -> Result<Opened> {
    let mut backend = GpuBackend::new(GpuDevice::open().await?);
    let software = backend.device().is_software;
    if let Some(fault) = self_test(&mut backend).await? {
        return Err(SessionError::GpuSelfTest { fault: fault.to_string() }.into());
    }
    if software {
        let workgroup = time(&mut backend, Tiling::Workgroup, clock).await?;
        let registers = time(&mut backend, Tiling::Registers, clock).await?;
        backend.set_tiling(if registers < workgroup { Tiling::Registers } else { Tiling::Workgroup });
    }
    backend.clear();
    backend.set_clock(clock);
    let (name, limits, tiling) = (backend.device().name.clone(), backend.device().limits.clone(), backend.tiling());
    Ok(Opened { backend: Box::new(backend), name, is_software: software, tiling, limits })
}

/// Runs a plan to its end, without blocking.
async fn run(backend: &mut GpuBackend, handle: PlanHandle) -> Result<()> {
    poll_fn(|context| {
        let waker = context.waker().clone();
        backend.set_wake(Rc::new(move || waker.wake_by_ref()));
        match backend.run(handle, &mut || true) {
            Ok(RunStatus::Unfinished) => Poll::Pending,
            Ok(RunStatus::Done) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(error)),
        }
    })
    .await
}

async fn fetch(backend: &mut GpuBackend, wanted: &[TensorRef]) -> Result<()> {
    poll_fn(|context| {
        let waker = context.waker().clone();
        backend.set_wake(Rc::new(move || waker.wake_by_ref()));
        match backend.fetch(wanted) {
            Ok(false) => Poll::Pending,
            Ok(true) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(error)),
        }
    })
    .await
}

/// Runs one training step of a small network on both backends, and returns the difference, if any.
async fn self_test(gpu: &mut GpuBackend) -> Result<Option<String>> {
    let layers = [
        conv2d(5, 3).activation("relu"),
        max_pooling2d(2),
        conv2d(8, 3).activation("relu"),
        flatten(),
        dense(10).activation("softmax"),
    ];
    let spec = ModelSpec { name: None, input_shape: vec![12, 12, 1], layers: layers.to_vec() };
    let model = LoadedModel::new(&spec, &TrainingConfig::default(), &DatasetInfo::mnist().schema)?;
    let plan = Arc::new(model.compile(PlanKey::Training(3))?);
    let mut cpu = CpuBackend::new();
    let (on_cpu, on_gpu) = (prepare(&mut cpu, &plan, &model)?, prepare(gpu, &plan, &model)?);
    while cpu.run(on_cpu, &mut || true)? == RunStatus::Unfinished {}
    run(gpu, on_gpu).await?;
    let wanted: Vec<TensorRef> = plan.values.iter().map(|value| (Some(on_gpu), value.name.clone())).collect();
    fetch(gpu, &wanted).await?;
    for value in &plan.values {
        let (expected, actual) = (cpu.read(on_cpu, &value.name)?, gpu.read(on_gpu, &value.name)?);
        let scale = expected.words().iter().fold(1e-3f32, |largest, word| largest.max(word.abs()));
        let close = |(a, e): (&f32, &f32)| a.to_bits() == e.to_bits() || (a - e).abs() <= TOLERANCE * scale;
        if !actual.words().iter().zip(expected.words()).all(close) {
            return Ok(Some(format!("other numbers for {}", value.name)));
        }
    }
    Ok(None)
}

fn prepare(backend: &mut dyn Backend, plan: &Arc<Plan>, model: &LoadedModel) -> Result<PlanHandle> {
    for ((name, weight), values) in model.weights().zip(initial_weights(model.layers(), 1)) {
        if let Some(values) = HostTensor::f32(weight.shape.clone(), values) {
            backend.write_state(&name, &values);
        }
    }
    let handle = backend.load(plan.clone())?;
    backend.write_input(handle, graphs::INPUT, &mut |words| {
        words.iter_mut().zip(0u32..).for_each(|(word, index)| *word = (index * 7919 % 101) as f32 / 100.0);
    })?;
    backend.write_input(handle, graphs::TARGET, &mut |words| {
        words.iter_mut().zip(0i32..).for_each(|(word, index)| *word = f32::from_bits(3 * index as u32));
    })?;
    for (name, value) in [(graphs::SAMPLE_WEIGHT, 1.0 / 3.0), (LEARNING_RATE, 0.001), (BIAS_CORRECTION, 0.3)] {
        backend.write_input(handle, name, &mut |words| words.fill(value))?;
    }
    Ok(handle)
}

/// Milliseconds of a matrix product with a tiling.
async fn time(backend: &mut GpuBackend, tiling: Tiling, clock: fn() -> f64) -> Result<f64> {
    backend.set_tiling(tiling);
    let mut graph = Graph::new();
    let matrix = TensorType::f32([MEASURED_SIZE, MEASURED_SIZE]);
    let (a, b) = (graph.input("a", matrix.clone())?, graph.input("b", matrix)?);
    let product = matmul(&mut graph, a, b)?;
    graph.set_name(product, "product")?;
    graph.add_output(product);
    let handle = backend.load(Arc::new(Plan::compile(&graph, &[])?))?;
    // The first run compiles.
    run(backend, handle).await?;
    let begin_ms = clock();
    run(backend, handle).await?;
    let taken_ms = clock() - begin_ms;
    backend.unload(handle);
    Ok(taken_ms)
}
