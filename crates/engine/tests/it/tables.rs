//! Rows of numbers as inputs, two classes with one output, values as targets, and the input itself as target.

use std::collections::{BTreeMap, BTreeSet};

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::data::{Dataset, DatasetInfo, Part, Schema, Target, Values, sources};
use chalkgrad_engine::model::builders::{dense, flatten};
use chalkgrad_engine::model::catalogue::resolve_prefix;
use chalkgrad_engine::model::quick_fixes::fitting_losses;
use chalkgrad_engine::model::spec::{LayerSpec, LossSpec, ModelSpec, OptimizerSpec, TargetChoice, TrainingConfig};
use chalkgrad_engine::model::task::Task;
use chalkgrad_engine::protocol::{EpochReport, Evaluation, SnapshotInfo, Split};
use chalkgrad_engine::random::Philox;
use chalkgrad_engine::train::{Goal, Pixels, Predictions, Progress, Session};

use super::replicas::InThread;

fn model(input: usize, layers: Vec<LayerSpec>) -> ModelSpec {
    ModelSpec { name: None, input_shape: vec![input], layers }
}

fn made(name: &str) -> Dataset {
    sources::find(name).unwrap().make().unwrap().unwrap()
}

fn session(dataset: Dataset, layers: Vec<LayerSpec>) -> Session {
    let spec = model(dataset.info().input_len(), layers);
    Session::with(Box::new(CpuBackend::new()), dataset, spec).unwrap()
}

fn train(session: &mut Session, epochs: u32) -> Vec<EpochReport> {
    session.start(Goal { epochs: Some(epochs), steps: None }).unwrap();
    let mut reports = Vec::new();
    loop {
        match session.advance(&mut || false).unwrap() {
            Progress::Epoch(report) => reports.push(report),
            Progress::Finished => return reports,
            _ => {}
        }
    }
}

fn evaluate(session: &mut Session, split: Split) -> Evaluation {
    answers(session, split).0
}

/// Evaluates, and returns the answers to single examples as well.
fn answers(session: &mut Session, split: Split) -> (Evaluation, Predictions) {
    session.start_evaluation(split, None).unwrap();
    loop {
        if let Progress::Evaluated(evaluation, predictions) = session.advance(&mut || false).unwrap() {
            return (evaluation, predictions);
        }
    }
}

fn config(session: &Session, loss: &str, metrics: &[&str]) -> TrainingConfig {
    TrainingConfig {
        loss: LossSpec::new(loss, []).unwrap(),
        metrics: Some(metrics.iter().map(|name| (*name).to_owned()).collect()),
        optimizer: OptimizerSpec::new("Adam", [("learningRate", 0.01.into())]).unwrap(),
        ..session.training().clone()
    }
}

const ALL: [&str; 6] = ["accuracy", "precision", "recall", "f1", "auc", "mean_absolute_error"];

#[test]
fn every_made_data_set_is_complete_and_the_same_each_time() {
    let made_here = sources::SOURCES.iter().filter_map(|source| source.make().unwrap());
    let mut count = 0;
    for dataset in made_here {
        count += 1;
        assert!(dataset.is_complete());
        assert_eq!(dataset.inputs(Part::Train), made(&dataset.info().name).inputs(Part::Train));
        let classes = dataset.schema().target.class_names().len();
        if classes > 0 {
            let second = dataset.labels(Part::Train).iter().filter(|label| **label == 1).count();
            assert!((400..600).contains(&second), "{}: {second} of 1,000", dataset.info().name);
        }
        let Values::F32(values) = dataset.inputs(Part::Test) else { panic!("not numbers") };
        assert!(values.iter().all(|value| value.abs() < 8.0));
    }
    assert_eq!(count, 5);
}

#[test]
fn a_spiral_is_learned_with_one_output_and_every_metric_is_told() {
    let layers = vec![dense(32).activation("tanh"), dense(32).activation("tanh"), dense(2).activation("softmax")];
    let mut session = session(made("spiral"), layers);
    let mut spec = session.model().clone();
    session.set_training(config(&session, "binary_crossentropy", &ALL)).unwrap();
    spec.layers[2] = dense(1).activation("sigmoid");
    session.set_model(&spec).unwrap();
    let reports = train(&mut session, 40);
    let last = reports.last().unwrap();
    let named: BTreeMap<String, f32> = last.named_metrics().collect();
    assert_eq!(named.keys().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(ALL));
    assert_eq!(named["accuracy"], last.accuracy);
    let test = evaluate(&mut session, Split::Test);
    assert_eq!((test.classes, test.class_scores.len()), (2, 2));
    for name in ["accuracy", "precision", "recall", "f1", "auc"] {
        assert!(test.metrics[name] > 0.95, "{name}: {test:?}");
    }
    assert_eq!(test.accuracy, Some(test.metrics["accuracy"]));

    // Keras counts an output above 0.5 as the second class.
    let Values::F32(inputs) = session.dataset().inputs(Part::Test) else { panic!() };
    let inputs = inputs.to_vec();
    let labels = session.dataset().labels(Part::Test).to_vec();
    let (outputs, width) = session.predict(Pixels::F32(inputs)).unwrap();
    let right = outputs.iter().zip(&labels).filter(|(output, label)| (**output > 0.5) == (**label == 1)).count();
    assert_eq!((width, Some(right as f32 / labels.len() as f32)), (1, test.accuracy));
}

