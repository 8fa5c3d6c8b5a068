//! A run of training beside Keras's own, on any backend.

use chalkgrad_engine::backend::Backend;
use chalkgrad_engine::data::schema::{Field, FieldType, Schema, Target};
use chalkgrad_engine::data::{Dataset, DatasetInfo, Values};
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

/// Returns true if the model of a run reads texts.
fn reads_words(run: &Value) -> bool {
    run["layers"][0]["type"] == "Embedding"
}

/// Makes the examples of all steps, images or texts of noise, as `learning.py` does.
pub fn dataset(document: &Value, run: &Value) -> Dataset {
    let number = |name: &str| document[name].as_u64().unwrap() as usize;
    let (classes, seed) = (number("classes"), number("dataSeed") as u32);
    let count = number("steps") * number("batchSize");
    let labels: Vec<u8> = (0..count as u32).map(|i| (hash(seed + 1, i) % classes as u32) as u8).collect();
    if reads_words(run) {
        let (words, vocabulary) = (number("words"), number("vocabulary") as u32);
        let input = Field { shape: vec![words], dtype: FieldType::Tokens { vocabulary }, columns: Vec::new() };
        let schema = Schema { input, target: Target::classes(["0", "1", "2"]) };
        let info = DatasetInfo { name: "mnist".to_owned(), schema, train_total: count, test_total: 0, text: None };
        let ids = (0..count * words).map(|at| {
            let id = (hash(seed + 2, at as u32) % vocabulary) as i32;
            if at % words == 0 { id.max(1) } else { id }
        });
        let mut dataset = Dataset::new(info);
        dataset.add_train(Values::I32(&ids.collect::<Vec<_>>()), &labels[..]).unwrap();
        return dataset;
    }
    let shape: [usize; 3] = serde_json::from_value(document["image"].clone()).unwrap();
    let pixels = (0..(count * shape.iter().product::<usize>()) as u32).map(|i| hash(seed, i) as u8);
    let mut dataset = Dataset::new(DatasetInfo::images("mnist", shape, classes, [count, 0]));
    dataset.add_train(&pixels.collect::<Vec<u8>>(), &labels).unwrap();
    dataset
}

/// Opens a session with the model and the data of a run, which begins with Keras's first weights.
pub fn session(document: &Value, run: &Value, backend: Box<dyn Backend>) -> Session {
    let name = &run["name"];
    let dataset = dataset(document, run);
    let (shape, count) = (dataset.info().schema.input.shape.clone(), dataset.info().train_total);
    let spec: ModelSpec = serde_json::from_value(json!({ "inputShape": shape, "layers": run["layers"] })).unwrap();
    let config: TrainingConfig = serde_json::from_value(json!({
        "optimizer": run["optimizer"], "batchSize": document["batchSize"], "epochs": 1, "trainSamples": count, "shuffle": false,
    }))
    .unwrap();
    let mut session = Session::with(backend, dataset, spec).unwrap_or_else(|error| panic!("{name}: {error}"));
    session.set_training(config).unwrap();
    for (weight, own) in run["weights"].as_object().unwrap() {
        session.set_tensor(weight, numbers(&own["before"])).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    session
}

/// Takes steps, and returns their losses.
pub fn train(session: &mut Session, steps: u32) -> Vec<f32> {
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

/// Trains from Keras's first weights, and compares losses and last weights.
pub fn follow(document: &Value, run: &Value, backend: Box<dyn Backend>) {
    let name = &run["name"];
    let mut session = session(document, run, backend);
    let losses = train(&mut session, document["steps"].as_u64().unwrap() as u32);
    let expected = numbers(&run["losses"]);
    assert_eq!(losses.len(), expected.len(), "{name}");
    for (step, (loss, expected)) in losses.iter().zip(expected).enumerate() {
        let (loss, expected) = (f64::from(*loss), f64::from(expected));
        assert!((loss / expected - 1.0).abs() < LOSS_TOLERANCE, "{name}: loss {step} is {loss}, Keras has {expected}");
    }
    for (weight, own) in run["weights"].as_object().unwrap() {
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
