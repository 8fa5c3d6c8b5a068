//! The training session, natively on the CPU: that it learns, stops, resumes, replays and refuses.

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
    let mut dataset = Dataset::new(DatasetInfo {
        name: "bars".to_owned(),
        height: SIDE,
        width: SIDE,
        channels: 1,
        classes: CLASSES,
        train_total: train,
        test_total: 150,
    });
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
    assert!(after.loss < before.loss && after.accuracy > 0.95, "{before:?} {after:?}");
    let right: f32 = (0..CLASSES).map(|class| confusion[class * CLASSES + class]).sum();
    assert_eq!(right / 150.0, after.accuracy);
    assert_eq!(confusion.iter().sum::<f32>(), 150.0);

    // The evaluation agrees with the predictions.
    let (pixels, labels) = bars(150, 2);
    let (probabilities, classes) = session.predict(Pixels::U8(pixels)).unwrap();
    assert_eq!((probabilities.len(), classes), (450, 3));
    let rows = probabilities.chunks(3).zip(labels);
    let correct = rows.filter(|(row, label)| row.iter().all(|p| *p <= row[usize::from(*label)])).count();
    assert_eq!(correct as f32 / 150.0, after.accuracy);
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
    // Full and last batch, of training and of evaluation.
    assert_eq!(made, 4);
    for _ in 0..3 {
        train(&mut session, epochs(1));
        evaluate(&mut session, Split::Test, None);
    }
    assert_eq!(session.plans_made(), made);
}

#[test]
fn validation_holds_back_the_end_and_is_reported_with_the_epoch() {
    let mut session = session(small());
    session
        .set_training(TrainingConfig { validation_split: 0.2, batch_size: 50, ..session.training().clone() })
        .unwrap();
    let history = train(&mut session, epochs(2));
    assert_eq!(history.steps.len(), 10);
    assert_eq!(history.steps[4].images, 40);
    let (validation, _) = evaluate(&mut session, Split::Validation, None);
    assert_eq!(validation.samples, 60);
    assert_eq!(history.epochs[1].val_loss, Some(validation.loss));
    assert_eq!(history.epochs[1].val_accuracy, Some(validation.accuracy));
}

#[test]
fn an_evaluation_tells_of_each_image() {
    let mut session = session(small());
    train(&mut session, epochs(2));
    session.start_evaluation(Split::Test, None).unwrap();
    let (evaluation, told) = loop {
        match session.advance(&mut || true).unwrap() {
            Progress::Evaluated(evaluation, told) => break (evaluation, told),
            Progress::OutOfTime => {}
            other => panic!("{other:?}"),
        }
    };
    let (pixels, labels) = bars(150, 2);
    assert_eq!((&told.labels, told.predicted.len(), told.confidence.len()), (&labels, 150, 150));
    let hits = told.labels.iter().zip(&told.predicted).filter(|(label, class)| f32::from(**label) == **class).count();
    assert_eq!(hits as f32 / 150.0, evaluation.accuracy);
    for (at, count) in told.confusion.iter().enumerate() {
        let pair = (at / CLASSES, at % CLASSES);
        let images = told.labels.iter().zip(&told.predicted);
        assert_eq!(images.filter(|(a, b)| (usize::from(**a), **b as usize) == pair).count() as f32, *count);
    }
    let (probabilities, _) = session.predict(Pixels::U8(pixels)).unwrap();
    for (image, row) in probabilities.chunks(CLASSES).enumerate() {
        let predicted = row[told.predicted[image] as usize];
        assert!(row.iter().all(|other| *other <= predicted));
        assert!((predicted - told.confidence[image]).abs() < 1e-5, "{predicted} {}", told.confidence[image]);
    }
}