#[test]
fn the_loss_of_one_output_is_refused_or_taken_as_keras_does() {
    let mut session = session(made("blobs"), vec![dense(2).activation("softmax")]);
    let one = model(2, vec![dense(1).activation("sigmoid")]);
    let error = session.set_model(&one).unwrap_err();
    assert_eq!((error.code, error.setting()), ("bad-setting", Some("loss")));
    assert!(error.to_string().contains("binary_crossentropy"), "{error}");
    assert_eq!(session.set_model(&model(2, vec![dense(3)])).map(|summary| summary.params).unwrap(), 9);
    let error = session.set_model(&model(3, vec![dense(2)])).unwrap_err();
    assert_eq!((error.code, error.to_string().contains("blobs")), ("wrong-input", true));
}

#[test]
fn a_loss_that_does_not_fit_is_mended_with_one_click() {
    let schema = Schema::table(2, Target::classes(["no", "yes"]));
    for (target, output, expected) in [
        (Target::classes(["no", "yes"]), dense(1).activation("sigmoid"), "binary_crossentropy"),
        (Target::values(["price"]), dense(1), "mean_squared_error"),
    ] {
        let task = Task::new(&Schema { target, ..schema.clone() }, &TrainingConfig::default());
        let model = model(2, vec![output]);
        let error = task.check(&model, &resolve_prefix(&model).0).unwrap_err();
        let losses = fitting_losses(&model, &error, &task);
        assert!(losses.iter().any(|loss| loss.type_name() == expected), "{losses:?}");
        for loss in losses {
            Task { loss, ..task.clone() }.check(&model, &resolve_prefix(&model).0).unwrap();
        }
        let other = Task { loss: LossSpec::for_target(&task.schema.target), ..task.clone() };
        let error = other.check_input(&self::model(3, Vec::new())).unwrap_err();
        assert!(fitting_losses(&model, &error, &other).is_empty(), "the error is of another kind");
    }
}

#[test]
fn a_plane_is_fitted_and_has_no_accuracy() {
    let mut session = session(made("plane"), vec![dense(1)]);
    assert_eq!(session.training().loss.type_name(), "mean_squared_error");
    session.set_training(TrainingConfig { metrics: None, ..config(&session, "mean_squared_error", &[]) }).unwrap();
    let reports = train(&mut session, 20);
    let last = reports.last().unwrap();
    assert!(last.accuracy.is_nan() && last.metrics.len() == 1, "{last:?}");
    let test = evaluate(&mut session, Split::Test);
    assert!(test.accuracy.is_none() && test.class_scores.is_empty() && test.classes == 0);
    // The noise has a deviation of 0.02; its mean distance is sqrt(2/pi) of that.
    assert!(test.metrics["mean_absolute_error"] < 0.025 && test.loss < 1e-3, "{test:?}");

    let error = session.set_training(config(&session, "mean_squared_error", &["accuracy"])).unwrap_err();
    assert_eq!((error.code, error.setting()), ("bad-setting", Some("metrics")));
    assert!(error.to_string().contains("mean_absolute_error"), "{error}");
    let error = session.set_training(config(&session, "huber", &["mean_absolut_error"])).unwrap_err();
    assert!(error.to_string().contains("\"mean_absolute_error\""), "{error}");
    let error = session.set_training(config(&session, "binary_crossentropy", &[])).unwrap_err();
    assert_eq!((error.code, error.setting()), ("bad-setting", Some("loss")));
    let error = session.set_model(&model(2, vec![dense(2)])).unwrap_err();
    assert_eq!((error.code, error.layer_index), ("wrong-output", Some(0)));
}

