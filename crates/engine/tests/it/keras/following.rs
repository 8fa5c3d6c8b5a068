//! A run of training beside Keras's own, on any backend.

use chalkgrad_engine::backend::Backend;
use chalkgrad_engine::data::{Dataset, DatasetInfo};
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::train::{Goal, Progress, Session};
use serde_json::{Value, json};

/// Largest relative difference of a loss.
const LOSS_TOLERANCE: f64 = 1e-3;
/// Largest difference, as a share of the way that a weight went.
const WEIGHT_TOLERANCE: f64 = 0.02;

fn hash(seed: u32, i: u32) -> u32 {
    let mut h = i.wrapping_add(seed.wrapping_mul(0x9E37_79B9));
    h ^= h >> 16;
    h = h.wrapping_mul(0x85EB_CA6B);
    h ^= h >> 13;
    h = h.wrapping_mul(0xC2B2_AE35);
    h ^ (h >> 16)
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

fn session(document: &Value, run: &Value, backend: Box<dyn Backend>) -> Session {
    let number = |name: &str| document[name].as_u64().unwrap() as usize;
    let (steps, batch, classes) = (number("steps"), number("batchSize"), number("classes"));
    let (height, width, count) = (number("rows"), number("columns"), steps * batch);
    let info = DatasetInfo::images("mnist", [height, width, 1], classes, [count, 0]);
    let seed = number("imagesSeed") as u32;
    let pixels: Vec<u8> = (0..(count * height * width) as u32).map(|i| hash(seed, i) as u8).collect();
    let labels: Vec<u8> = (0..count as u32).map(|i| (hash(seed + 1, i) % classes as u32) as u8).collect();
    let mut dataset = Dataset::new(info);
    dataset.add_train(&pixels, &labels).unwrap();
    let spec: ModelSpec =
        serde_json::from_value(json!({ "inputShape": [height, width, 1], "layers": run["layers"] })).unwrap();
    let config: TrainingConfig = serde_json::from_value(json!({
        "optimizer": run["optimizer"], "batchSize": batch, "epochs": 1, "trainSamples": count, "shuffle": false,
    }))
    .unwrap();
    let mut session = Session::with(backend, dataset, spec).unwrap();
    session.set_training(config).unwrap();
    session
}

/// Trains from Keras's first weights, and compares losses and last weights.
pub fn follow(document: &Value, run: &Value, backend: Box<dyn Backend>) {
    let name = &run["name"];
    let mut session = session(document, run, backend);
    let weights = run["weights"].as_object().unwrap();
    for (weight, own) in weights {
        session.set_tensor(weight, numbers(&own["before"])).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    session.start(Goal { epochs: None, steps: document["steps"].as_u64().map(|steps| steps as u32) }).unwrap();
    let mut losses = Vec::new();
    loop {
        match session.advance(&mut || true).unwrap() {
            Progress::Step(report) => losses.push(f64::from(report.loss)),
            Progress::Finished => break,
            _ => {}
        }
    }
    let expected = numbers(&run["losses"]);
    assert_eq!(losses.len(), expected.len(), "{name}");
    for (step, (loss, expected)) in losses.iter().zip(expected).enumerate() {
        let expected = f64::from(expected);
        assert!((loss / expected - 1.0).abs() < LOSS_TOLERANCE, "{name}: loss {step} is {loss}, Keras has {expected}");
    }
    for (weight, own) in weights {
        while !session.fetch_tensor(weight).unwrap() {
            std::thread::yield_now();
        }
        let (after, keras) = (session.tensor(weight).unwrap(), numbers(&own["after"]));
        let distance =
            |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
        let way = distance(&keras, &numbers(&own["before"]));
        let apart = distance(after.words(), &keras);
        assert!(apart <= WEIGHT_TOLERANCE * way, "{name}: {weight} is {apart} from Keras's, which went {way}");
    }
}
