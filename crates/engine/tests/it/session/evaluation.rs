//! Evaluation, validation, and the rules that stop a run.

use super::*;

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
    assert_eq!(history.epochs[1].val_accuracy, validation.accuracy);
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
    assert_eq!(Some(hits as f32 / 150.0), evaluation.accuracy);
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
