//! The kernels of a training step on the GPU: `cargo bench --features gpu --bench gpu -- [batch] [registers|workgroup]`.
//!
//! Per kernel, or the kernels that one dispatch runs: dispatches, time (by the device's clock where it has one), GFLOP/s,
//! GB/s (inputs and output once each), op and shape of the result. Then whole steps.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use chalkgrad_engine::backend::gpu::{GpuBackend, GpuDevice};
use chalkgrad_engine::backend::{Backend, RunStatus};
use chalkgrad_engine::data::DatasetInfo;
use chalkgrad_engine::ir::gpu::Tiling;
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::plan::program::Access;
use chalkgrad_engine::plan::{Kernel, Work};
use chalkgrad_engine::tensor::TensorType;
use chalkgrad_engine::train::model::LoadedModel;
use chalkgrad_engine::train::plans::PlanKey;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let batch = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(32);
    let gpu = match pollster::block_on(GpuDevice::open()) {
        Ok(gpu) => gpu,
        Err(error) => return println!("skipped: no adapter ({error})"),
    };
    println!("{}; {}", gpu.name, gpu.limits);
    let mut backend = GpuBackend::new(gpu);
    for (word, tiling) in [("registers", Tiling::Registers), ("workgroup", Tiling::Workgroup)] {
        if arguments.iter().any(|argument| argument == word) {
            backend.set_tiling(tiling);
        }
    }
    println!("{:?} tiles, batch {batch}", backend.tiling());
    let model = LoadedModel::new(&ModelSpec::reference_cnn(), &TrainingConfig::default(), &DatasetInfo::mnist().schema)
        .unwrap();
    let key = PlanKey::Training(batch);
    let plan = Arc::new(model.compile(key).unwrap());
    let handle = backend.load(plan.clone()).unwrap();
    let step = |backend: &mut GpuBackend| while backend.run(handle, &mut || true).unwrap() == RunStatus::Unfinished {};
    step(&mut backend);

    let (times, on_the_device) = backend.profile(handle, 5).unwrap();
    println!("Times by {}:", if on_the_device { "timestamp queries" } else { "the host's clock" });
    // Rows by their first kernel: op, number of dispatches, and time.
    let mut rows: BTreeMap<usize, (Vec<usize>, usize, f64)> = BTreeMap::new();
    for (kernels, milliseconds) in times {
        let (_, dispatches, total) = rows.entry(kernels[0]).or_insert((kernels, 0, 0.0));
        *dispatches += 1;
        *total += milliseconds;
    }
    let mut rows: Vec<_> = rows.into_values().collect();
    rows.sort_by(|(.., a), (.., b)| b.total_cmp(a));
    println!("{:>9} {:>10} {:>9} {:>8}  kernel", "ms", "dispatches", "GFLOP/s", "GB/s");
    for (kernels, dispatches, milliseconds) in &rows {
        let first = &plan.kernels[kernels[0]];
        let (name, mut flops, mut words) = described(first);
        for &kernel in &kernels[1..] {
            let (_, more_flops, more_words) = described(&plan.kernels[kernel]);
            (flops, words) = (flops + more_flops, words + more_words);
        }
        let seconds = milliseconds / 1e3;
        let (gflops, gbytes) = (flops as f64 / seconds / 1e9, words as f64 * 4.0 / seconds / 1e9);
        let others = if kernels.len() > 1 { format!(" and {} more", kernels.len() - 1) } else { String::new() };
        println!(
            "{milliseconds:9.3} {dispatches:10} {gflops:9.2} {gbytes:8.2}  {:3} {name} -> {}{others}",
            kernels[0], first.output_type
        );
    }
    println!("{:9.3} in all", rows.iter().map(|(.., milliseconds)| milliseconds).sum::<f64>());

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
        Work::Pointwise(pointwise) => {
            let read = pointwise.operands.iter().map(|operand| match operand.access {
                Access::Scalar => 1,
                Access::Trailing { period } => period,
                Access::Leading { inner } => output / inner,
                Access::Full | Access::General(_) => output,
            });
            let flops = output * pointwise.program.instructions.len();
            ("pointwise".to_owned(), flops as u64, output + read.sum::<usize>())
        }
        Work::Copy { .. } => ("copy".to_owned(), 0, 2 * output),
    }
}
