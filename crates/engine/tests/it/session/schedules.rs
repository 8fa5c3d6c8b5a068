//! Learning rates over the course of a run.

use super::*;

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
    let (kernel, momentum) = (session.tensor("dense.kernel").unwrap(), session.tensor("adam.m dense.kernel").unwrap());
    step(&mut session);
    assert_eq!(session.tensor("dense.kernel").unwrap(), kernel, "no rate, no change");
    assert_ne!(session.tensor("adam.m dense.kernel").unwrap(), momentum, "and yet it goes on with its state");
    session.set_training(config).unwrap();
    step(&mut session);
    assert_ne!(session.tensor("dense.kernel").unwrap(), kernel);
    assert_eq!(drive(&mut session).unwrap().1, Progress::Finished);
}

#[test]
fn a_new_rate_keeps_the_optimizers_state_and_a_new_type_clears_it() {
    let mut session = session(small());
    train(&mut session, steps(3));
    let momentum = session.tensor("adam.m dense.kernel").unwrap();
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
    assert_eq!(session.tensor("adam.m dense.kernel").unwrap(), momentum);
    let optimizer =
        OptimizerSpec::new("SGD", [("learningRate", 0.1.into()), ("momentum", 0.9.into()), ("nesterov", false.into())])
            .unwrap();
    session.set_training(TrainingConfig { optimizer, ..config }).unwrap();
    assert!(session.tensor("sgd.velocity dense.kernel").unwrap().words().iter().all(|&x| x == 0.0));
    assert_eq!(session.tensor("adam.v dense.kernel").unwrap_err().code, "unknown-tensor");
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
