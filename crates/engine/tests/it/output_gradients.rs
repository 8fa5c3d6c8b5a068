//! Gradients with respect to the outputs of layers: the gradients of the weights, which a step computes by itself, follow
//! from them by the chain rule as written in a textbook.

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::data::{Dataset, DatasetInfo};
use chalkgrad_engine::model::spec::{ModelSpec, OptimizerSpec, TrainingConfig};
use chalkgrad_engine::random::Philox;
use chalkgrad_engine::tensor::HostTensor;
use chalkgrad_engine::train::{Goal, Pixels, Progress, Session};

const SIDE: usize = 8;
const IMAGES: usize = 76;
const BATCH: usize = 32;

fn session(layers: &str) -> Session {
    let info = DatasetInfo::images("noise", [SIDE, SIDE, 1], 3, [IMAGES, 3]);
    let mut random = Philox::new(5, 0);
    let labels: Vec<u8> = (0..IMAGES).map(|_| random.below(3) as u8).collect();
    let pixels: Vec<u8> = (0..IMAGES * SIDE * SIDE).map(|_| random.below(256) as u8).collect();
    let mut dataset = Dataset::new(info);
    dataset.add_train(&pixels, &labels).unwrap();
    let spec: ModelSpec =
        serde_json::from_str(&format!(r#"{{"inputShape": [{SIDE}, {SIDE}, 1], "layers": {layers}}}"#)).unwrap();
    let mut session = Session::with(Box::new(CpuBackend::new()), dataset, spec).unwrap();
    // A step that moves no weight: what it computes and what is worked out later is at the same weights.
    let still = OptimizerSpec::new(
        "SGD",
        [("learningRate", (1e-30).into()), ("momentum", 0.0.into()), ("nesterov", false.into())],
    )
    .unwrap();
    let training = TrainingConfig { optimizer: still, batch_size: BATCH as u32, ..session.training().clone() };
    session.set_training(training).unwrap();
    session
}

/// Convolution, pooling, a layer that does nothing, dropout, two dense layers.
fn model() -> Session {
    session(
        r#"[{"type": "Conv2D", "filters": 4, "kernelSize": 3, "activation": "relu"}, {"type": "MaxPooling2D"},
            {"type": "Flatten"}, {"type": "Activation", "activation": "linear"}, {"type": "Dropout", "rate": 0.4},
            {"type": "Dense", "units": 5, "activation": "tanh"}, {"type": "Dense", "units": 3, "activation": "softmax"}]"#,
    )
}

fn train(session: &mut Session, steps: u32) {
    session.start(Goal { steps: Some(steps), epochs: None }).unwrap();
    while session.advance(&mut || true).unwrap() != Progress::Finished {}
}

fn read(session: &mut Session, name: &str) -> Vec<f32> {
    tensor(session, name).words().to_vec()
}

fn tensor(session: &mut Session, name: &str) -> HostTensor {
    assert!(session.fetch_tensor(name).unwrap());
    session.tensor(name).unwrap()
}

fn assert_close(what: &str, actual: &[f32], expected: &[f64]) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(0.0, |top: f64, value| top.max(value.abs()));
    assert!(scale > 0.0, "{what}: all is zero");
    for (actual, expected) in actual.iter().zip(expected) {
        assert!((f64::from(*actual) - expected).abs() < 2e-5 * scale, "{what}: {actual} for {expected}");
    }
}

/// Column sums of `[rows, columns]`.
fn sums(rows: &[f64], columns: usize) -> Vec<f64> {
    (0..columns).map(|column| rows.iter().skip(column).step_by(columns).sum()).collect()
}

