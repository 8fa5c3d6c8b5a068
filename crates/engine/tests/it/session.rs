//! The training session, natively on the CPU: that it learns, stops, resumes, replays and refuses.

mod evaluation;
mod schedules;
mod tensors;

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::data::{Dataset, DatasetInfo};
use chalkgrad_engine::error::Error;
use chalkgrad_engine::model::losses::LOSSES;
use chalkgrad_engine::model::spec::{LossSpec, ModelSpec, OptimizerSpec, ScheduleSpec, TrainingConfig};
use chalkgrad_engine::protocol::{EpochReport, Evaluation, Split, StopRule};
use chalkgrad_engine::random::Philox;
use chalkgrad_engine::train::{Goal, Pixels, Progress, Session, StepReport};

const CLASSES: usize = 3;
const SIDE: usize = 8;

/// Images of a bright bar at one of three heights, on noise.
fn bars(count: usize, seed: u64) -> (Vec<u8>, Vec<u8>) {
    let mut random = Philox::new(seed, 0);
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let label = random.below(CLASSES as u32) as usize;
        labels.push(label as u8);
        for row in 0..SIDE {
            for _ in 0..SIDE {
                let base = if row / 3 == label { 120 } else { 0 };
                pixels.push((base + random.below(100)) as u8);
            }
        }
    }
    (pixels, labels)
}

fn dataset(train: usize, arrived: usize) -> Dataset {
    let mut dataset = Dataset::new(DatasetInfo::images("bars", [SIDE, SIDE, 1], CLASSES, [train, 150]));
    let (pixels, labels) = bars(train, 1);
    dataset.add_train(&pixels[..arrived * SIDE * SIDE], &labels[..arrived]).unwrap();
    let (pixels, labels) = bars(150, 2);
    dataset.add_test(&pixels, &labels).unwrap();
    dataset
}