#[test]
fn workers_and_one_thread_count_the_same() {
    for (name, layers, loss, metrics) in [
        ("circles", vec![dense(8).activation("relu"), dense(1).activation("sigmoid")], "binary_crossentropy", &ALL[..]),
        ("plane", vec![dense(4), dense(1)], "mean_squared_error", &["mean_absolute_error"][..]),
    ] {
        let run = |workers: usize| {
            let mut session = Session::with(Box::new(CpuBackend::new()), made(name), {
                let outputs = if name == "plane" { 1 } else { 2 };
                model(2, vec![dense(outputs)])
            })
            .unwrap();
            let changed = TrainingConfig { validation_split: 0.2, ..config(&session, loss, metrics) };
            session.set_training(changed).unwrap();
            session.set_model(&model(2, layers.clone())).unwrap();
            if workers > 1 {
                session.set_replicas(Some(Box::new(InThread::new(workers - 1))));
            }
            let report = train(&mut session, 2).pop().unwrap();
            assert_eq!(session.workers(), workers, "no worker has failed");
            (report, evaluate(&mut session, Split::Test))
        };
        let ((one, one_test), (two, two_test)) = (run(1), run(3));
        let others = metrics.iter().filter(|name| **name != "accuracy").count();
        let close = |a: f32, b: f32| (a - b).abs() < 2e-3 * a.abs().max(0.1);
        assert!(close(one.loss, two.loss) && close(one_test.loss, two_test.loss), "{one:?} {two:?}");
        assert_eq!((one.metrics.len(), one.val_metrics.len()), (others, others));
        for (all, others) in [(&one.metrics, &two.metrics), (&one.val_metrics, &two.val_metrics)] {
            for (name, value) in all {
                // Rounding may move a few samples across a threshold.
                assert!((value - others[name]).abs() < 0.02, "{name}: {value}, {}", others[name]);
            }
        }
    }
}

#[test]
fn an_evaluation_of_values_tells_what_was_predicted_for_each_example() {
    for workers in [1, 3] {
        let mut session = session(made("plane"), vec![dense(4).activation("tanh"), dense(1)]);
        if workers > 1 {
            session.set_replicas(Some(Box::new(InThread::new(workers - 1))));
        }
        let (evaluation, predictions) = answers(&mut session, Split::Test);
        let Values::F32(inputs) = session.dataset().inputs(Part::Test) else { panic!() };
        let inputs = inputs.to_vec();
        let truth: Vec<f32> =
            (0..500).map(|index| session.dataset().target_values(Part::Test, index).unwrap()[0]).collect();
        assert_eq!(predictions.values, truth);
        let (expected, _) = session.predict(Pixels::F32(inputs)).unwrap();
        let differences = expected.iter().zip(&predictions.predicted).map(|(one, other)| (one - other).abs());
        assert_eq!((predictions.predicted.len(), differences.fold(0.0, f32::max) < 1e-5), (500, true));
        let distance = |(predicted, truth): (&f32, &f32)| f64::from((predicted - truth).abs());
        let mean = predictions.predicted.iter().zip(&truth).map(distance).sum::<f64>() / 500.0;
        assert!((mean - f64::from(evaluation.metrics["mean_absolute_error"])).abs() < 1e-5);
        assert!(predictions.labels.is_empty() && predictions.confidence.is_empty());
    }
}

#[test]
fn a_run_on_numbers_replays_bit_for_bit_also_from_the_middle_of_an_epoch() {
    let start = || {
        let mut session = session(made("xor"), vec![dense(6).activation("tanh"), dense(2).activation("softmax")]);
        session.set_training(config(&session, "sparse_categorical_crossentropy", &ALL)).unwrap();
        session
    };
    let mut whole = start();
    let expected = train(&mut whole, 1).pop().unwrap();
    let mut first = start();
    first.start(Goal { epochs: None, steps: Some(9) }).unwrap();
    while first.advance(&mut || true).unwrap() != Progress::Finished {}
    let (info, arrays): (SnapshotInfo, _) = first.snapshot().unwrap();
    let mut second = start();
    second.restore(&info, arrays).unwrap();
    let report = train(&mut second, 1).pop().unwrap();
    assert_eq!((report.loss.to_bits(), &report.metrics), (expected.loss.to_bits(), &expected.metrics));
}

