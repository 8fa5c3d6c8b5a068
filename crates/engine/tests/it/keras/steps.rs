//! Single steps from Keras's own weights, slots and iteration (`steps.py` says how): nothing adds up, so any seed serves.

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::data::{Dataset, DatasetInfo};
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::protocol::SnapshotInfo;
use chalkgrad_engine::train::{Goal, Pixels, Progress, Session};
use serde_json::{Value, json};

use super::formula::{hash, values};
use super::support::{read, shape, text};

/// The largest deviations seen are 3.5e-7 of a loss and 1.2e-7 of a probability.
const LOSS_TOLERANCE: f64 = 1e-6;
const PROBABILITY_TOLERANCE: f64 = 1e-6;
/// Relative to a weight's own size: a few roundings of `f32`.
const VALUE_TOLERANCE: f64 = 1e-6;

/// Reads `steps.bin` from front to back.
struct Bytes {
    bytes: Vec<u8>,
    at: usize,
}

impl Bytes {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        self.at += N;
        self.bytes[self.at - N..self.at].try_into().unwrap()
    }

    fn weight(&mut self) -> f32 {
        f32::from(i16::from_le_bytes(self.take())) / 8192.0
    }

    fn slot(&mut self) -> f32 {
        f32::from_bits(u32::from(u16::from_le_bytes(self.take())) << 16)
    }

    fn number(&mut self) -> f64 {
        f64::from(f32::from_le_bytes(self.take()))
    }
}

fn images(document: &Value) -> Dataset {
    let number = |name: &str| document[name].as_u64().unwrap() as usize;
    let (size, count) = (number("size"), number("batchSize") * number("batchesPerEpoch"));
    let info = DatasetInfo::images("mnist", [size, size, 1], number("classes"), [count, 0]);
    let seed = number("imagesSeed") as u32;
    let pixels: Vec<u8> = (0..(count * size * size) as u32).map(|i| hash(seed, i) as u8).collect();
    let labels: Vec<u8> = (0..count as u32).map(|i| (hash(seed + 1, i) % number("classes") as u32) as u8).collect();
    let mut dataset = Dataset::new(info);
    dataset.add_train(&pixels, &labels).unwrap();
    dataset
}

fn session(document: &Value, case: &Value) -> Session {
    let layers = if case["l2"] == true { "penalisedLayers" } else { "layers" };
    let size = &document["size"];
    let spec: ModelSpec =
        serde_json::from_value(json!({ "inputShape": [size, size, 1], "layers": document[layers] })).unwrap();
    let mut config = json!({
        "optimizer": document["optimizers"][text(&case["optimizer"])],
        "batchSize": document["batchSize"],
        "epochs": document["epochs"],
        "trainSamples": document["batchSize"].as_u64().unwrap() * document["batchesPerEpoch"].as_u64().unwrap(),
        "shuffle": false,
    });
    for field in ["clipNorm", "clipValue", "learningRateSchedule"] {
        if !case[field].is_null() {
            config[field] = case[field].clone();
        }
    }
    let config: TrainingConfig = serde_json::from_value(config).unwrap();
    let mut session = Session::with(Box::new(CpuBackend::new()), images(document), spec).unwrap();
    session.set_training(config).unwrap();
    session
}

/// `sum(values * formula)` and the L2 norm of `values`, in f64.
fn project(values: &[f32], formula: &[f32]) -> (f64, f64) {
    let sum = values.iter().zip(formula).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
    (sum, values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt())
}

/// The largest deviations seen: of losses, of probabilities, and of what a step changed, in terms of its tolerance.
#[derive(Default, Debug)]
struct Worst {
    loss: f64,
    probability: f64,
    change: f64,
}

