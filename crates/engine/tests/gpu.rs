//! The GPU backend against the CPU backend, on the machine's adapter. Run it with `--features gpu`.

#[path = "../../../examples/mnist/files.rs"]
mod mnist_files;

#[path = "it/keras/following.rs"]
mod following;

use std::sync::{Arc, Mutex, PoisonError};

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::backend::gpu::{GpuBackend, GpuDevice};
use chalkgrad_engine::backend::{Backend, ResidentDataset, RowValues, RunStatus};
use chalkgrad_engine::data::dequantization;
use chalkgrad_engine::ir::Graph;
use chalkgrad_engine::ir::gpu::Tiling;
use chalkgrad_engine::ir::op::Case;
use chalkgrad_engine::model::spec::{ModelSpec, OptimizerSpec, TrainingConfig};
use chalkgrad_engine::ops::layout::Transpose;
use chalkgrad_engine::ops::registry;
use chalkgrad_engine::plan::Plan;
use chalkgrad_engine::protocol::Cell;
use chalkgrad_engine::protocol::explanation::CellInfo;
use chalkgrad_engine::tensor::{DType, HostTensor};
use chalkgrad_engine::train::model::LoadedModel;
use chalkgrad_engine::train::plans::PlanKey;
use chalkgrad_engine::train::{Goal, Progress, Session};

/// Software adapters fail with several devices at once.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn open() -> Option<GpuBackend> {
    match pollster::block_on(GpuDevice::open()) {
        Ok(gpu) => {
            println!("adapter: {}", gpu.name);
            Some(GpuBackend::new(gpu))
        }
        Err(error) => {
            println!("skipped: no adapter ({error})");
            None
        }
    }
}

fn plan(case: &Case) -> Plan {
    let mut graph = Graph::new();
    let inputs: Vec<_> = (0..case.inputs.len())
        .map(|index| graph.input(&format!("input{index}"), case.inputs[index].tensor_type().clone()).unwrap())
        .collect();
    let output = graph.apply(case.op.clone(), &inputs).unwrap();
    graph.set_name(output, "output").unwrap();
    graph.add_output(output);
    Plan::compile(&graph, &[]).unwrap()
}

fn run(backend: &mut dyn Backend, plan: &Arc<Plan>, inputs: &[HostTensor]) -> HostTensor {
    let handle = backend.load(plan.clone()).unwrap();
    for (index, value) in inputs.iter().enumerate() {
        backend
            .write_input(handle, &format!("input{index}"), &mut |words| words.copy_from_slice(value.words()))
            .unwrap();
    }
    while backend.run(handle, &mut || true).unwrap() == RunStatus::Unfinished {}
    let output = backend.read(handle, "output").unwrap();
    backend.unload(handle);
    output
}

#[test]
fn every_op_case_agrees_with_the_cpu() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(mut gpu) = open() else { return };
    let mut cpu = CpuBackend::new();
    let (mut compared, mut faults) = (0, Vec::new());
    for tiling in [Tiling::Registers, Tiling::Workgroup] {
        gpu.set_tiling(tiling);
        for entry in registry() {
            for case in (entry.cases)() {
                let plan = Arc::new(plan(&case));
                let (actual, expected) = (run(&mut gpu, &plan, &case.inputs), run(&mut cpu, &plan, &case.inputs));
                if let Some(fault) = difference(&actual, &expected, case.tolerance) {
                    faults.push(format!("{tiling:?}: {}, {}: {fault}", entry.name, case.label));
                }
                compared += 1;
            }
        }
    }
    println!("{compared} cases compared");
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
    assert!(compared > 400);
}

