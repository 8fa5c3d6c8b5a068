//! The last step as one snapshot. Gradients of weights, which a step computes by itself, follow from the gradients of outputs by
//! the chain rule as written in a textbook, and new weights from the old ones by the optimizer's rule, at a learning rate that moves
//! the weights far.

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::data::{Dataset, DatasetInfo, Part};
use chalkgrad_engine::model::spec::{ModelSpec, OptimizerSpec, TrainingConfig};
use chalkgrad_engine::random::Philox;
use chalkgrad_engine::tensor::HostTensor;
use chalkgrad_engine::train::{Goal, Pixels, Progress, Session};

use super::replicas::InThread;

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
    let optimizer = OptimizerSpec::new("SGD", [("learningRate", 0.5.into())]).unwrap();
    let training = TrainingConfig { optimizer, batch_size: BATCH as u32, ..session.training().clone() };
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
fn they_are_of_the_last_batch_and_gone_with_its_weights() {
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
    train(&mut session, 1);
    assert_ne!(tensor(&mut session, name), first);
    // The last batch of an epoch is shorter.
    train(&mut session, 1);
    assert_eq!(tensor(&mut session, name).shape().dims(), [IMAGES - 2 * BATCH, 5]);
    train(&mut session, 1);
    assert_eq!(tensor(&mut session, name).shape().dims(), [BATCH, 5]);
    assert_eq!(session.set_tensor(name, vec![0.0; BATCH * 5]).unwrap_err().code, "read-only");
    assert!(session.tensor_names().contains(&name.to_owned()));
    let is_gone = |session: &mut Session| {
        assert!(!session.tensor_names().contains(&name.to_owned()));
        assert!(session.fetch_tensor(name).unwrap());
        assert_eq!(session.tensor(name).unwrap_err().code, "no-value-yet");
        assert_eq!(session.last_step(&[]).unwrap_err().code, "no-value-yet");
        assert_eq!(session.step_info(), None);
    };
    // A weight that has been written is not the one after the step.
    session.set_tensor("dense_1.bias", vec![3.0, 0.0, -3.0]).unwrap();
    is_gone(&mut session);
    train(&mut session, 1);
    assert_ne!(tensor(&mut session, name), first);
    // In another order there is no such batch any more.
    let training = session.training().clone();
    session.set_training(TrainingConfig { seed: 9, ..training }).unwrap();
    is_gone(&mut session);
    train(&mut session, 1);
    session.reset();
    is_gone(&mut session);
}

/// Reads tensors of the last step as numbers with twice the digits.
fn step(session: &mut Session, names: &[&str]) -> Vec<Vec<f64>> {
    while !session.compute_record(&mut || false).unwrap() {}
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let tensors = session.last_step(&names).unwrap();
    tensors.iter().map(|tensor| tensor.words().iter().map(|word| f64::from(*word)).collect()).collect()
}

#[test]
fn every_number_of_a_step_follows_from_the_others() {
    let layers = r#"[{"type": "Flatten"}, {"type": "Dense", "units": 3, "activation": "softmax"}]"#;
    for replicas in [0, 2] {
        let mut session = session(layers);
        if replicas > 0 {
            session.set_replicas(Some(Box::new(InThread::new(replicas))));
        }
        train(&mut session, 2);
        let info = session.step_info().unwrap();
        assert_eq!((info.step, info.epoch, info.batch_in_epoch, info.shards as usize), (2, 0, 2, replicas + 1));
        let names = [
            "batch.input",
            "batch.target",
            "batch.indices",
            "batch.loss",
            "logits",
            "dense.output",
            "grad logits",
            "grad batch.input",
            "before dense.kernel",
            "before dense.bias",
            "grad dense.kernel",
            "dense.kernel",
        ];
        let all = step(&mut session, &names);
        let [input, target, indices, loss, logits, output, delta, of_input, kernel, bias, of_kernel, after] = &all[..]
        else {
            panic!()
        };
        assert_eq!(indices, &info.indices.iter().map(|index| f64::from(*index)).collect::<Vec<_>>());
        let size = SIDE * SIDE;
        let mut expected = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
        for image in 0..BATCH {
            let x = &input[image * size..][..size];
            let mut own = vec![0.0; size];
            session.dataset().copy_inputs(Part::Train, &info.indices[image..][..1], &mut own).unwrap();
            assert!(own.iter().zip(x).all(|(own, x)| f64::from(*own) == *x));
            let z = (0..3).map(|unit| bias[unit] + (0..size).map(|at| x[at] * kernel[at * 3 + unit]).sum::<f64>());
            expected[0].extend(z);
            let z = &logits[image * 3..][..3];
            let sum: f64 = z.iter().map(|z| z.exp()).sum();
            expected[1].extend(z.iter().map(|z| z.exp() / sum));
            let p = &output[image * 3..][..3];
            let truth = target[image] as usize;
            assert!((loss[image] + p[truth].ln()).abs() < 1e-5, "{} for p = {}", loss[image], p[truth]);
            expected[2].extend((0..3).map(|unit| (p[unit] - f64::from(u8::from(unit == truth))) / BATCH as f64));
            let delta = &delta[image * 3..][..3];
            expected[3].extend((0..size).map(|at| (0..3).map(|unit| kernel[at * 3 + unit] * delta[unit]).sum::<f64>()));
        }
        let near = |what: &str, actual: &[f64], expected: &[f64]| {
            let actual: Vec<f32> = actual.iter().map(|value| *value as f32).collect();
            assert_close(what, &actual, expected);
        };
        near("logits", logits, &expected[0]);
        near("probabilities", output, &expected[1]);
        near("p - y", delta, &expected[2]);
        near("gradient of the input", of_input, &expected[3]);
        let product = |at: usize| (0..BATCH).map(|n| input[n * size + at / 3] * delta[n * 3 + at % 3]).sum();
        near("x delta", of_kernel, &(0..size * 3).map(product).collect::<Vec<f64>>());
        let moved: Vec<f64> = kernel.iter().zip(of_kernel).map(|(w, g)| w - info.learning_rate * g).collect();
        near("w - eta g", after, &moved);
        assert!(kernel.iter().zip(after).any(|(before, after)| (before - after).abs() > 1e-3));
    }
}

