//! The presets of the page's menu, trained natively from three seeds: what each reaches on its test examples.
//!
//! `cargo run --release --example presets [NAME...]` prints a row of a table for each preset, or those named, such as
//! `preset_spiral`. The data sets are the shards that `cargo xtask data` makes in `www/data`; points are made here.
//! `cargo run --release --example presets -- --export FOLDER [NAME...]` writes the presets as JSON and their data sets as arrays, so that
//! `crates/engine/tests/keras/presets.py` can train the same networks on the same data with Keras.

#[path = "presets/shards.rs"]
mod shards;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::data::{Dataset, Part, Target, Values};
use chalkgrad_engine::model::spec::{TargetChoice, TrainingConfig};
use chalkgrad_engine::model::task::Task;
use chalkgrad_engine::presets::{PRESETS, Preset};
use chalkgrad_engine::protocol::{Evaluation, Split};
use chalkgrad_engine::train::{Goal, Progress, Session};
use serde_json::json;

const DATA: &str = "www/data";
const SEEDS: [u32; 3] = [0, 1, 2];

fn main() -> Result<(), Box<dyn Error>> {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    let exported =
        (names.first().is_some_and(|name| name == "--export") && names.len() > 1).then(|| names.drain(..2).nth(1));
    let chosen: Vec<&Preset> = PRESETS
        .iter()
        .copied()
        .filter(|preset| names.is_empty() || names.iter().any(|name| name == preset.name))
        .collect();
    if let Some(folder) = exported.flatten() {
        return export(&chosen, Path::new(&folder));
    }
    println!("| preset | data set | epochs | measure | seed 0 | seed 1 | seed 2 | seconds each |");
    println!("|---|---|---|---|---|---|---|---|");
    for preset in chosen {
        let start = Instant::now();
        let results = SEEDS.iter().map(|seed| run(preset, *seed)).collect::<Result<Vec<_>, _>>()?;
        let (measure, _) = measured(&results[0]);
        let values: Vec<String> = results.iter().map(|result| format!("{:.4}", measured(result).1)).collect();
        let (epochs, seconds) = (preset.config()?.epochs, start.elapsed().as_secs_f64() / SEEDS.len() as f64);
        println!(
            "| {} | {} | {epochs} | {measure} | {} | {seconds:.1} |",
            preset.name,
            preset.source.name,
            values.join(" | ")
        );
    }
    Ok(())
}

/// Trains a preset from a seed, and evaluates it on all test examples.
fn run(preset: &Preset, seed: u32) -> Result<Evaluation, Box<dyn Error>> {
    let data = shards::load(preset.source, Path::new(DATA))?;
    // A session begins with the data set's own target; the preset may have another.
    let begin = Task::new(data.schema(), &TrainingConfig::default()).small_network();
    let mut session = Session::with(Box::new(CpuBackend::new()), data, begin)?;
    session.set_training(TrainingConfig { seed, ..preset.config()? })?;
    session.set_model(&preset.model())?;
    session.start(Goal::default())?;
    while session.advance(&mut || true)? != Progress::Finished {}
    session.start_evaluation(Split::Test, None)?;
    loop {
        if let Progress::Evaluated(evaluation, _) = session.advance(&mut || true)? {
            return Ok(evaluation);
        }
    }
}

/// Returns name and value of what a result is judged by.
fn measured(evaluation: &Evaluation) -> (&'static str, f32) {
    match evaluation.accuracy {
        Some(accuracy) => ("accuracy", accuracy),
        None => ("mean absolute error", evaluation.metrics.get("mean_absolute_error").copied().unwrap_or(f32::NAN)),
    }
}

/// Writes `presets.json`, and for each data set inputs and targets of both parts as little-endian arrays.
fn export(presets: &[&Preset], folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let mut described = Vec::new();
    for preset in presets {
        let config = preset.config()?;
        let mut data = shards::load(preset.source, Path::new(DATA))?;
        if let Some(spec) = config.text {
            data.vectorize(spec, config.train_samples as usize, false);
        }
        let schema = data.schema();
        let target = match &schema.target {
            _ if config.target == TargetChoice::Input => "input",
            Target::Class { .. } => "class",
            Target::Values { .. } | Target::Input => "values",
        };
        described.push(json!({
            "name": preset.name, "dataset": preset.source.name, "model": preset.model(), "training": config,
            "dtype": schema.input.dtype.name(), "shape": schema.input.shape, "target": target,
        }));
        for (part, name) in [(Part::Train, "train"), (Part::Test, "test")] {
            let path = |kind: &str| folder.join(format!("{}.{name}.{kind}", preset.source.name));
            fs::write(path("inputs"), bytes_of(data.inputs(part)))?;
            fs::write(path("targets"), targets_of(&data, part))?;
        }
    }
    fs::write(folder.join("presets.json"), serde_json::to_vec_pretty(&described)?)?;
    Ok(())
}

fn bytes_of(values: Values<'_>) -> Vec<u8> {
    match values {
        Values::U8(bytes) => bytes.to_vec(),
        Values::F32(numbers) => numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
        Values::I32(numbers) => numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
    }
}

/// Returns a byte for each class, or the values.
fn targets_of(data: &Dataset, part: Part) -> Vec<u8> {
    match data.schema().target {
        Target::Class { .. } | Target::Input => data.labels(part).to_vec(),
        Target::Values { .. } => {
            let values = (0..data.examples(part)).filter_map(|index| data.target_values(part, index));
            values.flatten().flat_map(|value| value.to_le_bytes()).collect()
        }
    }
}