/// Checks a data set whose rows are not whole words: while it arrives, at its end, and beside an input that is written.
#[test]
fn rows_of_bytes_stay_on_the_device() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(mut gpu) = open() else { return };
    let (width, total) = (5, 7);
    let bytes: Vec<u8> = (0..width * total).map(|index| (index * 37 % 256) as u8).collect();
    let case = Case {
        label: String::new(),
        op: Arc::new(Transpose { permutation: [1, 0].into_iter().collect() }),
        inputs: vec![HostTensor::f32([3, width], vec![0.0; 3 * width]).unwrap()],
        differentiable: Vec::new(),
        tolerance: 0.0,
    };
    let handle = gpu.load(Arc::new(plan(&case))).unwrap();
    let output = |gpu: &mut GpuBackend| {
        while gpu.run(handle, &mut || true).unwrap() == RunStatus::Unfinished {}
        gpu.read(handle, "output").unwrap().words().to_vec()
    };
    let dispatches = |gpu: &GpuBackend| gpu.run_cost(handle).unwrap().0;
    let usual = dispatches(&gpu);
    for (arrived, rows) in [(3, [2, 0, 2]), (4, [3, 1, 0]), (7, [6, 3, 0])] {
        for name in ["one", "another"] {
            let offset = if name == "one" { 0 } else { 1 };
            let bytes: Vec<u8> = bytes[..arrived * width].iter().map(|byte| byte.wrapping_add(offset)).collect();
            let table = ResidentDataset {
                name,
                width,
                rows: total,
                values: RowValues::Bytes { bytes: &bytes, dequantization: &dequantization(255.0) },
            };
            assert!(gpu.gather_rows(handle, "input0", &table, &rows).unwrap());
            assert_eq!(dispatches(&gpu), usual + 1);
            let actual = output(&mut gpu);
            let expected = |index: usize| f32::from(bytes[rows[index % 3] as usize * width + index / 3]) / 255.0;
            assert_eq!(actual, (0..3 * width).map(expected).collect::<Vec<_>>(), "{name}, {arrived} rows");
        }
    }
    gpu.write_input(handle, "input0", &mut |words| words.fill(0.5)).unwrap();
    assert_eq!((dispatches(&gpu), output(&mut gpu)), (usual, vec![0.5; 3 * width]));
    let table = ResidentDataset {
        name: "one",
        width,
        rows: total,
        values: RowValues::Bytes { bytes: &bytes, dequantization: &dequantization(255.0) },
    };
    assert_eq!(gpu.gather_rows(handle, "no input", &table, &[0, 1, 2]).unwrap_err().code, "unknown-tensor");

    // The bytes sent at a time are bounded, so the input must be written meanwhile.
    let large = vec![1; (1 << 23) + 5];
    let table = ResidentDataset {
        name: "large",
        width,
        rows: large.len() / width,
        values: RowValues::Bytes { bytes: &large, dequantization: &dequantization(255.0) },
    };
    assert!(!gpu.gather_rows(handle, "input0", &table, &[0, 1, 2]).unwrap());
    assert!(gpu.gather_rows(handle, "input0", &table, &[0, 1, 2]).unwrap());

    // Words come bit for bit. Under a name of before they are seen when the data sets are forgotten.
    gpu.forget_datasets();
    let words: Vec<f32> = (0..4 * width).map(|index| 0.1 * index as f32 - 1.0).collect();
    let table = ResidentDataset { name: "one", width, rows: 4, values: RowValues::Words(&words) };
    assert!(gpu.gather_rows(handle, "input0", &table, &[3, 0, 2]).unwrap());
    let expected = (0..3 * width).map(|index| words[[3, 0, 2][index % 3] * width + index / 3].to_bits());
    let actual: Vec<u32> = output(&mut gpu).iter().map(|word| word.to_bits()).collect();
    assert_eq!(actual, expected.collect::<Vec<_>>());
}