/// Adam by Kingma and Ba, as Keras writes it.
#[test]
fn adams_terms_lead_from_the_weight_before_to_the_one_after() {
    let mut session = model();
    let adam = OptimizerSpec::new("Adam", [("learningRate", 0.01.into())]).unwrap();
    session.set_training(TrainingConfig { optimizer: adam, ..session.training().clone() }).unwrap();
    train(&mut session, 2);
    let rate = session.step_info().unwrap().learning_rate;
    let names = [
        "before dense.kernel",
        "grad dense.kernel",
        "before adam.m dense.kernel",
        "adam.m dense.kernel",
        "before adam.v dense.kernel",
        "adam.v dense.kernel",
        "dense.kernel",
    ];
    let all = step(&mut session, &names);
    let [before, gradient, m0, m1, v0, v1, after] = &all[..] else { panic!() };
    let mut moved = 0.0_f64;
    for at in 0..before.len() {
        let g = gradient[at];
        assert!((m1[at] - (0.9 * m0[at] + 0.1 * g)).abs() < 1e-7);
        assert!((v1[at] - (0.999 * v0[at] + 0.001 * g * g)).abs() < 1e-9);
        let (m, v) = (m1[at] / (1.0 - 0.9_f64.powi(2)), v1[at] / (1.0 - 0.999_f64.powi(2)));
        let expected = before[at] - rate * m / (v.sqrt() + 1e-7 / (1.0 - 0.999_f64.powi(2)).sqrt());
        assert!((after[at] - expected).abs() < 1e-6, "{} for {expected}", after[at]);
        moved = moved.max((after[at] - before[at]).abs());
    }
    assert!(moved > 0.005);
}

/// Dropout draws other masks for each shard, and batch normalisation takes the statistics of a shard. The record repeats both, so
/// that its gradients are those of the step.
#[test]
fn a_shared_step_is_recorded_shard_by_shard() {
    let mut session = session(
        r#"[{"type": "Conv2D", "filters": 4, "kernelSize": 3}, {"type": "BatchNormalization"}, {"type": "Flatten"},
            {"type": "Dropout", "rate": 0.4}, {"type": "Dense", "units": 3, "activation": "softmax", "l2": 0.01}]"#,
    );
    session.set_replicas(Some(Box::new(InThread::new(1))));
    train(&mut session, 2);
    assert_eq!(session.step_info().unwrap().shards, 2);
    for weight in ["conv2d.kernel", "batch_normalization.gamma", "dense.kernel"] {
        let name = format!("grad {weight}");
        let of_record = step(&mut session, &[&name]).remove(0);
        let of_step = session.tensor(&name).unwrap();
        assert_close(&name, of_step.words(), &of_record);
    }
    let output = step(&mut session, &["dense.output"]).remove(0);
    assert_eq!(output.len(), BATCH * 3);
    assert_close("output", session.tensor("dense.output").unwrap().words(), &output);
}

#[test]
fn only_steps_that_somebody_may_ask_for_are_recorded() {
    let mut session = model();
    session.start(Goal { steps: Some(4), epochs: None }).unwrap();
    let mut recorded = Vec::new();
    loop {
        match session.advance(&mut || true).unwrap() {
            Progress::Step(step) => recorded.push((step.step, session.has_record())),
            Progress::Finished => break,
            _ => {}
        }
        if recorded.len() == 1 {
            assert_eq!(session.last_step(&[]).unwrap_err().code, "no-value-yet");
        }
    }
    // The third step is the last of its epoch, the fourth the last of the run.
    assert_eq!(recorded, [(1, false), (2, false), (3, true), (4, true)]);
    session.start(Goal { steps: Some(2), epochs: None }).unwrap();
    session.want_record();
    assert!(matches!(session.advance(&mut || true).unwrap(), Progress::Step(_)));
    assert!(session.has_record());
}

#[test]
fn a_step_that_is_no_number_leaves_no_record() {
    let mut session = model();
    train(&mut session, 1);
    session.set_tensor("dense.kernel", vec![f32::NAN; 36 * 5]).unwrap();
    session.start(Goal { steps: Some(1), epochs: None }).unwrap();
    while session.advance(&mut || true).is_ok() {}
    assert_eq!(session.last_step(&["batch.loss".to_owned()]).unwrap_err().code, "no-value-yet");
    assert_eq!(session.tensor("before dense.kernel").unwrap_err().code, "no-value-yet");
}

#[test]
fn to_compute_a_record_amid_a_step_does_not_change_its_result() {
    let losses = |look: bool| {
        let mut session = model();
        let adam = OptimizerSpec::default();
        session.set_training(TrainingConfig { optimizer: adam, ..session.training().clone() }).unwrap();
        session.start(Goal { steps: Some(8), epochs: None }).unwrap();
        if look {
            session.want_record();
        }
        let mut losses = Vec::new();
        loop {
            match session.advance(&mut || false).unwrap() {
                Progress::Step(step) => losses.push(step.loss.to_bits()),
                Progress::OutOfTime if look => {
                    session.compute_record(&mut || false).unwrap();
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
    let kernel = read(&mut session, "before simple_rnn.recurrent_kernel");
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
