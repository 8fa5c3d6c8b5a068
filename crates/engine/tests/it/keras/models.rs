//! Whole models against Keras: twenty steps of training, gradients, layer outputs.

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::data::{Dataset, DatasetInfo};
use chalkgrad_engine::model::spec::{ModelSpec, OptimizerSpec, TrainingConfig};
use chalkgrad_engine::train::{Goal, Pixels, Progress, Session};
use serde_json::Value;

use super::formula::{initial_weight, seven_segment_digits};
use super::support::{f32s, read, shape, text};

struct Images {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

fn digits(count: usize) -> Images {
    let (pixels, labels) = seven_segment_digits(count);
    Images { pixels, labels }
}

/// The first images of MNIST's training file, if `cargo xtask data` has fetched it: a shard is images, then labels.
fn mnist(count: usize) -> Result<Images, String> {
    use std::io::Read;
    let path = format!("{}/../../www/data/mnist/train-0.bin.gz", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::File::open(&path).map_err(|error| format!("www/data/mnist/train-0.bin.gz: {error}"))?;
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).map_err(|error| format!("{path}: {error}"))?;
    let images = bytes.len() / 785;
    Ok(Images { pixels: bytes[..count * 784].to_vec(), labels: bytes[images * 784..][..count].to_vec() })
}

/// A session on these images in file order, with the weights of the formula.
fn session(document: &Value, model: &str, images: &Images, optimizer: Option<&str>, first_seed: u32) -> Session {
    let info = DatasetInfo { train_total: images.labels.len(), test_total: 0, ..DatasetInfo::mnist() };
    let mut dataset = Dataset::new(info);
    dataset.add_train(&images.pixels, &images.labels).unwrap();
    let spec: ModelSpec = serde_json::from_value(document["models"][model].clone()).unwrap();
    let mut session = Session::with(Box::new(CpuBackend::new()), dataset, spec).unwrap();
    let optimizer: OptimizerSpec = match optimizer {
        Some(name) => serde_json::from_value(document["optimizers"][name].clone()).unwrap(),
        None => OptimizerSpec::default(),
    };
    let config = TrainingConfig {
        optimizer,
        shuffle: false,
        batch_size: document["batchSize"].as_u64().unwrap() as u32,
        ..session.training().clone()
    };
    session.set_training(config).unwrap();
    for (weight, seed) in document["weights"][model].as_array().unwrap().iter().zip(first_seed..) {
        let name = text(&weight["name"]);
        let kind = name.split('.').next_back().unwrap();
        session.set_tensor(name, initial_weight(kind, seed, &shape(&weight["shape"]))).unwrap();
    }
    session
}

fn train(session: &mut Session, steps: u32) -> Vec<f32> {
    session.start(Goal { epochs: None, steps: Some(steps) }).unwrap();
    let mut losses = Vec::new();
    loop {
        match session.advance(&mut || true).unwrap() {
            Progress::Step(report) => losses.push(report.loss),
            Progress::Finished => return losses,
            Progress::OutOfTime | Progress::Epoch(_) => {}
            other => panic!("unexpected {other:?}"),
        }
    }
}

/// The largest deviation of norm and sampled elements, relative to an element's own size or the tensor's mean size.
fn deviation(actual: &[f32], expected: &Value) -> f64 {
    let norm = actual.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
    let expected_norm = expected["norm"].as_f64().unwrap();
    let typical = expected_norm / (actual.len() as f64).sqrt();
    let index = f32s(&expected["index"]);
    let elements = index.iter().zip(f32s(&expected["data"])).map(|(&index, value)| {
        let value = f64::from(value);
        (f64::from(actual[index as usize]) - value).abs() / value.abs().max(typical)
    });
    elements.fold((norm / expected_norm - 1.0).abs(), f64::max)
}

fn compare_with_keras(data: &str, images: &Images) {
    let document = read("models.json");
    let steps = document["steps"].as_u64().unwrap() as u32;
    let first_seed = document["firstSeed"].as_u64().unwrap() as u32;
    for run in document["runs"].as_array().unwrap().iter().filter(|run| run["data"] == data) {
        let model = text(&run["model"]);
        for (optimizer, expected) in run["losses"].as_object().unwrap() {
            let label = format!("{model} on {data} with {optimizer}");
            let mut session = session(&document, model, images, Some(optimizer), first_seed);
            let mut losses = train(&mut session, 1);
            let mut worst_gradient = 0.0f64;
            for (weight, expected) in run["gradients"].as_object().unwrap() {
                let gradient = session.tensor(&format!("grad {weight}")).unwrap();
                assert_eq!(gradient.shape().dims(), shape(&expected["shape"]), "{label}: grad {weight}");
                let worst = deviation(gradient.words(), expected);
                assert!(worst < 1e-4, "{label}: grad {weight} deviates by {worst:e}");
                worst_gradient = worst_gradient.max(worst);
            }
            losses.extend(train(&mut session, steps - 1));
            let expected = f32s(expected);
            assert_eq!(losses.len(), expected.len(), "{label}");
            let worst = losses.iter().zip(&expected).map(|(a, e)| (a / e - 1.0).abs()).fold(0.0, f32::max);
            println!("{label}: losses deviate by {worst:.1e}, gradients by {worst_gradient:.1e}");
            assert!(worst < 1e-3, "{label}: losses {losses:?}, Keras gives {expected:?}");

            if run["trained"]["optimizer"] == optimizer.as_str() {
                let (probabilities, classes) = session.predict(Pixels::U8(images.pixels[..4 * 784].to_vec())).unwrap();
                assert_eq!((probabilities.len(), classes), (40, 10), "{label}");
                for (index, (a, e)) in probabilities.iter().zip(f32s(&run["trained"]["probabilities"])).enumerate() {
                    assert!((a - e).abs() < 1e-3, "{label}: probability {index} is {a}, Keras gives {e}");
                }
            }
        }

        let mut session = session(&document, model, images, None, first_seed);
        session.predict(Pixels::U8(images.pixels[..784].to_vec())).unwrap();
        for (layer, expected) in run["outputs"].as_object().unwrap() {
            let output = session.tensor(&format!("{layer}.output")).unwrap();
            assert_eq!(output.shape().dims(), shape(&expected["shape"]), "{model}: {layer}.output");
            let worst = deviation(output.words(), expected);
            assert!(worst < 2e-5, "{model} on {data}: {layer}.output deviates by {worst:e}");
        }
    }
}

#[test]
fn seven_segment_digits_train_as_in_keras() {
    compare_with_keras("digits", &digits(640));
}

#[test]
fn mnist_trains_as_in_keras() {
    match mnist(640) {
        Ok(images) => compare_with_keras("mnist", &images),
        Err(reason) => println!("skipped: MNIST is not here ({reason}); `cargo xtask data` fetches it"),
    }
}

/// Compares twenty free-running steps from ten consecutive seeds; `free_running.py` makes a table of them.
#[test]
fn free_running() {
    let images = match mnist(640) {
        Ok(images) => images,
        Err(reason) => return println!("skipped: MNIST is not here ({reason}); `cargo xtask data` fetches it"),
    };
    let (document, expected) = (read("models.json"), read("free_running.json"));
    let runs = expected["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 40);
    for run in runs {
        let (optimizer, seed, expected) = (text(&run[0]), run[1].as_u64().unwrap() as u32, f32s(&run[2]));
        let mut session = session(&document, "reference", &images, Some(optimizer), 100 * seed + 1);
        let losses = train(&mut session, expected.len() as u32);
        println!("free {}", serde_json::json!([optimizer, seed, losses]));
        for (step, (a, e)) in losses.iter().zip(&expected).enumerate() {
            assert!((a / e - 1.0).abs() < 1e-3, "{optimizer}, seed {seed}, step {step}: {a}, Keras gives {e}");
        }
    }
}