fn spec(layers: &str) -> ModelSpec {
    serde_json::from_str(&format!(r#"{{"inputShape": [{SIDE}, {SIDE}, 1], "layers": {layers}}}"#)).unwrap()
}

/// Everything that trains in its own way: convolution, batch normalisation, dropout, an L2 penalty.
fn small() -> ModelSpec {
    spec(
        r#"[{"type": "Conv2D", "filters": 4, "kernelSize": 3, "l2": 0.001}, {"type": "BatchNormalization"},
            {"type": "Activation", "activation": "relu"}, {"type": "MaxPooling2D"}, {"type": "Flatten"},
            {"type": "Dropout", "rate": 0.2}, {"type": "Dense", "units": 3, "activation": "softmax"}]"#,
    )
}

fn session(model: ModelSpec) -> Session {
    Session::with(Box::new(CpuBackend::new()), dataset(300, 300), model).unwrap()
}

#[derive(Default)]
struct History {
    steps: Vec<StepReport>,
    epochs: Vec<EpochReport>,
    evaluations: Vec<(Evaluation, Vec<f32>)>,
}

impl History {
    fn losses(&self) -> Vec<f32> {
        self.steps.iter().map(|step| step.loss).collect()
    }
}

/// Drives the session until it is finished, idle or waiting, stopping after every kernel.
fn drive(session: &mut Session) -> Result<(History, Progress), Error> {
    let mut history = History::default();
    loop {
        match session.advance(&mut || false)? {
            Progress::OutOfTime => {}
            Progress::Step(report) => history.steps.push(report),
            Progress::Epoch(report) => history.epochs.push(report),
            Progress::Evaluated(evaluation, predictions) => {
                history.evaluations.push((evaluation, predictions.confusion))
            }
            end => return Ok((history, end)),
        }
    }
}

fn train(session: &mut Session, goal: Goal) -> History {
    session.start(goal).unwrap();
    let (history, end) = drive(session).unwrap();
    assert_eq!(end, Progress::Finished);
    history
}

fn epochs(count: u32) -> Goal {
    Goal { epochs: Some(count), steps: None }
}

fn steps(count: u32) -> Goal {
    Goal { epochs: None, steps: Some(count) }
}

fn evaluate(session: &mut Session, split: Split, samples: Option<u32>) -> (Evaluation, Vec<f32>) {
    session.start_evaluation(split, samples).unwrap();
    drive(session).unwrap().0.evaluations.remove(0)
}

#[test]
fn it_learns_and_evaluates() {
    let mut session = session(small());
    let (before, _) = evaluate(&mut session, Split::Test, None);
    let history = train(&mut session, epochs(8));
    assert_eq!((history.steps.len(), history.epochs.len()), (80, 8));
    let last = history.steps[9];
    assert_eq!((last.step, last.epoch, last.batch_in_epoch, last.batches_per_epoch, last.images), (10, 0, 10, 10, 12));
    assert_eq!((history.epochs[7].epoch, history.epochs[7].step), (7, 80));
    assert_eq!(history.epochs[0].loss, last.epoch_loss);
    let (after, confusion) = evaluate(&mut session, Split::Test, None);
    assert_eq!((after.samples, after.classes, confusion.len()), (150, 3, 9));
    assert!(after.loss < before.loss && after.accuracy > Some(0.95), "{before:?} {after:?}");
    let right: f32 = (0..CLASSES).map(|class| confusion[class * CLASSES + class]).sum();
    assert_eq!(Some(right / 150.0), after.accuracy);
    assert_eq!(confusion.iter().sum::<f32>(), 150.0);

    // The evaluation agrees with the predictions.
    let (pixels, labels) = bars(150, 2);
    let (probabilities, classes) = session.predict(Pixels::U8(pixels)).unwrap();
    assert_eq!((probabilities.len(), classes), (450, 3));
    let rows = probabilities.chunks(3).zip(labels);
    let correct = rows.filter(|(row, label)| row.iter().all(|p| *p <= row[usize::from(*label)])).count();
    assert_eq!(Some(correct as f32 / 150.0), after.accuracy);
}

#[test]
fn the_same_seed_gives_the_same_losses_bit_for_bit() {
    let losses = |seed| {
        let mut session = session(small());
        session.set_training(TrainingConfig { seed, ..session.training().clone() }).unwrap();
        session.reset();
        train(&mut session, epochs(2)).losses()
    };
    assert_eq!(losses(3), losses(3));
    assert_ne!(losses(3), losses(4));
}

#[test]
fn a_new_seed_gives_new_weights_unless_somebody_has_touched_them() {
    let kernel = |session: &Session| session.tensor("dense.kernel").unwrap();
    let seed = |session: &mut Session, seed| {
        session.set_training(TrainingConfig { seed, ..session.training().clone() }).unwrap();
    };
    let mut session = session(small());
    let first = kernel(&session);
    seed(&mut session, 1);
    let second = kernel(&session);
    assert_ne!(second, first);
    session.reset();
    assert_eq!(kernel(&session), second);
    session.set_tensor("dense.bias", vec![0.5; 3]).unwrap();
    seed(&mut session, 0);
    assert_eq!(kernel(&session), second);
    session.reset();
    assert_eq!(kernel(&session), first);
}

#[test]
fn resuming_equals_never_having_stopped() {
    let mut whole = session(small());
    let expected = train(&mut whole, steps(25));

    let mut first = session(small());
    let mut losses = train(&mut first, steps(13)).losses();
    let (info, arrays) = first.snapshot().unwrap();
    assert_eq!((info.step, info.epoch, info.batch_in_epoch, info.names.len()), (13, 1, 3, arrays.len()));
    let mut second = session(small());
    train(&mut second, steps(4));
    second.restore(&info, arrays.clone()).unwrap();
    let rest = train(&mut second, steps(12));
    losses.extend(rest.losses());
    assert_eq!(losses, expected.losses());
    assert_eq!(rest.epochs.last(), expected.epochs.last());
    assert_eq!(whole.tensor("dense.kernel").unwrap(), second.tensor("dense.kernel").unwrap());

    // Stopped in the middle of a step, and an evaluation in between.
    let mut third = session(small());
    third.start(steps(25)).unwrap();
    let mut losses = Vec::new();
    for call in 0..200 {
        if let Progress::Step(report) = third.advance(&mut || false).unwrap() {
            losses.push(report.loss);
        }
        if call == 50 {
            third.start_evaluation(Split::Test, Some(20)).unwrap();
        }
    }
    third.stop();
    assert!(!third.is_running());
    let remaining = 25 - losses.len() as u32;
    losses.extend(train(&mut third, steps(remaining)).losses());
    assert_eq!(losses, expected.losses());

    let wrong = session(spec(r#"[{"type": "Flatten"}, {"type": "Dense", "units": 3}]"#)).restore(&info, arrays);
    assert_eq!(wrong.unwrap_err().code, "wrong-snapshot");
}

#[test]
fn training_and_evaluating_in_turn_makes_no_plan_twice() {
    let mut session = session(small());
    train(&mut session, epochs(1));
    evaluate(&mut session, Split::Test, None);
    let made = session.plans_made();
    // Full and last batch, of training and of evaluation, and the copy of the states before the last step.
    assert_eq!(made, 5);
    for _ in 0..3 {
        train(&mut session, epochs(1));
        evaluate(&mut session, Split::Test, None);
    }
    assert_eq!(session.plans_made(), made);
}

#[test]
fn training_waits_for_its_data() {
    let mut session = Session::with(Box::new(CpuBackend::new()), dataset(300, 100), small()).unwrap();
    session.set_training(TrainingConfig { shuffle: false, ..session.training().clone() }).unwrap();
    session.start(epochs(1)).unwrap();
    let (history, end) = drive(&mut session).unwrap();
    assert_eq!((history.steps.len(), end), (3, Progress::WaitingForData));
    let (pixels, labels) = bars(300, 1);
    session.dataset_mut().add_train(&pixels[100 * SIDE * SIDE..], &labels[100..]).unwrap();
    let (rest, end) = drive(&mut session).unwrap();
    assert_eq!((rest.steps.len(), end), (7, Progress::Finished));
}

#[test]
fn a_loss_that_is_no_number_stops_training_and_keeps_the_weights() {
    let mut session = session(small());
    train(&mut session, steps(3));
    let kernel = session.tensor("conv2d.kernel").unwrap();
    let mut bad = session.tensor("dense.kernel").unwrap().into_words();
    bad[5] = f32::NAN;
    session.set_tensor("dense.kernel", bad).unwrap();
    session.start(steps(5)).unwrap();
    let error = drive(&mut session).map(|_| ()).unwrap_err();
    assert_eq!((error.code, error.layer.as_deref(), error.layer_index), ("not-a-number", Some("dense"), Some(6)));
    assert!(!session.is_running());
    assert_eq!(session.tensor("conv2d.kernel").unwrap(), kernel);
    assert!(session.tensor("adam.m conv2d.kernel").unwrap().words().iter().all(|x| x.is_finite()));
    session.reset();
    assert_eq!(train(&mut session, steps(2)).steps.len(), 2);

    // A learning rate that blows up: the weights stay finite.
    session
        .set_training(TrainingConfig {
            optimizer: OptimizerSpec::new(
                "SGD",
                [("learningRate", 1e30.into()), ("momentum", 0.0.into()), ("nesterov", false.into())],
            )
            .unwrap(),
            ..session.training().clone()
        })
        .unwrap();
    session.start(steps(20)).unwrap();
    let error = drive(&mut session).map(|_| ()).unwrap_err();
    assert_eq!(error.code, "not-a-number");
    for name in ["conv2d.kernel", "dense.kernel", "batch_normalization.moving_mean"] {
        assert!(session.tensor(name).unwrap().words().iter().all(|x| x.is_finite()), "{name}");
    }
}

#[test]
fn what_is_refused_changes_nothing() {
    let mut session = session(small());
    train(&mut session, steps(2));
    let kernel = session.tensor("dense.kernel").unwrap();
    for (layers, code) in [
        ("[]", "no-layers"),
        (r#"[{"type": "Flatten"}, {"type": "Dense", "units": 2}]"#, "wrong-output"),
        (r#"[{"type": "Conv2D", "filters": 3, "kernelSize": 9}]"#, "kernel-too-large"),
        (r#"[{"type": "Flatten"}, {"type": "Dense", "units": 1000000}, {"type": "Dense", "units": 200}]"#, "too-large"),
    ] {
        assert_eq!(session.set_model(&spec(layers)).unwrap_err().code, code, "{layers}");
    }
    let other_input = ModelSpec { input_shape: vec![28, 28, 1], ..small() };
    assert_eq!(session.set_model(&other_input).unwrap_err().code, "wrong-input");
    let config = session.training().clone();
    for bad in [
        TrainingConfig { train_samples: 301, ..config.clone() },
        TrainingConfig { batch_size: 301, ..config.clone() },
        TrainingConfig { dataset: "nothing".to_owned(), ..config.clone() },
    ] {
        session.set_training(bad).unwrap_err();
    }
    for (split, samples) in [(Split::Validation, None), (Split::Test, Some(0)), (Split::Test, Some(151))] {
        assert_eq!(session.start_evaluation(split, samples).unwrap_err().code, "bad-setting");
    }
    assert_eq!(session.start(steps(0)).unwrap_err().code, "bad-setting");
    assert_eq!((session.model(), session.training()), (&small(), &config));
    assert_eq!(session.tensor("dense.kernel").unwrap(), kernel);
    assert_eq!(train(&mut session, steps(1)).steps[0].step, 3);
}

#[test]
fn every_loss_and_optimizer_learns() {
    let model = || {
        spec(
            r#"[{"type": "Flatten"}, {"type": "Dense", "units": 16, "activation": "tanh"},
                {"type": "Dense", "units": 3, "activation": "sigmoid"}]"#,
        )
    };
    let optimizers = [
        r#"{"type": "SGD", "learningRate": 0.3}"#,
        r#"{"type": "SGD", "learningRate": 0.1, "momentum": 0.9, "nesterov": true}"#,
        r#"{"type": "RMSprop", "learningRate": 0.01}"#,
        r#"{"type": "Adagrad", "learningRate": 0.1}"#,
        r#"{"type": "Adam", "learningRate": 0.01}"#,
        r#"{"type": "AdamW", "learningRate": 0.01}"#,
    ];
    for optimizer in optimizers {
        for loss in LOSSES {
            let loss = LossSpec::initial(*loss);
            let mut session = session(model());
            let optimizer: OptimizerSpec = serde_json::from_str(optimizer).unwrap();
            let config = TrainingConfig { optimizer, loss, clip_norm: Some(5.0), ..session.training().clone() };
            session.set_training(config).unwrap();
            train(&mut session, epochs(12));
            let (evaluation, _) = evaluate(&mut session, Split::Test, None);
            assert!(evaluation.accuracy > Some(0.9), "{:?} {evaluation:?}", session.training());
        }
    }
}

#[test]
fn two_hundred_layers_train() {
    let dense = r#", {"type": "Dense", "units": 4, "activation": "linear"}"#.repeat(198);
    let mut session = session(spec(&format!(r#"[{{"type": "Flatten"}}{dense}, {{"type": "Dense", "units": 3}}]"#)));
    assert_eq!(session.summary().layers.len(), 200);
    assert_eq!(train(&mut session, steps(2)).steps.len(), 2);
}

/// The plans for a full and for the last batch of an epoch are there at once.
#[test]
fn plans_of_an_epoch_are_bounded_together() {
    let layers = r#"[{"type": "Conv2D", "filters": 256, "kernelSize": 3, "padding": "same"},
        {"type": "GlobalAveragePooling2D"}, {"type": "Dense", "units": 3}]"#;
    let mut session = Session::with(Box::new(CpuBackend::new()), dataset(30_000, 0), spec(layers)).unwrap();
    let mut set = |batch_size, train_samples| {
        let config = TrainingConfig { batch_size, train_samples, ..session.training().clone() };
        session.set_training(config).map_err(|error| error.code)
    };
    assert_eq!(set(6_500, 13_000), Ok(()));
    assert_eq!(set(6_500, 12_999), Err("too-large"));
    assert_eq!(set(30_000, 30_000), Err("too-large"));
}
