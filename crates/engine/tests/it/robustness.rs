//! Robustness by the thousand: whatever comes in at a border, as text, bytes or messages, gives a coded error or a right
//! answer, without a panic and with bounded memory. Inputs are real ones, mutated by a generator with a fixed seed.

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::checkpoint::Checkpoint;
use chalkgrad_engine::data::{Dataset, DatasetInfo, idx};
use chalkgrad_engine::error::{Error, MessageError};
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::train::model::LoadedModel;
use chalkgrad_engine::train::plans::PlanKey;
use chalkgrad_engine::train::replicas::{Replica, Shard, ShardKind};
use chalkgrad_engine::train::{Goal, Progress, Session};
use serde_json::Value;

use crate::memory;
use mutations::Mutations;

mod messages;
mod mutations;

const INPUTS: usize = 10_000;
const MIB: usize = 1 << 20;

/// Runs a border on every input, and checks that it takes little memory beside a multiple of the input.
fn run(name: &str, mut border: impl FnMut(usize) -> (usize, Result<(), Error>)) {
    let (mut accepted, mut largest) = (0, 0);
    for index in 0..INPUTS {
        let ((input_bytes, result), peak) = memory::peak(|| border(index));
        match result {
            Ok(()) => accepted += 1,
            Err(error) => assert!(!error.code.is_empty() && !error.to_string().is_empty()),
        }
        assert!(peak <= 16 * MIB + 64 * input_bytes, "{name}, input {index}: {} KiB", peak >> 10);
        largest = largest.max(peak);
    }
    println!("{name}: {accepted} of {INPUTS} accepted, {} KiB at most", largest >> 10);
    assert!(accepted > INPUTS / 200, "{name}: the mutations reach nothing behind the checks ({accepted} accepted)");
    assert!(accepted < INPUTS, "{name}: nothing is refused");
}

const MODELS: [&str; 4] = [
    r#"{"inputShape":[28,28,1],"layers":[{"type":"Conv2D","filters":32,"kernelSize":3,"activation":"relu"},
        {"type":"MaxPooling2D"},{"type":"Conv2D","filters":64,"kernelSize":3,"activation":"relu"},{"type":"Flatten"},
        {"type":"Dense","units":10,"activation":"softmax"}]}"#,
    r#"{"inputShape":[8,8,1],"layers":[{"type":"Conv2D","filters":4,"kernelSize":[3,2],"strides":2,"padding":"same",
        "l2":0.001,"name":"first"},{"type":"BatchNormalization"},{"type":"Activation","activation":"relu"},
        {"type":"AveragePooling2D","poolSize":2},{"type":"Flatten"},{"type":"Dropout","rate":0.2},
        {"type":"Dense","units":3,"useBias":false}]}"#,
    r#"{"name":"small","inputShape":[4,4,1],"layers":[{"type":"Flatten"},{"type":"Dense","units":12,
        "activation":"tanh"},{"type":"Dense","units":3,"activation":"softmax"}]}"#,
    r#"{"layers":[{"type":"GlobalAveragePooling2D"},{"type":"Dense","units":40000}]}"#,
];

const CONFIGS: [&str; 4] = [
    "{}",
    r#"{"dataset":"bars","trainSamples":96,"epochs":2,"batchSize":32,"validationSplit":0.25,"shuffle":true,"seed":7}"#,
    r#"{"dataset":"bars","trainSamples":48,"batchSize":16,"optimizer":{"type":"SGD","learningRate":0.1,"momentum":0.9,
        "nesterov":true},"learningRateSchedule":{"type":"Step","everyEpochs":1,"factor":0.5},"clipNorm":1.0}"#,
    r#"{"dataset":"bars","trainSamples":32,"batchSize":8,"optimizer":{"type":"AdamW","weightDecay":0.01},
        "loss":"mean_squared_error","learningRateSchedule":{"type":"Cosine","finalFactor":0.0},"clipValue":0.5,
        "targetAccuracy":0.9,"patience":3,"validationSplit":0.5}"#,
];

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| MessageError::BadJson { details: error.to_string() }.into())
}

/// Mutates a text as text or as the tree of values that it holds.
fn mutated_json(mutations: &mut Mutations, text: &str) -> String {
    if mutations.random.below(3) == 0 {
        return String::from_utf8_lossy(&mutations.bytes(text.as_bytes())).into_owned();
    }
    let mut value: Value = serde_json::from_str(text).unwrap();
    for _ in 0..=mutations.random.below(3) {
        mutations.json(&mut value);
    }
    value.to_string()
}

#[test]
fn models_as_json() {
    let mut mutations = Mutations::new(1);
    run("models", |index| {
        let text = mutated_json(&mut mutations, MODELS[index % MODELS.len()]);
        let result = parse::<ModelSpec>(&text).and_then(|spec| {
            let written = serde_json::to_string(&spec).unwrap();
            assert_eq!(parse::<ModelSpec>(&written).unwrap(), spec, "{text} comes back as it was");
            let model = LoadedModel::new(&spec, &TrainingConfig::default(), &DatasetInfo::mnist().schema)?;
            for key in [PlanKey::Training(32), PlanKey::Evaluation(128), PlanKey::Update] {
                model.compile(key)?;
            }
            Ok(())
        });
        (text.len(), result)
    });
}