#[test]
fn how_far_it_works_ahead_is_measured_for_each_plan() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(mut gpu) = open() else { return };
    thread_local!(static NOW_MS: std::cell::Cell<f64> = const { std::cell::Cell::new(0.0) });
    gpu.set_clock(|| NOW_MS.get());
    let case = Case {
        label: String::new(),
        op: Arc::new(Transpose { permutation: [1, 0].into_iter().collect() }),
        inputs: vec![HostTensor::f32([3, 5], vec![0.0; 15]).unwrap()],
        differentiable: Vec::new(),
        tolerance: 0.0,
    };
    let [short, long, unknown] = [(); 3].map(|()| gpu.load(Arc::new(plan(&case))).unwrap());
    // The first run of a plan compiles its shaders, and does not count.
    for (handle, run_ms) in [(short, 500.0), (short, 5.0), (long, 500.0), (long, 100.0), (short, 5.0)] {
        gpu.begin(handle).unwrap();
        NOW_MS.set(NOW_MS.get() + run_ms);
        while gpu.run(handle, &mut || true).unwrap() == RunStatus::Unfinished {}
    }
    assert!(gpu.runs_at_once(short) > 1, "what takes 5 ms is begun ahead");
    assert_eq!(gpu.runs_at_once(long), 1, "what takes 100 ms is not, though the last run took 5");
    assert_eq!(gpu.runs_at_once(unknown), 1);
    assert_eq!(gpu.busy_ms(), 0.0);
    gpu.begin(long).unwrap();
    assert_eq!(gpu.busy_ms(), 100.0);
    while gpu.run(long, &mut || true).unwrap() == RunStatus::Unfinished {}
}

#[test]
fn kernels_made_ahead_are_those_that_training_takes() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(mut gpu) = open() else { return };
    let model = LoadedModel::new(
        &ModelSpec::reference_cnn(),
        &TrainingConfig::default(),
        &chalkgrad_engine::data::DatasetInfo::mnist().schema,
    )
    .unwrap();
    let compiled = |key| Arc::new(model.compile(key).unwrap());
    let plans = [compiled(PlanKey::Training(8)), compiled(PlanKey::Evaluation(16))];
    let mut told = Vec::new();
    while let Some((made, total)) = gpu.prepare(&plans).unwrap() {
        told.push((made, total, gpu.pipelines_made()));
    }
    assert!(told.len() > 10);
    let expected: Vec<_> = (1..=told.len()).map(|made| (made, told.len(), made)).collect();
    assert_eq!(told, expected, "one at a time, and nothing twice");
    for plan in &plans {
        gpu.load(plan.clone()).unwrap();
    }
    assert_eq!(gpu.pipelines_made(), told.len(), "nothing is left to make");
    // A reset, or an edit that is undone, finds the pipelines again.
    gpu.clear();
    gpu.clear();
    assert_eq!(gpu.prepare(&plans).unwrap(), None);
    gpu.load(plans[0].clone()).unwrap();
    assert_eq!(gpu.pipelines_made(), told.len());
    // Pipelines that the next model does not share are dropped in the end.
    gpu.clear();
    gpu.load(compiled(PlanKey::Training(3))).unwrap();
    gpu.clear();
    let made = gpu.pipelines_made();
    gpu.load(plans[1].clone()).unwrap();
    assert!(gpu.pipelines_made() > made);
}

/// Returns the largest difference if it exceeds the tolerance times the largest value. A rounding error of the last
/// digit is allowed even if the op allows none on the CPU.
fn difference(actual: &HostTensor, expected: &HostTensor, tolerance: f32) -> Option<String> {
    assert_eq!(actual.shape(), expected.shape());
    if expected.dtype() == DType::I32 {
        return (actual.i32s() != expected.i32s()).then(|| "integers differ".to_owned());
    }
    let finite = expected.words().iter().filter(|value| value.is_finite());
    let scale = finite.fold(0.0f32, |largest, value| largest.max(value.abs())).max(1e-3);
    let tolerance = tolerance.max(1e-6);
    let pairs = actual.words().iter().zip(expected.words());
    pairs.enumerate().find_map(|(index, (a, e))| {
        let close = a.to_bits() == e.to_bits() || (a.is_nan() && e.is_nan()) || (a - e).abs() <= tolerance * scale;
        (!close).then(|| format!("element {index} is {a}, expected {e}"))
    })
}

mod common_data {
    use chalkgrad_engine::data::{Dataset, DatasetInfo};
    use chalkgrad_engine::random::Philox;

    /// Makes images of the size of digits: a bright patch whose position tells the class, on noise.
    pub fn patches(count: usize) -> Dataset {
        let info = DatasetInfo { train_total: count, test_total: 10, ..DatasetInfo::mnist() };
        let (side, mut random) = (28, Philox::new(5, 0));
        let mut dataset = Dataset::new(info);
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let label = random.below(10) as usize;
            labels.push(label as u8);
            for at in 0..side * side {
                let (row, column) = (at / side / 6, at % side / 12);
                let base = if row * 2 + column == label { 140 } else { 0 };
                pixels.push((base + random.below(110)) as u8);
            }
        }
        dataset.add_train(&pixels, &labels).unwrap();
        dataset.add_test(&pixels[..10 * side * side], &labels[..10]).unwrap();
        dataset
    }
}

