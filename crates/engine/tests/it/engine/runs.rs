//! Runs: their beginning, their pauses and their ends.

use super::*;

#[test]
fn a_run_learns_reports_and_ends() {
    let mut bench = Bench::with_data();
    let id = bench.send(train(Some(3), None));
    assert_eq!(bench.states(), [RunState::Training]);
    bench.work();
    let (history, losses) = bench.history(id);
    assert_eq!((history.state, history.steps, history.epochs), (RunState::Done, 9, 3));
    assert_eq!(losses.len(), 9);
    assert_eq!(history.epoch_loss.len(), 3);
    assert!(history.epoch_loss[2] < history.epoch_loss[0]);
    assert!(history.seconds > 0.0 && history.images_per_second > 0.0);
    assert_eq!(bench.states(), [RunState::Training, RunState::Done]);

    // Batch events carry every loss and accuracy exactly once and in order.
    let posted = |array: usize| -> Vec<f32> {
        let batches = bench.said.iter().filter(|said| matches!(said.message, Message::Event(Event::Batch(_))));
        batches.flat_map(|said| f32s(&said.arrays[array]).to_vec()).collect()
    };
    assert_eq!(posted(0), losses);
    let accuracies = posted(1);
    assert_eq!(accuracies.len(), losses.len());
    let epochs = bench.events(|event| if let Event::Epoch(epoch) = event { Some(epoch.clone()) } else { None });
    assert_eq!(epochs.iter().map(|epoch| epoch.epoch).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(epochs.iter().all(|epoch| epoch.seconds > 0.0));
    for (epoch, of_batches) in epochs.iter().zip(accuracies.chunks(3)) {
        assert!((epoch.accuracy - of_batches.iter().sum::<f32>() / 3.0).abs() < 1e-6, "{epoch:?}: {of_batches:?}");
    }
    let snapshots = bench.events(|event| if let Event::Snapshot(info) = event { Some(info.step) } else { None });
    assert_eq!(snapshots, [0, 3, 6, 9], "at the beginning and after every epoch");
}

#[test]
fn it_goes_on_from_where_it_stands_and_replays() {
    let run = |parts: &[u32]| {
        let mut bench = Bench::with_data();
        let mut losses = Vec::new();
        for &steps in parts {
            let id = bench.send(train(None, Some(steps)));
            bench.work();
            let (history, part) = bench.history(id);
            assert_eq!(history.steps, steps);
            losses.extend(part);
        }
        losses
    };
    assert_eq!(run(&[10]), run(&[1, 4, 5]));
}

#[test]
fn batch_events_are_rare_and_none_is_lost() {
    let mut bench = Bench::with_data();
    bench.send(train(None, Some(500)));
    bench.work();
    let seconds = bench.now_ms.get() / 1000.0;
    let events = bench.events(|event| if let Event::Batch(batch) = event { Some(batch.step) } else { None });
    assert!(events.len() as f64 <= 30.0 * seconds + 200.0, "{} events in {seconds} s", events.len());
    assert_eq!(events.last(), Some(&500));
}

#[test]
fn pause_holds_and_resume_goes_on() {
    let mut bench = Bench::with_data();
    let id = bench.send(train(None, Some(2000)));
    bench.turn();
    assert!(matches!(bench.ask(Command::Pause), Ok((Answer::State { state: RunState::Paused }, _))));
    assert!(!bench.engine.has_work());
    let taken = bench.events(|event| if let Event::Batch(batch) = event { Some(batch.step) } else { None });
    assert!(taken.last().is_some_and(|&step| step < 2000), "{taken:?}");
    // Reading begins no step, so the weights hold still.
    let Ok((Answer::Names(names), _)) = bench.ask(Command::TensorNames) else { panic!("no names") };
    let mut weights = || bench.ask(Command::Tensor { name: names[0].clone() }).map(|(_, arrays)| arrays);
    let paused = weights();
    assert!(paused.is_ok());
    for _ in 0..3 {
        assert_eq!(weights(), paused);
    }
    // Evaluating does not train on.
    assert!(matches!(
        bench.ask(Command::Evaluate { split: Split::Test, samples: None }),
        Ok((Answer::Evaluation(_), _))
    ));
    assert_eq!(bench.events(|e| if let Event::Batch(batch) = e { Some(batch.step) } else { None }), taken);
    assert!(bench.answer(id).is_none());
    bench.send(Command::Resume);
    bench.work();
    assert_eq!(bench.history(id).0.steps, 2000);
}

#[test]
fn a_paused_run_takes_steps_and_pauses_again() {
    let uninterrupted = {
        let mut bench = Bench::with_data();
        let id = bench.send(train(None, Some(2000)));
        bench.work();
        bench.history(id).1
    };
    let mut bench = Bench::with_data();
    let outer = bench.send(train(None, Some(2000)));
    bench.turn();
    assert!(matches!(bench.ask(Command::Pause), Ok((Answer::State { state: RunState::Paused }, _))));
    let taken = bench.events(|e| if let Event::Batch(batch) = e { Some(batch.step) } else { None }).last().copied();
    let taken = taken.unwrap_or_default() as usize;
    assert!(taken < 1000, "{taken}");
    let states =
        |bench: &mut Bench| bench.events(|event| if let Event::State { state } = event { Some(*state) } else { None });
    let before = states(&mut bench).len();
    let mut at = taken;
    for steps in [1, 3] {
        let inner = bench.send(train(None, Some(steps)));
        bench.work();
        let (history, losses) = bench.history(inner);
        assert_eq!((history.state, history.steps), (RunState::Done, steps));
        assert_eq!(losses, uninterrupted[at..at + steps as usize]);
        at += steps as usize;
        assert!(!bench.engine.has_work() && bench.answer(outer).is_none());
    }
    let seen = states(&mut bench).split_off(before);
    assert_eq!(seen, [RunState::Training, RunState::Paused, RunState::Training, RunState::Paused]);
    // An inner run that is paused and then resumed gives way to the run within which it was.
    let inner = bench.send(train(None, Some(900)));
    bench.turn();
    bench.send(Command::Pause);
    bench.turn();
    assert!(bench.answer(inner).is_none());
    bench.send(Command::Resume);
    bench.work();
    assert_eq!(bench.history(inner).0.state, RunState::Stopped);
    let (history, losses) = bench.history(outer);
    assert_eq!((history.state, history.steps), (RunState::Done, 2000));
    assert_eq!(losses, uninterrupted);
}

#[test]
fn stop_ends_a_paused_run_and_the_steps_within_it() {
    let mut bench = Bench::with_data();
    let outer = bench.send(train(None, Some(2000)));
    bench.turn();
    bench.send(Command::Pause);
    let inner = bench.send(train(None, Some(1000)));
    bench.turn();
    assert!(matches!(bench.ask(Command::Stop), Ok((Answer::State { state: RunState::Stopped }, _))));
    assert_eq!(bench.history(inner).0.state, RunState::Stopped);
    assert_eq!(bench.history(outer).0.state, RunState::Stopped);
}

#[test]
fn a_slow_training_rests_between_steps_and_nothing_else_does() {
    let mut bench = Bench::with_data();
    for rest_ms in [-1.0, f64::NAN, 1e9] {
        assert_eq!(bench.ask(Command::SetStepDelay { step_delay_ms: rest_ms }).unwrap_err().code, "bad-setting");
    }
    let steps = |bench: &mut Bench| {
        bench.events(|event| if let Event::Batch(batch) = event { Some(batch.step) } else { None }).last().copied()
    };
    assert!(bench.ask(Command::SetStepDelay { step_delay_ms: 500.0 }).is_ok());
    let id = bench.send(train(None, Some(100)));
    bench.turn();
    for step in 1..=3 {
        bench.turn();
        assert_eq!(steps(&mut bench), Some(step));
        let rest_ms = bench.engine.rest_ms(bench.now_ms.get());
        assert!((400.0..=500.0).contains(&rest_ms), "{rest_ms}");
        bench.now_ms.set(bench.now_ms.get() + rest_ms);
        bench.turn();
    }
    // An evaluation does not wait for the rest to end, nor does the way back to full speed.
    let evaluation = bench.send(Command::Evaluate { split: Split::Test, samples: None });
    assert_eq!(bench.engine.rest_ms(bench.now_ms.get()), 0.0);
    while bench.answer(evaluation).is_none() {
        bench.turn();
    }
    assert!(bench.engine.rest_ms(bench.now_ms.get()) > 0.0);
    // Nor do gradients that have to be worked out.
    let gradient = bench.send(Command::Tensor { name: "grad dense.output".to_owned() });
    assert_eq!(bench.engine.rest_ms(bench.now_ms.get()), 0.0);
    bench.turn();
    assert!(bench.answer(gradient).unwrap().is_ok());
    assert!(bench.engine.rest_ms(bench.now_ms.get()) > 0.0);
    assert!(bench.ask(Command::SetStepDelay { step_delay_ms: 0.0 }).is_ok());
    bench.work();
    assert_eq!(bench.history(id).0.steps, 100);
}

#[test]
fn stop_ends_a_run_with_what_it_has() {
    let mut bench = Bench::with_data();
    let id = bench.send(train(Some(100_000), None));
    bench.turn();
    assert!(matches!(bench.ask(Command::Stop), Ok((Answer::State { state: RunState::Stopped }, _))));
    let (history, losses) = bench.history(id);
    assert_eq!(history.state, RunState::Stopped);
    assert_eq!(history.steps as usize, losses.len());
    assert!(!bench.engine.has_work());
    let id = bench.send(train(None, Some(1)));
    bench.work();
    assert_eq!(bench.history(id).0.steps, 1);
    // With nothing to stop, it says how things are.
    assert!(matches!(bench.ask(Command::Stop), Ok((Answer::State { state: RunState::Done }, _))));
}

#[test]
fn a_stop_rule_is_told_by_the_epoch_and_the_history() {
    let mut bench = Bench::with_data();
    bench.set_training(|config| config.target_accuracy = Some(0.01)).unwrap();
    let run = bench.send(train(Some(9), None));
    bench.work();
    let history = bench.history(run).0;
    assert_eq!((history.state, history.stopped_by), (RunState::Done, Some(StopRule::TargetAccuracy)));
    assert!(history.epochs < 9);
    let told = bench.events(|event| if let Event::Epoch(epoch) = event { epoch.stopped_by } else { None });
    assert_eq!(told, [StopRule::TargetAccuracy]);
}

#[test]
fn a_run_waits_for_images_and_goes_on_when_they_come() {
    let mut bench = Bench::new();
    let id = bench.send(train(Some(1), None));
    let evaluation = bench.send(Command::Evaluate { split: Split::Test, samples: None });
    bench.work();
    assert_eq!(bench.states(), [RunState::Training, RunState::Waiting]);
    bench.now_ms.set(60_000.0);
    bench.add(Part::Train, TRAIN_IMAGES);
    bench.work();
    let (history, _) = bench.history(id);
    assert_eq!(history.steps, 3);
    assert!(history.seconds < 10.0, "waiting does not count: {}", history.seconds);
    assert!(bench.answer(evaluation).is_none());
    bench.add(Part::Test, TEST_IMAGES);
    bench.work();
    assert!(bench.answer(evaluation).unwrap().is_ok());
}

#[test]
fn a_failed_download_is_told_to_all_who_wait_and_can_be_tried_again() {
    let mut bench = Bench::new();
    bench.send(Command::Init { data_url: "https://host/data/".to_owned() });
    bench.send(Command::FetchData);
    assert!(bench.engine.take_download_request().is_some());
    let run = bench.send(train(Some(1), None));
    let evaluation = bench.send(Command::Evaluate { split: Split::Test, samples: None });
    bench.work();
    let now_ms = bench.now_ms.get();
    bench.engine.download_ended(
        "mnist",
        Err(DataError::DataCorrupt { file: "mnist/train-0.bin.gz".to_owned(), reason: FileFault::NotGzip }.into()),
        &|| now_ms,
    );
    bench.listen();
    for id in [run, evaluation] {
        let error = bench.answer(id).unwrap().unwrap_err();
        assert_eq!((error.code.as_str(), error.message.contains("train-0")), ("data-corrupt", true));
    }
    assert!(bench.states().contains(&RunState::Failed));
    let told = bench.events(|event| if let Event::Data(data) = event { data.error.clone() } else { None });
    assert_eq!(told.len(), 1);

    let run = bench.send(train(Some(1), None));
    assert!(bench.engine.take_download_request().is_some(), "training tries again by itself");
    bench.add(Part::Train, TRAIN_IMAGES);
    bench.add(Part::Test, TEST_IMAGES);
    bench.work();
    assert_eq!(bench.history(run).0.state, RunState::Done);
    assert!(!bench.engine.has_work(), "the evaluation that was refused leaves nothing behind");
}

#[test]
fn a_loss_that_is_no_number_fails_the_run_and_keeps_the_weights() {
    let mut bench = Bench::with_data();
    let id = bench.send_with(
        Command::SetTensor { name: "dense.bias".to_owned() },
        vec![ArrayData::F32(vec![f32::NAN, 0.0, 0.0])],
    );
    assert!(bench.answer(id).unwrap().is_ok());
    let before = bench.ask(Command::Tensor { name: "dense.kernel".to_owned() }).unwrap().1;
    let error = bench.ask(train(None, Some(5))).unwrap_err();
    assert_eq!((error.code.as_str(), error.layer.as_deref()), ("not-a-number", Some("dense")));
    assert_eq!(bench.states(), [RunState::Training, RunState::Failed]);
    assert_eq!(bench.ask(Command::Tensor { name: "dense.kernel".to_owned() }).unwrap().1, before);
    bench.ask(Command::Reset).unwrap();
    let id = bench.send(train(None, Some(5)));
    bench.work();
    assert_eq!(bench.history(id).0.steps, 5);
}