#[test]
fn columns_are_standardised_on_the_training_part() {
    let mut random = Philox::new(3, 0);
    let schema = Schema::table(3, Target::classes(["a", "b"]));
    let info = DatasetInfo { name: "rows".to_owned(), schema, train_total: 200, test_total: 20, text: None };
    let mut dataset = Dataset::new(info);
    let mut rows = |count: usize| -> Vec<f32> {
        (0..count).flat_map(|_| [1000.0 + 50.0 * random.normal(), 0.001 * random.uniform(), 4.0]).collect()
    };
    let (train_rows, test_rows) = (rows(200), rows(20));
    dataset.add_train(&train_rows, &vec![0; 200]).unwrap();
    dataset.add_test(&test_rows, &vec![1; 20]).unwrap();
    let mut session = session(dataset, vec![dense(2).activation("softmax")]);
    let changed =
        TrainingConfig { standardize: true, validation_split: 0.25, batch_size: 10, ..session.training().clone() };
    session.set_training(changed.clone()).unwrap();
    let standardized = |session: &Session, part: Part| match session.dataset().inputs(part) {
        Values::F32(values) => values.to_vec(),
        _ => panic!("not numbers"),
    };
    let values = standardized(&session, Part::Train);
    for column in 0..2 {
        // Validation takes the last quarter, which is not part of the training.
        let own: Vec<f64> = values.iter().skip(column).step_by(3).take(150).map(|value| f64::from(*value)).collect();
        let mean = own.iter().sum::<f64>() / 150.0;
        let deviation = (own.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 150.0).sqrt();
        assert!(mean.abs() < 1e-5 && (deviation - 1.0).abs() < 1e-5, "{mean} {deviation}");
    }
    assert!(values.iter().skip(2).step_by(3).all(|value| *value == 0.0), "a column of one value");
    // The test part is shifted and scaled by the same numbers.
    let test = standardized(&session, Part::Test);
    let slope = (values[0] - values[3]) / (train_rows[0] - train_rows[3]);
    let expected = values[0] + (test_rows[0] - train_rows[0]) * slope;
    assert!((test[0] - expected).abs() < 1e-3, "{} {expected}", test[0]);

    session.set_training(TrainingConfig { standardize: false, ..changed }).unwrap();
    assert_eq!(standardized(&session, Part::Train), train_rows);

    let digits = Dataset::new(DatasetInfo::images("dots", [2, 2, 1], 2, [40, 10]));
    let spec = ModelSpec { input_shape: vec![2, 2, 1], ..model(1, vec![flatten(), dense(2).activation("softmax")]) };
    let mut session = Session::with(Box::new(CpuBackend::new()), digits, spec).unwrap();
    let error = session.set_training(TrainingConfig { standardize: true, ..session.training().clone() }).unwrap_err();
    assert_eq!((error.code, error.setting()), ("bad-setting", Some("standardize")));
}

#[test]
fn an_autoencoder_learns_to_give_its_input_back() {
    let mut random = Philox::new(3, 0);
    let info = DatasetInfo::images("stripes", [4, 4, 1], 2, [300, 60]);
    let mut dataset = Dataset::new(info);
    let mut stripes = |count: usize| -> (Vec<u8>, Vec<u8>) {
        let labels: Vec<u8> = (0..count).map(|_| random.below(2) as u8).collect();
        let pixel = |label: u8, at: usize| if (at / 4 + at * usize::from(label)).is_multiple_of(2) { 255 } else { 0 };
        (labels.iter().flat_map(|&label| (0..16).map(move |at| pixel(label, at))).collect(), labels)
    };
    let (pixels, labels) = stripes(300);
    dataset.add_train(&pixels, &labels).unwrap();
    let (pixels, labels) = stripes(60);
    dataset.add_test(&pixels, &labels).unwrap();
    let classifier =
        ModelSpec { input_shape: vec![4, 4, 1], ..model(1, vec![flatten(), dense(2).activation("softmax")]) };
    let mut session = Session::with(Box::new(CpuBackend::new()), dataset, classifier).unwrap();
    let target = TargetChoice::Input;
    let error = session.set_training(TrainingConfig { target, ..session.training().clone() }).unwrap_err();
    assert_eq!((error.code, error.setting()), ("bad-setting", Some("loss")), "cross-entropy needs classes");
    session
        .set_training(TrainingConfig { target, ..config(&session, "binary_crossentropy", &["mean_absolute_error"]) })
        .unwrap();
    assert_eq!(session.mismatch().unwrap().code, "wrong-output", "the classifier stays, but cannot be trained");
    assert_eq!(session.start(Goal::default()).unwrap_err().code, "wrong-output");
    let layers = vec![flatten(), dense(2).activation("tanh"), dense(16).activation("sigmoid")];
    let autoencoder = ModelSpec { input_shape: vec![4, 4, 1], ..model(1, layers) };
    session.set_model(&autoencoder).unwrap();
    let before = evaluate(&mut session, Split::Test);
    train(&mut session, 60);
    let after = evaluate(&mut session, Split::Test);
    assert!(after.metrics["mean_absolute_error"] < 0.1, "{before:?} {after:?}");
    assert!(after.accuracy.is_none() && before.metrics["mean_absolute_error"] > 0.4);
}