fn losses(backend: Box<dyn Backend>, model: &ModelSpec, steps: u32) -> Vec<f32> {
    losses_with(backend, model, TrainingConfig::default(), steps)
}

fn losses_with(backend: Box<dyn Backend>, model: &ModelSpec, config: TrainingConfig, steps: u32) -> Vec<f32> {
    let mut session = Session::with(backend, common_data::patches(32 * 20), model.clone()).unwrap();
    session.set_training(TrainingConfig { train_samples: 640, ..config }).unwrap();
    train(&mut session, steps)
}

fn train(session: &mut Session, steps: u32) -> Vec<f32> {
    session.start(Goal { epochs: None, steps: Some(steps) }).unwrap();
    let mut losses = Vec::new();
    loop {
        match session.advance(&mut || true).unwrap() {
            Progress::Step(report) => losses.push(report.loss),
            Progress::Finished => return losses,
            _ => {}
        }
    }
}

/// Only rounding may differ. In smaller batches than the usual 32 it grows beyond the bound within the hundred steps.
#[test]
fn a_hundred_steps_of_the_reference_cnn_agree_with_the_cpu_and_repeat() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(first) = open() else { return };
    let Some(second) = open() else { return };
    let model = ModelSpec::reference_cnn();
    let on_cpu = losses(Box::new(CpuBackend::new()), &model, 100);
    let begin = std::time::Instant::now();
    let on_gpu = losses(Box::new(first), &model, 100);
    println!("{:.1} images/s", 3200.0 / begin.elapsed().as_secs_f64());
    let worst = on_cpu.iter().zip(&on_gpu).map(|(a, b)| (a - b).abs() / a.abs().max(1e-2)).fold(0.0f32, f32::max);
    println!("losses {:?} to {:?}, largest relative difference {worst:e}", on_gpu.first(), on_gpu.last());
    assert!(worst < 1e-3, "{worst}");
    assert_eq!(losses(Box::new(second), &model, 10), on_gpu[..10], "a run repeats bit for bit");
}

/// Differences in the last digit grow on real digits (those of `cargo xtask data`): if two values of a pooling window
/// nearly tie, the maximum may change places, and Adam divides by the roots of tiny squares. The CPU with one worker
/// and with two, which differ only in the order of sums, are 1e-3 apart after 92 steps. So the GPU restarts from the
/// CPU's state every 20 steps, and takes eight: an emulated GPU needs seconds for each.
#[test]
fn along_a_hundred_steps_of_adam_on_mnist_the_gpu_agrees_with_the_cpu() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../www/data/mnist");
    let mnist = match mnist_files::load(folder) {
        Ok(mnist) => mnist,
        Err(error) => return println!("skipped: no MNIST ({error})"),
    };
    let Some(gpu) = open() else { return };
    let (model, config) = (ModelSpec::reference_cnn(), TrainingConfig::default());
    assert_eq!(config.batch_size, 32);
    let mut on_gpu = Session::with(Box::new(gpu), mnist.clone(), model.clone()).unwrap();
    let mut on_cpu = Session::with(Box::new(CpuBackend::new()), mnist, model.clone()).unwrap();
    on_cpu.set_training(config.clone()).unwrap();
    let mut worst = 0.0f32;
    for first in (0..100).step_by(20) {
        let (snapshot, arrays) = on_cpu.snapshot().unwrap();
        on_gpu.open(&model, &config, &snapshot, &arrays).unwrap();
        let (expected, actual) = (train(&mut on_cpu, 20), train(&mut on_gpu, 8));
        assert_eq!((expected.len(), actual.len()), (20, 8));
        for (step, (cpu, gpu)) in (first..).zip(expected.iter().zip(&actual)) {
            let difference = (cpu - gpu).abs() / cpu.abs();
            assert!(difference < 1e-3, "step {step}: {gpu} on the GPU, {cpu} on the CPU");
            worst = worst.max(difference);
        }
    }
    println!("largest relative difference {worst:e}");
}