#[test]
fn a_stop_rule_ends_the_run_with_its_epoch_and_counts_anew_in_the_next() {
    let mut session = session(small());
    let config = TrainingConfig { target_accuracy: Some(0.6), ..session.training().clone() };
    session.set_training(config.clone()).unwrap();
    let history = train(&mut session, epochs(50));
    let stopped = history.epochs.iter().map(|epoch| epoch.stopped_by).collect::<Vec<_>>();
    assert!(stopped.len() < 50, "it learns that much");
    assert_eq!(stopped.last().unwrap(), &Some(StopRule::TargetAccuracy));
    assert!(stopped[..stopped.len() - 1].iter().all(Option::is_none));
    assert!(history.epochs.last().unwrap().accuracy >= 0.6);

    // A rate of nothing: the validation loss never falls below that of the first epoch.
    session.reset();
    let optimizer =
        OptimizerSpec::new("SGD", [("learningRate", 0.0.into()), ("momentum", 0.0.into()), ("nesterov", false.into())])
            .unwrap();
    let patient = TrainingConfig {
        optimizer,
        validation_split: 0.2,
        target_accuracy: None,
        patience: Some(3),
        batch_size: 48,
        ..config.clone()
    };
    session
        .set_model(&spec(r#"[{"type": "Flatten"}, {"type": "Dense", "units": 3, "activation": "softmax"}]"#))
        .unwrap();
    session.set_training(patient.clone()).unwrap();
    for run in 0..2 {
        let history = train(&mut session, epochs(50));
        assert_eq!(history.epochs.len(), 4, "run {run}");
        assert_eq!(history.epochs[3].stopped_by, Some(StopRule::Patience));
    }
    // Changed while it runs.
    session.start(epochs(20)).unwrap();
    while !matches!(session.advance(&mut || true).unwrap(), Progress::Epoch(_)) {}
    session.set_training(TrainingConfig { patience: None, ..patient.clone() }).unwrap();
    assert_eq!(drive(&mut session).unwrap().0.epochs.len(), 19);

    for refused in [
        TrainingConfig { validation_split: 0.0, ..patient.clone() },
        TrainingConfig { patience: Some(0), ..patient },
        TrainingConfig { target_accuracy: Some(0.0), ..config.clone() },
        TrainingConfig { target_accuracy: Some(f64::NAN), ..config },
    ] {
        assert_eq!(session.set_training(refused).unwrap_err().code, "bad-setting");
    }
}

#[test]
fn a_rate_that_changes_in_the_middle_of_a_run_takes_effect_with_the_next_step() {
    let mut session = session(small());
    session.start(steps(6)).unwrap();
    let step = |session: &mut Session| while !matches!(session.advance(&mut || true).unwrap(), Progress::Step(_)) {};
    for _ in 0..3 {
        step(&mut session);
    }
    let config = session.training().clone();
    let still = config.optimizer.clone().with_learning_rate(0.0).unwrap();
    session.set_training(TrainingConfig { optimizer: still, ..config.clone() }).unwrap();
    let (kernel, momentum) =
        (session.tensor("dense.kernel").unwrap(), session.tensor("momentum dense.kernel").unwrap());
    step(&mut session);
    assert_eq!(session.tensor("dense.kernel").unwrap(), kernel, "no rate, no change");
    assert_ne!(session.tensor("momentum dense.kernel").unwrap(), momentum, "and yet it goes on with its state");
    session.set_training(config).unwrap();
    step(&mut session);
    assert_ne!(session.tensor("dense.kernel").unwrap(), kernel);
    assert_eq!(drive(&mut session).unwrap().1, Progress::Finished);
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
    assert!(session.tensor("momentum conv2d.kernel").unwrap().words().iter().all(|x| x.is_finite()));
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
fn tensors_are_read_and_written_by_name() {
    let mut session = session(small());
    assert!(!session.tensor_names().iter().any(|name| name.starts_with("grad")));
    assert_eq!(session.tensor("grad conv2d.kernel").unwrap_err().code, "no-value-yet");
    train(&mut session, steps(1));
    for name in session.tensor_names() {
        assert!(session.fetch_tensor(&name).unwrap());
        session.tensor(&name).unwrap();
    }
    assert_eq!(session.tensor("conv2d.output").unwrap().shape().dims(), [32, 6, 6, 4]);
    assert_eq!(session.tensor("grad conv2d.kernel").unwrap().shape().dims(), [3, 3, 1, 4]);
    session.predict(Pixels::F32(vec![0.5; 2 * SIDE * SIDE])).unwrap();
    assert_eq!(session.tensor("dense.output").unwrap().shape().dims(), [2, 3]);
    assert_eq!(session.tensor("grad conv2d.kernel").unwrap().shape().dims(), [3, 3, 1, 4]);

    // Many predictions of different sizes never take away what the last step or the last prediction left.
    for count in 1..20 {
        session.predict(Pixels::F32(vec![0.5; count * SIDE * SIDE])).unwrap();
        assert_eq!(session.tensor("dense.output").unwrap().shape().dims(), [count, 3]);
        session.tensor("grad conv2d.kernel").unwrap();
    }
    for count in 1..20 {
        evaluate(&mut session, Split::Test, Some(count));
        let readable = session.tensor("dense.output").is_ok();
        assert_eq!(readable, session.tensor_names().contains(&"dense.output".to_owned()));
    }

    let before = session.tensor("dense.bias").unwrap();
    assert_eq!(session.set_tensor("dense.bias", vec![1.0; 4]).unwrap_err().code, "wrong-length");
    assert_eq!(session.set_tensor("grad dense.bias", vec![1.0; 3]).unwrap_err().code, "read-only");
    let error = session.set_tensor("dense.bais", vec![1.0; 3]).unwrap_err();
    assert_eq!(error.code, "unknown-tensor");
    assert!(error.to_string().contains("Did you mean \"dense.bias\"?"), "{error}");
    assert_eq!(session.tensor("dense.bias").unwrap(), before);
    session.set_tensor("dense.bias", vec![100.0, 0.0, 0.0]).unwrap();
    assert!(session.predict(Pixels::F32(vec![0.5; SIDE * SIDE])).unwrap().0[0] > 0.99);
    for pixels in [Pixels::U8(vec![]), Pixels::U8(vec![0; 65]), Pixels::F32(vec![0.0; 63])] {
        assert_eq!(session.predict(pixels).unwrap_err().code, "wrong-length");
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
fn a_new_rate_keeps_the_optimizers_state_and_a_new_type_clears_it() {
    let mut session = session(small());
    train(&mut session, steps(3));
    let momentum = session.tensor("momentum dense.kernel").unwrap();
    let config = session.training().clone();
    let schedule = ScheduleSpec::new("Cosine", [("finalFactor", 0.0.into())]).unwrap();
    session
        .set_training(TrainingConfig {
            optimizer: config.optimizer.with_learning_rate(0.5).unwrap(),
            learning_rate_schedule: schedule,
            epochs: 9,
            ..config.clone()
        })
        .unwrap();
    assert_eq!(session.tensor("momentum dense.kernel").unwrap(), momentum);
    let optimizer =
        OptimizerSpec::new("SGD", [("learningRate", 0.1.into()), ("momentum", 0.9.into()), ("nesterov", false.into())])
            .unwrap();
    session.set_training(TrainingConfig { optimizer, ..config }).unwrap();
    assert!(session.tensor("momentum dense.kernel").unwrap().words().iter().all(|&x| x == 0.0));
    assert_eq!(session.tensor("velocity dense.kernel").unwrap_err().code, "unknown-tensor");
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
            assert!(evaluation.accuracy > 0.9, "{:?} {evaluation:?}", session.training());
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

/// A layer is recognised by where it stood, whatever it is called now.
#[test]
fn an_edit_keeps_the_weights_of_layers_that_did_not_change() {
    let layers = |filters: u32, dropout: &str| {
        spec(&format!(
            r#"[{{"type": "Conv2D", "filters": 4, "kernelSize": 3}}, {{"type": "BatchNormalization"}},
                {{"type": "Conv2D", "filters": {filters}, "kernelSize": 3, "activation": "relu"}}, {{"type": "Flatten"}},
                {dropout} {{"type": "Dense", "units": 3, "activation": "softmax"}}]"#
        ))
    };
    let mut session = session(layers(4, ""));
    let read = |session: &Session, name: &str| session.tensor(name).unwrap().into_words();
    // Until the first training an edited model has the seed's weights.
    session.edit_model(&layers(6, ""), &[Some(0), Some(1), Some(2), Some(3), Some(4)]).unwrap();
    let edited = read(&session, "dense.kernel");
    session.set_model(&layers(6, "")).unwrap();
    assert_eq!(read(&session, "dense.kernel"), edited);

    train(&mut session, steps(5));
    let names = ["conv2d.kernel", "batch_normalization.moving_mean", "conv2d_1.kernel", "dense.kernel", "dense.bias"];
    let before = names.map(|name| read(&session, name));
    // A dropout is put in: nothing else changes.
    let dropout = r#"{"type": "Dropout", "rate": 0.5},"#;
    session.edit_model(&layers(6, dropout), &[Some(0), Some(1), Some(2), Some(3), None, Some(4)]).unwrap();
    assert_eq!(names.map(|name| read(&session, name)), before);
    // Another number of filters: that layer and the one that reads it are new.
    session.edit_model(&layers(7, dropout), &[Some(0), Some(1), Some(2), Some(3), Some(4), Some(5)]).unwrap();
    assert_eq!(read(&session, "conv2d.kernel"), before[0]);
    assert_eq!(read(&session, "batch_normalization.moving_mean"), before[1]);
    assert_ne!(read(&session, "conv2d_1.kernel").len(), before[2].len());
    // A model that is refused changes nothing.
    assert!(session.edit_model(&spec(r#"[{"type": "Dense", "units": 3}]"#), &[Some(0)]).is_err());
    assert_eq!(read(&session, "conv2d.kernel"), before[0]);
    // It trains on, and nonsense in `kept` is no more than nothing to keep.
    train(&mut session, steps(3));
    session.edit_model(&layers(7, ""), &[Some(99), None, Some(0)]).unwrap();
    session.reset();
    let seeded = read(&session, "conv2d.kernel");
    session.set_model(&layers(7, "")).unwrap();
    assert_eq!(read(&session, "conv2d.kernel"), seeded);
}

#[test]
fn a_look_disturbs_neither_outputs_nor_training() {
    use chalkgrad_engine::protocol::{ArrayData, MODEL_OUTPUT};
    let mut looked = session(small());
    let mut other = session(small());
    let image = ArrayData::U8(bars(1, 5).0);
    let names = ["conv2d.output", "conv2d.kernel", "grad conv2d.kernel", "nothing", MODEL_OUTPUT].map(str::to_owned);
    assert!(looked.prepare_inspection(&image, &names).unwrap());
    let tensors = looked.inspect(&image, &names).unwrap();
    assert_eq!(tensors[0].as_ref().unwrap().shape().dims(), [1, 6, 6, 4]);
    assert!(tensors[1].is_some() && tensors[2].is_none() && tensors[3].is_none());
    train(&mut looked, steps(2));
    train(&mut other, steps(2));
    let batch = looked.tensor("conv2d.output").unwrap();
    assert_eq!(batch.shape().dims()[0], 32);
    looked.prepare_inspection(&image, &names).unwrap();
    assert!(looked.inspect(&image, &names).unwrap()[2].is_some());
    assert_eq!(looked.tensor("conv2d.output").unwrap(), batch);
    assert_eq!(train(&mut looked, steps(3)).losses(), train(&mut other, steps(3)).losses());
    // The same numbers as a prediction's.
    let (probabilities, _) = looked.predict(Pixels::U8(bars(1, 5).0)).unwrap();
    looked.prepare_inspection(&image, &names).unwrap();
    let tensors = looked.inspect(&image, &names).unwrap();
    assert_eq!(tensors[0], Some(looked.tensor("conv2d.output").unwrap()));
    assert_eq!(tensors[4].as_ref().unwrap().words(), probabilities);
    assert_eq!(looked.inspect(&ArrayData::U8(vec![0; 3]), &names).unwrap_err().code, "wrong-length");
}

#[test]
fn vitals_are_what_the_step_did() {
    let sgd = |momentum: f64, nesterov: bool| {
        OptimizerSpec::new(
            "SGD",
            [("learningRate", 0.05.into()), ("momentum", momentum.into()), ("nesterov", nesterov.into())],
        )
        .unwrap()
    };
    let optimizers = [
        sgd(0.0, false),
        sgd(0.9, false),
        sgd(0.9, true),
        OptimizerSpec::new("RMSprop", [("learningRate", 0.01.into()), ("rho", 0.9.into()), ("epsilon", (1e-7).into())])
            .unwrap(),
        OptimizerSpec::new(
            "Adagrad",
            [("learningRate", 0.01.into()), ("initialAccumulatorValue", 0.1.into()), ("epsilon", (1e-7).into())],
        )
        .unwrap(),
        OptimizerSpec::default(),
        OptimizerSpec::new(
            "AdamW",
            [
                ("learningRate", 0.01.into()),
                ("beta1", 0.9.into()),
                ("beta2", 0.999.into()),
                ("epsilon", (1e-7).into()),
                ("weightDecay", 0.1.into()),
            ],
        )
        .unwrap(),
    ];
    let norm = |values: &[f32]| values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    for (at, optimizer) in optimizers.into_iter().enumerate() {
        let mut session = session(small());
        assert_eq!(session.layer_stats("conv2d").unwrap_err().code, "no-value-yet");
        let clip_norm = (at % 2 == 0).then_some(0.05);
        let schedule = ScheduleSpec::new("Cosine", [("finalFactor", 0.1.into())]).unwrap();
        let config = TrainingConfig {
            optimizer: optimizer.clone(),
            clip_norm,
            learning_rate_schedule: schedule,
            ..session.training().clone()
        };
        session.set_training(config).unwrap();
        train(&mut session, steps(3));
        for name in ["conv2d.kernel", "batch_normalization.gamma", "dense.bias"] {
            let (layer, weight) = name.split_once('.').unwrap();
            let before = session.tensor(name).unwrap().into_words();
            train(&mut session, steps(1));
            let after = session.tensor(name).unwrap().into_words();
            let update: Vec<f32> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
            let expected = norm(&update) / norm(&after);
            let layer_stats = session.layer_stats(layer).unwrap();
            let found = layer_stats.updates.iter().find(|update| update.weight == weight).unwrap();
            let ratio = f64::from(found.ratio);
            assert!((ratio - expected).abs() <= 2e-3 * expected + 1e-6, "{optimizer:?} {name}: {ratio} for {expected}");
        }
    }
    // Units that a bias holds below zero are dead; the others see noise and are not.
    let mut session = session(spec(
        r#"[{"type": "Flatten"}, {"type": "Dense", "units": 6, "activation": "relu"}, {"type": "Dense", "units": 3, "activation": "softmax"}]"#,
    ));
    session.set_tensor("dense.bias", vec![-100.0, 100.0, -100.0, 100.0, 100.0, 100.0]).unwrap();
    train(&mut session, steps(1));
    let layer_stats = session.layer_stats("dense").unwrap();
    assert_eq!((layer_stats.units, layer_stats.dead_units), (6, 2));
    assert_eq!(session.layer_stats("dens").unwrap_err().code, "unknown-layer");
}

/// The learning rate of the next step of plain SGD, measured: the norm of the change over that of the gradient.
fn measured_rate(session: &mut Session) -> f64 {
    let norm = |words: &[f32]| words.iter().map(|word| f64::from(*word).powi(2)).sum::<f64>().sqrt();
    let before = session.tensor("dense.kernel").unwrap();
    session.start(steps(1)).unwrap();
    while !matches!(session.advance(&mut || true).unwrap(), Progress::Finished) {}
    let after = session.tensor("dense.kernel").unwrap();
    let change: Vec<f32> = after.words().iter().zip(before.words()).map(|(a, b)| a - b).collect();
    norm(&change) / norm(session.tensor("grad dense.kernel").unwrap().words())
}

fn scheduled(schedule: ScheduleSpec) -> Session {
    let mut session = session(spec(r#"[{"type": "Flatten"}, {"type": "Dense", "units": 3, "activation": "softmax"}]"#));
    session
        .set_training(TrainingConfig {
            optimizer: OptimizerSpec::new("SGD", [("learningRate", 0.1.into())]).unwrap(),
            learning_rate_schedule: schedule,
            batch_size: 30,
            epochs: 4,
            ..session.training().clone()
        })
        .unwrap();
    session
}

#[track_caller]
fn assert_rate(session: &mut Session, expected: f64) {
    let rate = measured_rate(session);
    assert!((rate - expected).abs() < 1e-3 * expected, "{rate} instead of {expected}");
}

/// Epochs done and the fraction of the present one, whatever changes on the way.
#[test]
fn a_schedule_follows_the_epochs_done() {
    let halving = || ScheduleSpec::new("Step", [("everyEpochs", 1.0.into()), ("factor", 0.5.into())]).unwrap();
    let cosine = |position: f64| 0.05 * (1.0 + (std::f64::consts::PI * position / 4.0).cos());
    let change = |session: &mut Session, change: fn(&mut TrainingConfig)| {
        let mut config = session.training().clone();
        change(&mut config);
        session.set_training(config).unwrap();
    };
    // An epoch is done; then the batch size changes.
    let mut session = scheduled(halving());
    train(&mut session, epochs(1));
    change(&mut session, |config| config.batch_size = 150);
    assert_rate(&mut session, 0.05);
    // In the middle of an epoch, the number of images changes: the epoch begins again.
    let mut session = scheduled(halving());
    train(&mut session, steps(15));
    assert_rate(&mut session, 0.05);
    change(&mut session, |config| config.train_samples = 120);
    assert_rate(&mut session, 0.05);
    train(&mut session, epochs(1));
    assert_rate(&mut session, 0.025);
    // Several epochs with several batch sizes.
    let mut session = scheduled(ScheduleSpec::new("Cosine", [("finalFactor", 0.0.into())]).unwrap());
    assert_rate(&mut session, 0.1);
    train(&mut session, steps(4));
    assert_rate(&mut session, cosine(0.5));
    train(&mut session, epochs(1));
    change(&mut session, |config| config.batch_size = 100);
    train(&mut session, steps(1));
    assert_rate(&mut session, cosine(1.0 + 1.0 / 3.0));
    change(&mut session, |config| config.batch_size = 60);
    train(&mut session, epochs(2));
    assert_rate(&mut session, cosine(3.0));
    // From a snapshot, in another session.
    let mut first = scheduled(ScheduleSpec::new("Cosine", [("finalFactor", 0.0.into())]).unwrap());
    train(&mut first, epochs(1));
    change(&mut first, |config| config.batch_size = 60);
    train(&mut first, steps(2));
    let (info, arrays) = first.snapshot().unwrap();
    let mut second = scheduled(ScheduleSpec::new("Cosine", [("finalFactor", 0.0.into())]).unwrap());
    change(&mut second, |config| config.batch_size = 60);
    second.restore(&info, arrays).unwrap();
    assert_rate(&mut second, cosine(1.4));
    assert_rate(&mut first, cosine(1.4));
}

#[test]
fn a_run_at_a_rate_of_zero_says_so() {
    let warnings = |session: &mut Session| {
        session.start(Goal::default()).unwrap();
        let mut warnings = Vec::new();
        loop {
            match session.advance(&mut || true).unwrap() {
                Progress::Warning(warning) => warnings.push(warning.code),
                Progress::Finished => return warnings,
                _ => {}
            }
        }
    };
    let mut session = scheduled(ScheduleSpec::new("Cosine", [("finalFactor", 0.0.into())]).unwrap());
    assert_eq!(warnings(&mut session), [""; 0]);
    let trained = session.tensor("dense.kernel").unwrap();
    assert_eq!(warnings(&mut session), ["rate-is-zero"]);
    assert_eq!(session.tensor("dense.kernel").unwrap(), trained);
    session.reset();
    assert_eq!(warnings(&mut session), [""; 0]);
    let mut session = scheduled(ScheduleSpec::new("Cosine", [("finalFactor", 0.1.into())]).unwrap());
    assert_eq!([warnings(&mut session), warnings(&mut session)], [[""; 0]; 2]);
}

/// More outputs than classes are allowed, as in Keras; a prediction beyond the classes is a wrong one of its own.
#[test]
fn outputs_beyond_the_classes_are_counted_or_refused() {
    let layers = |units: usize| {
        spec(&format!(r#"[{{"type": "Flatten"}}, {{"type": "Dense", "units": {units}, "activation": "softmax"}}]"#))
    };
    let mut session = session(layers(256));
    let mut bias = vec![0.0; 256];
    bias[255] = 100.0;
    session.set_tensor("dense.bias", bias).unwrap();
    session.start_evaluation(Split::Test, None).unwrap();
    let Progress::Evaluated(evaluation, predictions) = session.advance(&mut || true).unwrap() else { panic!() };
    assert_eq!((evaluation.accuracy, evaluation.classes), (0.0, 256));
    assert_eq!(predictions.predicted, [255.0; 150]);
    let column: f32 = predictions.confusion.chunks(256).map(|row| row[255]).sum();
    assert_eq!((column, predictions.confusion.iter().sum::<f32>()), (150.0, 150.0));
    for units in [257, 40_000] {
        let error = session.set_model(&layers(units)).unwrap_err();
        assert_eq!((error.code, error.layer.as_deref()), ("wrong-output", Some("dense")));
    }
    let pooled = spec(r#"[{"type": "GlobalAveragePooling2D"}, {"type": "Dense", "units": 40000}]"#);
    assert_eq!(session.set_model(&pooled).unwrap_err().code, "wrong-output");
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
