//! Time of every kernel in a training step of the reference CNN, in the order of its plan at batch 32; with the word `lstm` in
//! that of an LSTM on the rows of an image.
//!
//! Natively: `cargo bench -p chalkgrad-engine --bench step -- [lstm]`. In V8 (Node.js): the same with `--target
//! wasm32-unknown-unknown`.

#[path = "common/clock.rs"]
mod clock;

use std::sync::Arc;

use chalkgrad_engine::backend::cpu::{CpuBackend, parts};
use chalkgrad_engine::backend::{Backend, RunStatus};
use chalkgrad_engine::data::DatasetInfo;
use chalkgrad_engine::error::Result;
use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec, SettingValue, TrainingConfig};
use chalkgrad_engine::plan::SlotKind;
use chalkgrad_engine::train::model::LoadedModel;
use chalkgrad_engine::train::plans::PlanKey;

const BATCH: usize = 32;

/// Returns an LSTM on the rows of an image.
fn rows() -> ModelSpec {
    let layer = |type_name: &str, settings: &[(&str, SettingValue)]| LayerSpec {
        type_name: type_name.to_owned(),
        name: None,
        inputs: None,
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
    };
    let layers = vec![
        layer("Reshape", &[("targetShape", vec![28.0, 28.0].into())]),
        layer("LSTM", &[("units", 128.0.into())]),
        layer("Dense", &[("units", 10.0.into()), ("activation", "softmax".into())]),
    ];
    ModelSpec { layers, ..ModelSpec::reference_cnn() }
}

fn run() -> Result<()> {
    let is_lstm = std::env::args().any(|argument| argument == "lstm");
    let spec = if is_lstm { rows() } else { ModelSpec::reference_cnn() };
    let model = LoadedModel::new(&spec, &TrainingConfig::default(), &DatasetInfo::mnist().schema)?;
    let plan = Arc::new(model.compile(PlanKey::Training(BATCH))?);
    let mut backend = CpuBackend::new();
    let handle = backend.load(plan.clone())?;
    for slot in &plan.slots {
        // Small numbers everywhere; the bits of integers (labels, keys) are set to 0 below.
        let fill = &mut |words: &mut [f32]| {
            for (index, word) in words.iter_mut().enumerate() {
                *word = ((index as f32 * 0.618).fract() - 0.5) * 0.1;
            }
        };
        match &slot.kind {
            SlotKind::Input(name) if name == "target" || name == "rng_key" => {
                backend.write_input(handle, name, &mut |words| words.fill(0.0))?;
            }
            SlotKind::Input(name) => backend.write_input(handle, name, fill)?,
            SlotKind::State(name) => {
                let mut value = plan
                    .value(name)
                    .map(|value| chalkgrad_engine::tensor::HostTensor::zeros(value.tensor_type.clone()))?;
                if !name.contains(' ') {
                    fill(value.words_mut());
                }
                backend.write_state(name, &value);
            }
            SlotKind::Constant(_) | SlotKind::Temporary => {}
        }
    }
    // The backend calls this after every part of a kernel.
    let kernels = plan.kernels.iter().enumerate();
    let kernel_of: Vec<usize> =
        kernels.flat_map(|(index, kernel)| std::iter::repeat_n(index, parts(kernel, &plan.slots))).collect();
    let mut best_ms = vec![f64::INFINITY; plan.kernels.len()];
    for _ in 0..100 {
        let mut run_ms = vec![0.0; plan.kernels.len()];
        let (mut part, mut start) = (0, clock::now_ms());
        let mut lap = || {
            if let Some(&kernel) = kernel_of.get(part) {
                run_ms[kernel] += clock::now_ms() - start;
            }
            (part, start) = (part + 1, clock::now_ms());
            true
        };
        while backend.run(handle, &mut lap)? == RunStatus::Unfinished {}
        lap();
        best_ms.iter_mut().zip(run_ms).for_each(|(best, ms)| *best = ms.min(*best));
    }
    for (line, ms) in plan.to_string().lines().zip(&best_ms) {
        clock::print(&format!("{ms:8.4} ms {line}"));
    }
    let total_ms: f64 = best_ms.iter().sum();
    clock::print(&format!("{total_ms:8.4} ms in all, {:.0} images/s", BATCH as f64 / (total_ms / 1e3)));
    Ok(())
}

#[cfg(target_arch = "wasm32")]
#[wasm_bindgen_test::wasm_bindgen_test]
fn step() {
    if let Err(error) = run() {
        clock::print(&error.to_string());
    }
}

fn main() {
    // In WebAssembly the test runner calls `step`.
    #[cfg(not(target_arch = "wasm32"))]
    if std::env::args().any(|argument| argument == "--bench")
        && let Err(error) = run()
    {
        println!("{error}");
    }
}