/// Covers the other ops to which layers lower.
#[test]
fn other_layers_train_as_on_the_cpu() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let layers = r#"[{"type": "Conv2D", "filters": 6, "kernelSize": 5, "strides": 2, "padding": "same", "l2": 0.001},
        {"type": "BatchNormalization"}, {"type": "Activation", "activation": "gelu"}, {"type": "AveragePooling2D"},
        {"type": "Dropout", "rate": 0.2}, {"type": "Flatten"}, {"type": "Dense", "units": 20, "activation": "tanh"},
        {"type": "Dense", "units": 10, "activation": "softmax"}]"#;
    let model: ModelSpec =
        serde_json::from_str(&format!(r#"{{"inputShape": [28, 28, 1], "layers": {layers}}}"#)).unwrap();
    let on_cpu = losses(Box::new(CpuBackend::new()), &model, 25);
    for tiling in [Tiling::Registers, Tiling::Workgroup] {
        let Some(mut gpu) = open() else { return };
        gpu.set_tiling(tiling);
        let on_gpu = losses(Box::new(gpu), &model, 25);
        for (step, (cpu, gpu)) in on_cpu.iter().zip(&on_gpu).enumerate() {
            assert!((cpu - gpu).abs() <= 1e-3 * cpu.abs(), "step {step}: {gpu} on the GPU, {cpu} on the CPU");
        }
    }
}

/// Reads all tensors of the second step, on the CPU and on the GPU.
#[test]
fn a_recorded_step_is_the_same_as_on_the_cpu() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let layers = r#"[{"type": "Conv2D", "filters": 4, "kernelSize": 5, "strides": 2, "useBias": false},
        {"type": "BatchNormalization"}, {"type": "Flatten"}, {"type": "Dropout", "rate": 0.2},
        {"type": "Dense", "units": 10, "activation": "softmax"}]"#;
    let model: ModelSpec =
        serde_json::from_str(&format!(r#"{{"inputShape": [28, 28, 1], "layers": {layers}}}"#)).unwrap();
    let record = |backend: Box<dyn Backend>| {
        let mut session = Session::with(backend, common_data::patches(640), model.clone()).unwrap();
        // Adam would divide the rounding of a small gradient by its size.
        let settings = [("learningRate", 0.1.into()), ("momentum", 0.9.into())];
        let optimizer = OptimizerSpec::new("SGD", settings).unwrap();
        session.set_training(TrainingConfig { optimizer, ..session.training().clone() }).unwrap();
        train(&mut session, 2);
        let states = session.snapshot().unwrap().0.names;
        let mut names: Vec<String> = session.tensor_names();
        names.retain(|name| {
            states.contains(name) || name.contains("batch.") || name.contains("grad ") || name.contains("before ")
        });
        while !session.compute_record(&mut || true).unwrap() {}
        while !session.fetch_last_step(&names).unwrap() {}
        names.iter().cloned().zip(session.last_step(&names).unwrap()).collect::<Vec<_>>()
    };
    let Some(gpu) = open() else { return };
    let (on_gpu, on_cpu) = (record(Box::new(gpu)), record(Box::new(CpuBackend::new())));
    assert!(on_cpu.len() > 30);
    for ((name, gpu), (own_name, cpu)) in on_gpu.iter().zip(&on_cpu) {
        assert_eq!(name, own_name);
        let scale = cpu.words().iter().fold(0.0_f32, |top, word| top.max(word.abs()));
        for (gpu, cpu) in gpu.words().iter().zip(cpu.words()) {
            assert!((gpu - cpu).abs() <= 2e-3 * scale, "{name}: {gpu} on the GPU, {cpu} on the CPU");
        }
    }
}

/// Follows numbers of the second step from new weights back to the pixels, on the CPU and on the GPU.
#[test]
fn numbers_are_followed_as_on_the_cpu() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let layers = r#"[{"type": "Conv2D", "filters": 4, "kernelSize": 5, "strides": 2, "activation": "relu"},
        {"type": "MaxPooling2D"}, {"type": "Flatten"}, {"type": "Dense", "units": 10, "activation": "softmax"}]"#;
    let model: ModelSpec =
        serde_json::from_str(&format!(r#"{{"inputShape": [28, 28, 1], "layers": {layers}}}"#)).unwrap();
    let follow = |backend: Box<dyn Backend>| {
        let mut session = Session::with(backend, common_data::patches(640), model.clone()).unwrap();
        session.set_training(TrainingConfig { batch_size: 4, ..session.training().clone() }).unwrap();
        train(&mut session, 2);
        let mut cell = Cell { tensor: "conv2d.kernel".to_owned(), index: 7, shard: None };
        let mut lines = Vec::new();
        loop {
            while !session.prepare_explanation(&cell, &mut || true).unwrap() {}
            let line = session.explain(&cell, 3).unwrap();
            // On to the loss by gradients, and from there to the pixels.
            let factors = || line.parts.iter().flat_map(|part| &part.terms).flat_map(|term| &term.factors);
            let is_next = |prefix: &'static str| move |factor: &&CellInfo| factor.cell.tensor.starts_with(prefix);
            let next = factors().find(is_next("adam.m")).or_else(|| factors().find(is_next("grad ")));
            let next = next.or_else(|| factors().find(|factor| factor.cell.shard.is_some()));
            let next = next.map(|next| next.cell.clone());
            lines.push((line.cell.clone(), line.parts.iter().map(|part| part.value).collect::<Vec<_>>()));
            match next {
                Some(next) if lines.len() < 30 => cell = next,
                _ => return lines,
            }
        }
    };
    let Some(gpu) = open() else { return };
    let (on_gpu, on_cpu) = (follow(Box::new(gpu)), follow(Box::new(CpuBackend::new())));
    assert!(on_cpu.len() > 8, "{on_cpu:?}");
    assert_eq!(on_gpu.len(), on_cpu.len());
    for ((gpu, of_gpu), (cpu, of_cpu)) in on_gpu.iter().zip(&on_cpu) {
        assert_eq!(gpu.cell, cpu.cell);
        for (gpu, cpu) in [gpu.value].iter().chain(of_gpu).zip([cpu.value].iter().chain(of_cpu)) {
            assert!((gpu - cpu).abs() <= 2e-3 * cpu.abs().max(1e-3), "{gpu} on the GPU, {cpu} on the CPU: {on_cpu:?}");
        }
    }
}

/// Trains every layer, with every option, from the weights that Keras drew.
#[test]
fn every_layer_learns_as_keras_does() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keras/learning.json");
    let document: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    // A session for images and one for texts: opening a device and compiling what models share takes longer than the steps.
    let (words, images): (Vec<_>, Vec<_>) =
        document["runs"].as_array().unwrap().iter().partition(|run| following::reads_words(run));
    for runs in [words, images] {
        let Some(gpu) = open() else { return };
        let mut session = following::session(&document, runs[0], Box::new(gpu));
        for run in runs {
            println!("{}", run["name"]);
            following::follow(&document, run, &mut session);
        }
    }
}