fn bars() -> Dataset {
    let (side, train, test) = (4, 96, 40);
    let info = DatasetInfo::images("bars", [side, side, 1], 3, [train, test]);
    let mut dataset = Dataset::new(info);
    let pixels = |count: usize| (0..count * side * side).map(|index| (index * 37 % 251) as u8).collect::<Vec<_>>();
    let labels = |count: usize| (0..count).map(|index| (index % 3) as u8).collect::<Vec<_>>();
    dataset.add_train(&pixels(train), &labels(train)).unwrap();
    dataset.add_test(&pixels(test), &labels(test)).unwrap();
    dataset
}

fn session() -> Session {
    Session::with(Box::new(CpuBackend::new()), bars(), serde_json::from_str(MODELS[2]).unwrap()).unwrap()
}

/// An accepted configuration also trains: a step and, at its end, an epoch, or an error with a code.
#[test]
fn configurations_as_json() {
    let mut mutations = Mutations::new(2);
    let mut session = session();
    run("configurations", |index| {
        let text = mutated_json(&mut mutations, CONFIGS[index % CONFIGS.len()]);
        let result = parse::<TrainingConfig>(&text).and_then(|config| {
            let written = serde_json::to_string(&config).unwrap();
            assert_eq!(parse::<TrainingConfig>(&written).unwrap(), config, "{text} comes back as it was");
            session.set_training(config.clone())?;
            assert_eq!(session.training(), &config);
            session.start(Goal { epochs: None, steps: Some(1 + index as u32 % 3) })?;
            loop {
                match session.advance(&mut || true) {
                    Ok(Progress::Finished) => return Ok(()),
                    Ok(Progress::Step(_) | Progress::Epoch(_) | Progress::Warning(_)) => {}
                    // Wild rates, which are no fault of the configuration's form.
                    Err(error) if error.code == "not-a-number" => {
                        session.reset();
                        return Ok(());
                    }
                    other => panic!("{text}: {other:?}"),
                }
            }
        });
        (text.len(), result)
    });
}

#[test]
fn idx_files() {
    let images: Vec<u8> = [&[0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 4, 0, 0, 0, 4][..], &[7; 80]].concat();
    let labels: Vec<u8> = [&[0, 0, 8, 1, 0, 0, 0, 9][..], &[1; 9]].concat();
    let mut mutations = Mutations::new(3);
    run("IDX files", |index| {
        let file = mutations.bytes(if index % 2 == 0 { &images } else { &labels });
        let result = match index % 2 {
            0 => idx::read::<3>("images", &file).map(|idx| (idx.shape.iter().product(), idx.values.len())),
            _ => idx::read::<1>("labels", &file).map(|idx| (idx.shape.iter().product(), idx.values.len())),
        };
        let result = result.map(|(expected, actual): (usize, usize)| assert_eq!(actual, expected));
        (file.len(), result)
    });
}

/// An accepted file opens in a session, or is refused there with a code; its numbers are then those of the file.
#[test]
fn checkpoints() {
    let mut source = session();
    source.start(Goal { epochs: None, steps: Some(2) }).unwrap();
    while !matches!(source.advance(&mut || true).unwrap(), Progress::Finished) {}
    let file = source.checkpoint().unwrap().to_bytes().unwrap();
    let header_len = u64::from_le_bytes(*file.first_chunk().unwrap()) as usize;
    let (header, data) = file[8..].split_at(header_len);
    let header = std::str::from_utf8(header).unwrap();
    let mut session = session();
    let mut mutations = Mutations::new(4);
    run("checkpoints", |index| {
        let file = match index % 4 {
            0 => mutations.bytes(&file),
            // The header as text or as a tree, with a length that fits.
            1 | 2 => {
                let header = mutated_json(&mut mutations, header);
                [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
            }
            // The experiment inside the header.
            _ => {
                let mut header: Value = serde_json::from_str(header).unwrap();
                let about = header["__metadata__"]["chalkgrad"].as_str().unwrap().to_owned();
                header["__metadata__"]["chalkgrad"] = mutated_json(&mut mutations, &about).into();
                let header = header.to_string();
                [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
            }
        };
        let result = Checkpoint::from_bytes(&file).and_then(|read| {
            session.open(&read.model, &read.training, &read.snapshot, &read.arrays)?;
            for (name, values) in read.snapshot.names.iter().zip(&read.arrays) {
                if let Ok(tensor) = session.tensor(name) {
                    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                    assert_eq!(bits(tensor.words()), bits(values), "{name}");
                }
            }
            Ok(())
        });
        (file.len(), result)
    });
}

/// Tasks for replicas, which come as messages from another worker.
#[test]
fn tasks_of_replicas() {
    let model: ModelSpec = serde_json::from_str(MODELS[2]).unwrap();
    let mut replica = Replica::new(&model, &TrainingConfig::default(), &DatasetInfo::mnist().schema).unwrap();
    let weights = vec![0.01; 16 * 12 + 12 + 12 * 3 + 3];
    let mut mutations = Mutations::new(5);
    let (mut task, mut result) = (Vec::new(), Vec::new());
    run("tasks", |index| {
        let kind = [ShardKind::Gradient, ShardKind::Evaluation, ShardKind::Prediction][index % 3];
        let shard = Shard { kind, batch: 4, range: 0..2, key: [1, 2] };
        let write = &mut |inputs: &mut [f32], targets: &mut [f32]| {
            inputs.fill(0.5);
            targets.fill(f32::from_bits(1));
            Ok(())
        };
        shard.write(replica.layout(), &weights, &mut task, write).unwrap();
        mutations.floats(&mut task);
        (task.len() * 4, replica.run(&task, &mut result))
    });
}