#[test]
fn gradients_of_weights_follow_from_those_of_outputs() {
    let mut session = model();
    train(&mut session, 2);
    let mut both = |layer: &str| {
        let gradient = read(&mut session, &format!("grad {layer}.output"));
        let output = read(&mut session, &format!("{layer}.output"));
        let pairs = gradient.into_iter().zip(output).map(|(g, o)| (f64::from(g), f64::from(o)));
        pairs.collect::<Vec<_>>()
    };
    let (conv, pool, flat, linear, dropout, dense, softmax) = (
        both("conv2d"),
        both("max_pooling2d"),
        both("flatten"),
        both("activation"),
        both("dropout"),
        both("dense"),
        both("dense_1"),
    );
    // relu: what is not above 0 lets nothing pass.
    let before: Vec<f64> = conv.iter().map(|(g, o)| if *o > 0.0 { *g } else { 0.0 }).collect();
    assert_close("conv2d.bias", &read(&mut session, "grad conv2d.bias"), &sums(&before, 4));
    // A pooling hands each gradient to one of its inputs.
    let through: Vec<f64> = conv.iter().map(|(g, _)| *g).collect();
    let pooled: Vec<f64> = pool.iter().map(|(g, _)| *g).collect();
    let handed: Vec<f32> = sums(&through, 4).iter().map(|sum| *sum as f32).collect();
    assert_close("max_pooling2d", &handed, &sums(&pooled, 4));
    assert_eq!(pool, flat);
    assert_eq!(flat, linear);
    // Dropout: by the factor that the step itself has used.
    let mut dropped = 0;
    for ((gradient, input), (after, output)) in linear.iter().zip(&dropout) {
        if *input != 0.0 {
            dropped += usize::from(*output == 0.0);
            assert!((gradient - after * output / input).abs() < 1e-6, "{gradient} {after} {output} {input}");
        }
    }
    assert!(dropped > 100);
    // tanh' = 1 - tanh^2, and the kernel's gradient is the product of inputs and that.
    let before: Vec<f64> = dense.iter().map(|(g, o)| g * (1.0 - o * o)).collect();
    assert_close("dense.bias", &read(&mut session, "grad dense.bias"), &sums(&before, 5));
    let inputs = dropout.len() / BATCH;
    let product = |at: usize| (0..BATCH).map(|n| dropout[n * inputs + at / 5].1 * before[n * 5 + at % 5]).sum();
    let kernel: Vec<f64> = (0..inputs * 5).map(product).collect();
    assert_close("dense.kernel", &read(&mut session, "grad dense.kernel"), &kernel);
    // The Jacobian of a softmax: p (g - sum g p).
    let rows = softmax.chunks(3).flat_map(|row| {
        let mean: f64 = row.iter().map(|(g, p)| g * p).sum();
        row.iter().map(move |(g, p)| p * (g - mean)).collect::<Vec<_>>()
    });
    assert_close("dense_1.bias", &read(&mut session, "grad dense_1.bias"), &sums(&rows.collect::<Vec<_>>(), 3));
}

#[test]
fn they_are_of_the_last_batch_and_of_the_present_weights() {
    let name = "grad dense.output";
    let mut session = model();
    assert!(session.fetch_tensor(name).unwrap());
    assert_eq!(session.tensor(name).unwrap_err().code, "no-value-yet");
    train(&mut session, 1);
    let first = tensor(&mut session, name);
    assert_eq!(first.shape().dims(), [BATCH, 5]);
    // Neither predictions nor evaluations have to do with it, and reading twice is reading once.
    let plans = session.plans_made();
    session.predict(Pixels::F32(vec![0.5; SIDE * SIDE])).unwrap();
    assert_eq!(tensor(&mut session, name), first);
    assert_eq!(session.plans_made(), plans + 1);
    let bias = session.tensor("dense_1.bias").unwrap().words().to_vec();
    session.set_tensor("dense_1.bias", vec![3.0, 0.0, -3.0]).unwrap();
    assert_ne!(tensor(&mut session, name), first);
    session.set_tensor("dense_1.bias", bias).unwrap();
    assert_eq!(tensor(&mut session, name), first);
    train(&mut session, 1);
    assert_ne!(tensor(&mut session, name), first);
    // The last batch of an epoch is shorter.
    train(&mut session, 1);
    assert_eq!(tensor(&mut session, name).shape().dims(), [IMAGES - 2 * BATCH, 5]);
    train(&mut session, 1);
    assert_eq!(tensor(&mut session, name).shape().dims(), [BATCH, 5]);
    assert_eq!(session.set_tensor(name, vec![0.0; BATCH * 5]).unwrap_err().code, "read-only");
    assert!(session.tensor_names().contains(&name.to_owned()));
    // In another order there is no such batch any more.
    let training = session.training().clone();
    session.set_training(TrainingConfig { seed: 9, ..training }).unwrap();
    assert!(!session.tensor_names().contains(&name.to_owned()));
    assert!(session.fetch_tensor(name).unwrap());
    assert_eq!(session.tensor(name).unwrap_err().code, "no-value-yet");
    train(&mut session, 1);
    assert_ne!(tensor(&mut session, name), first);
    session.reset();
    assert!(session.fetch_tensor(name).unwrap());
    assert_eq!(session.tensor(name).unwrap_err().code, "no-value-yet");
}