/// Covers updates that run together, of every optimizer, in a network whose weights have different formulas.
/// Trains layers that branch and merge, and those for sequences, with noise and dropout that both draw alike.
#[test]
fn branches_and_sequences_train_as_on_the_cpu() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    for layers in [
        r#"[{"type": "AveragePooling2D", "poolSize": 4}, {"type": "GaussianNoise", "stddev": 0.1},
            {"type": "DepthwiseConv2D", "kernelSize": 3, "padding": "same", "depthMultiplier": 4},
            {"type": "Conv2D", "filters": 4, "kernelSize": 1, "inputs": ["gaussian_noise"], "activation": "tanh"},
            {"type": "Add", "inputs": ["depthwise_conv2d", "conv2d"]}, {"type": "SpatialDropout2D", "rate": 0.25},
            {"type": "Concatenate", "inputs": ["spatial_dropout2d", "average_pooling2d"]}, {"type": "LayerNormalization"},
            {"type": "Conv2DTranspose", "filters": 6, "kernelSize": 3, "strides": 2, "activation": "elu"},
            {"type": "GlobalAveragePooling2D"}, {"type": "Dense", "units": 6, "activation": "sigmoid"},
            {"type": "Multiply", "inputs": ["dense", "global_average_pooling2d"]},
            {"type": "Dense", "units": 10, "activation": "softmax"}]"#,
        r#"[{"type": "Reshape", "targetShape": [28, 28]}, {"type": "Permute", "dims": [2, 1]},
            {"type": "Conv1D", "filters": 6, "kernelSize": 3, "padding": "causal", "activation": "tanh"},
            {"type": "AveragePooling1D"}, {"type": "Dense", "units": 5, "activation": "tanh"},
            {"type": "GlobalMaxPooling1D"}, {"type": "Dense", "units": 10, "activation": "softmax"}]"#,
        r#"[{"type": "Reshape", "targetShape": [28, 28]}, {"type": "LSTM", "units": 12, "returnSequences": true, "dropout": 0.2},
            {"type": "GRU", "units": 9, "recurrentDropout": 0.25, "goBackwards": true}, {"type": "Dense", "units": 10, "activation": "softmax"}]"#,
    ] {
        let Some(gpu) = open() else { return };
        let model: ModelSpec = serde_json::from_str(&format!("{{\"layers\": {layers}}}")).unwrap();
        let on_cpu = losses(Box::new(CpuBackend::new()), &model, 20);
        let on_gpu = losses(Box::new(gpu), &model, 20);
        let worst = on_cpu.iter().zip(&on_gpu).map(|(a, b)| (a - b).abs() / a.abs().max(1e-2)).fold(0.0f32, f32::max);
        println!("losses {:?} to {:?}, largest relative difference {worst:e}", on_gpu.first(), on_gpu.last());
        assert!(worst < 1e-3, "{worst}");
    }
}