/// Takes the steps of one case, each from the state that the file holds.
fn compare(document: &Value, case: &Value, file: &mut Bytes) -> Worst {
    let (steps, per_epoch) =
        (document["steps"].as_u64().unwrap() as u32, document["batchesPerEpoch"].as_u64().unwrap() as u32);
    let projection = document["projection"].as_u64().unwrap() as u32;
    let mut session = session(document, case);
    let weights: Vec<(&str, Vec<usize>, bool)> = document["weights"]
        .as_array()
        .unwrap()
        .iter()
        .map(|weight| (text(&weight["name"]), shape(&weight["shape"]), weight["trainable"] == true))
        .collect();
    let change_tolerance = match session.training().optimizer.type_name() {
        "SGD" => 2e-5,
        // They divide by the size of the gradient: where a small gradient is left of large terms, its rounding counts.
        _ => 1e-4,
    };
    let optimizer = session.training().optimizer.clone();
    let slots = optimizer.slots();
    let mut worst = Worst::default();
    for step in 0..steps {
        let (mut names, mut arrays) = (Vec::new(), Vec::new());
        for (name, dims, _) in &weights {
            names.push((*name).to_owned());
            arrays.push((0..dims.iter().product()).map(|_| file.weight()).collect::<Vec<f32>>());
        }
        for slot in &slots {
            for (name, dims, _) in weights.iter().filter(|(_, _, trainable)| *trainable) {
                names.push(optimizer.slot_state(slot, name));
                arrays.push((0..dims.iter().product()).map(|_| file.slot()).collect());
            }
        }
        let info = SnapshotInfo {
            step,
            epoch: step / per_epoch,
            batch_in_epoch: step % per_epoch,
            names: names.clone(),
            untouched: false,
            vocabulary: Vec::new(),
        };
        session.restore(&info, arrays.clone()).unwrap();
        session.start(Goal { epochs: None, steps: Some(1) }).unwrap();
        let mut loss = f64::NAN;
        loop {
            match session.advance(&mut || true).unwrap() {
                Progress::Step(report) => loss = f64::from(report.loss),
                Progress::Finished => break,
                _ => {}
            }
        }
        worst.loss = worst.loss.max((loss / file.number() - 1.0).abs());

        // One number of the file for each weight, and one for all of each slot's tensors, whose positions are among the
        // trained ones.
        let trained = weights.iter().filter(|(_, _, trainable)| *trainable).count();
        let mut tensors = Vec::new();
        for (index, (name, old)) in names.iter().zip(&arrays).enumerate() {
            let position = if index < weights.len() { index } else { (index - weights.len()) % trained };
            let formula = values(projection + position as u32, old.len(), 1.0, 0.0);
            let new = session.tensor(name).unwrap();
            let change: Vec<f32> = new.words().iter().zip(old).map(|(new, old)| new - old).collect();
            tensors.push((project(new.words(), &formula), project(&change, &formula).1));
        }
        let (own, of_slots) = tensors.split_at(weights.len());
        let groups = own.chunks(1).chain(of_slots.chunks(trained));
        for group in groups {
            let sum: f64 = group.iter().map(|((sum, _), _)| sum).sum();
            let size: f64 = group.iter().map(|((_, norm), _)| norm).sum();
            let change: f64 = group.iter().map(|(_, change)| change).sum();
            // A few roundings of the value, and a small part of what the step did to it.
            let tolerance = VALUE_TOLERANCE * size + change_tolerance * change;
            worst.change = worst.change.max((sum - file.number()).abs() / tolerance.max(1e-12));
        }
    }
    let predicted = document["predicted"].as_u64().unwrap() as usize;
    let image_len = document["size"].as_u64().unwrap().pow(2) as usize;
    let seed = document["imagesSeed"].as_u64().unwrap() as u32;
    let pixels = (0..(predicted * image_len) as u32).map(|i| hash(seed, i) as u8).collect();
    let (probabilities, _) = session.predict(Pixels::U8(pixels)).unwrap();
    for probability in probabilities {
        worst.probability = worst.probability.max((f64::from(probability) - file.number()).abs());
    }
    worst
}

#[test]
fn each_step_from_kerass_state_is_kerass() {
    let document = read("steps.json");
    let path = format!("{}/tests/keras/steps.bin", env!("CARGO_MANIFEST_DIR"));
    let mut file = Bytes { bytes: std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}")), at: 0 };
    let cases = document["cases"].as_array().unwrap();
    assert!(cases.len() >= 40, "only {} cases", cases.len());
    for case in cases {
        let worst = compare(&document, case, &mut file);
        println!("{case}: {worst:?}");
        assert!(worst.loss < LOSS_TOLERANCE, "{case}: {worst:?}");
        assert!(worst.change < 1.0, "{case}: {worst:?}");
        assert!(worst.probability < PROBABILITY_TOLERANCE, "{case}: {worst:?}");
    }
    assert_eq!(file.at, file.bytes.len(), "all of the file was read");
}