#[test]
fn to_work_them_out_amid_a_step_does_not_change_its_result() {
    let losses = |look: bool| {
        let mut session = model();
        let adam = OptimizerSpec::default();
        session.set_training(TrainingConfig { optimizer: adam, ..session.training().clone() }).unwrap();
        session.start(Goal { steps: Some(8), epochs: None }).unwrap();
        let mut losses = Vec::new();
        loop {
            match session.advance(&mut || false).unwrap() {
                Progress::Step(step) => losses.push(step.loss.to_bits()),
                Progress::OutOfTime if look => {
                    session.compute_output_gradients(&mut || false).unwrap();
                }
                Progress::Finished => return losses,
                _ => {}
            }
        }
    };
    assert_eq!(losses(true), losses(false));
}

/// Through time by hand: the states' gradients, times the slope of tanh, times the states before, are the gradient of the
/// recurrent kernel, and they hold what comes from later steps.
#[test]
fn gradients_of_states_are_those_of_all_later_steps() {
    let mut session = session(
        r#"[{"type": "Reshape", "targetShape": [8, 8]}, {"type": "SimpleRNN", "units": 5},
            {"type": "Dense", "units": 3, "activation": "softmax"}]"#,
    );
    train(&mut session, 1);
    let states = tensor(&mut session, "simple_rnn.states");
    assert_eq!(states.shape().dims(), [BATCH, 8, 5]);
    let gradients = tensor(&mut session, "grad simple_rnn.states");
    assert_eq!(gradients.shape().dims(), [BATCH, 8, 5]);
    let at = |tensor: &HostTensor, image: usize, step: usize, unit: usize| {
        f64::from(tensor.words()[(image * 8 + step) * 5 + unit])
    };
    let delta = |image: usize, step: usize, unit: usize| {
        at(&gradients, image, step, unit) * (1.0 - at(&states, image, step, unit).powi(2))
    };
    let mut of_kernel = vec![0.0; 25];
    for image in 0..BATCH {
        for step in 1..8 {
            for (place, sum) in of_kernel.iter_mut().enumerate() {
                *sum += at(&states, image, step - 1, place / 5) * delta(image, step, place % 5);
            }
        }
    }
    assert_close("recurrent kernel", &read(&mut session, "grad simple_rnn.recurrent_kernel"), &of_kernel);
    let kernel = read(&mut session, "simple_rnn.recurrent_kernel");
    let output = read(&mut session, "grad simple_rnn.output");
    let (mut last, mut before) = (Vec::new(), Vec::new());
    for image in 0..BATCH {
        for unit in 0..5 {
            last.push(f64::from(output[image * 5 + unit]));
            let later = (0..5).map(|to| delta(image, 5, to) * f64::from(kernel[unit * 5 + to]));
            before.push((image, unit, later.sum::<f64>()));
        }
    }
    let own = |step: usize| -> Vec<f32> {
        (0..BATCH * 5).map(|place| at(&gradients, place / 5, step, place % 5) as f32).collect()
    };
    assert_close("state after the last step", &own(7), &last);
    let before: Vec<f64> = before.into_iter().map(|(_, _, gradient)| gradient).collect();
    assert_close("state before the sixth step", &own(4), &before);
    assert!(session.tensor_names().iter().any(|name| name == "grad simple_rnn.states"));
}
