//! The kernels of a training step on the GPU: `cargo bench --features gpu --bench gpu -- [batch] [registers|workgroup]`.
//!
//! Per kernel: time, GFLOP/s and GB/s (inputs and output once each). Then whole steps.

use std::sync::Arc;
use std::time::Instant;

use chalkgrad::backend::gpu::{GpuBackend, GpuDevice};
use chalkgrad::backend::{Backend, RunStatus};
use chalkgrad::ir::gpu::Tiling;
use chalkgrad::model::catalogue::resolve;
use chalkgrad::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad::plan::{Kernel, Work};
use chalkgrad::tensor::TensorType;
use chalkgrad::train::plans::{PlanKey, compile};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let batch = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(32);
    let gpu = match pollster::block_on(GpuDevice::open()) {
        Ok(gpu) => gpu,
        Err(error) => return println!("skipped: no adapter ({error})"),
    };
    println!("{}", gpu.name);
    let mut backend = GpuBackend::new(gpu);
    for (word, tiling) in [("registers", Tiling::Registers), ("workgroup", Tiling::Workgroup)] {
        if arguments.iter().any(|argument| argument == word) {
            backend.set_tiling(tiling);
        }
    }
    println!("{:?} tiles, batch {batch}", backend.tiling());
    let spec = ModelSpec::reference_cnn();
    let layers = resolve(&spec).unwrap();
    let key = PlanKey::Training(batch);
    let plan = Arc::new(compile(key, &layers, &spec.input_shape, &TrainingConfig::default()).unwrap());
    let handle = backend.load(plan.clone()).unwrap();
    let step = |backend: &mut GpuBackend| while backend.run(handle, &mut || true).unwrap() == RunStatus::Unfinished {};
    step(&mut backend);

    let mut times = vec![0.0; plan.kernels.len()];
    for (kernels, milliseconds) in backend.time_kernels(handle, 5).unwrap() {
        times[kernels[0]] += milliseconds;
    }
    println!("{:>9} {:>9} {:>8}  kernel", "ms", "GFLOP/s", "GB/s");
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by(|a, b| times[*b].total_cmp(&times[*a]));
    for index in order {
        let kernel = &plan.kernels[index];
        let (name, flops, words) = described(kernel);
        let seconds = times[index] / 1e3;
        let (gflops, gbytes) = (flops as f64 / seconds / 1e9, words as f64 * 4.0 / seconds / 1e9);
        println!("{:9.3} {gflops:9.2} {gbytes:8.2}  {index:3} {name} -> {}", times[index], kernel.output_type);
    }
    println!("{:9.3} in all", times.iter().sum::<f64>());

    let begin = Instant::now();
    let steps = 10;
    (0..steps).for_each(|_| step(&mut backend));
    let seconds = begin.elapsed().as_secs_f64() / f64::from(steps);
    println!(
        "a step: {:.2} ms, {:.1} images/s; {} dispatches, 1 submission",
        seconds * 1e3,
        batch as f64 / seconds,
        backend.dispatches(handle)
    );
}

fn described(kernel: &Kernel) -> (String, u64, usize) {
    let output = kernel.output_type.shape.len();
    match &kernel.work {
        Work::Op { op, inputs, .. } => {
            let types: Vec<&TensorType> = inputs.iter().map(|(_, input)| input).collect();
            let words = output + types.iter().map(|input| input.shape.len()).sum::<usize>();
            (op.name().to_owned(), op.flops(&types, &kernel.output_type), words)
        }
        Work::Pointwise(pointwise) => ("pointwise".to_owned(), output as u64, output * (1 + pointwise.operands.len())),
        Work::Copy { .. } => ("copy".to_owned(), 0, 2 * output),
    }
}