#[test]
fn every_optimizer_trains_as_on_the_cpu() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let layers = r#"[{"type": "Conv2D", "filters": 6, "kernelSize": 5, "strides": 2, "l2": 0.001},
        {"type": "BatchNormalization"}, {"type": "Flatten"}, {"type": "Dense", "units": 20, "activation": "tanh"},
        {"type": "Dense", "units": 10, "activation": "softmax"}]"#;
    let model: ModelSpec =
        serde_json::from_str(&format!(r#"{{"inputShape": [28, 28, 1], "layers": {layers}}}"#)).unwrap();
    for (optimizer, clip_norm, clip_value) in [
        (r#"{"type": "SGD", "momentum": 0}"#, Some(0.5), None),
        (r#"{"type": "SGD", "momentum": 0.9, "nesterov": true}"#, None, Some(0.01)),
        (r#"{"type": "RMSprop"}"#, None, None),
        (r#"{"type": "Adagrad"}"#, None, None),
        (r#"{"type": "Adam"}"#, Some(0.5), None),
        (r#"{"type": "AdamW"}"#, None, None),
    ] {
        let optimizer_spec = serde_json::from_str(optimizer).unwrap();
        let config = TrainingConfig { optimizer: optimizer_spec, clip_norm, clip_value, ..TrainingConfig::default() };
        let Some(gpu) = open() else { return };
        let on_cpu = losses_with(Box::new(CpuBackend::new()), &model, config.clone(), 25);
        let on_gpu = losses_with(Box::new(gpu), &model, config, 25);
        for (step, (cpu, gpu)) in on_cpu.iter().zip(&on_gpu).enumerate() {
            let close = (cpu - gpu).abs() <= 1e-3 * cpu.abs();
            assert!(close, "{optimizer}, step {step}: {gpu} on the GPU, {cpu} on the CPU");
        }
    }
}

#[test]
fn a_gpu_passes_its_own_test() {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    if open().is_none() {
        return;
    }
    let begin = std::time::Instant::now();
    let opened = pollster::block_on(chalkgrad_engine::train::gpu::open(|| {
        std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0.0, |elapsed| elapsed.as_secs_f64() * 1e3)
    }))
    .unwrap();
    println!("{} with {:?} after {:?}", opened.name, opened.tiling, begin.elapsed());
}
