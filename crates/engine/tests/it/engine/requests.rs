//! Requests while the engine trains.

use super::*;

#[test]
fn an_evaluation_during_training_is_done_first() {
    let mut bench = Bench::with_data();
    let run = bench.send(train(None, Some(3000)));
    bench.turn();
    let id = bench.send(Command::Evaluate { split: Split::Test, samples: Some(30) });
    for _ in 0..20 {
        bench.turn();
    }
    let (answer, arrays) = bench.answer(id).expect("an answer").expect("an evaluation");
    let Answer::Evaluation(evaluation) = answer else { panic!("{answer:?}") };
    assert_eq!((evaluation.samples, evaluation.classes), (30, 3));
    assert_eq!(f32s(&arrays[0]).iter().sum::<f32>(), 30.0);
    let [_, ArrayData::U8(labels), ArrayData::F32(predicted), ArrayData::F32(confidence), _] = &arrays[..] else {
        panic!("{arrays:?}")
    };
    assert_eq!((labels.len(), predicted.len(), confidence.len()), (30, 30, 30));
    assert!(bench.answer(run).is_none(), "and the run goes on");
    bench.work();
    assert_eq!(bench.history(run).0.steps, 3000);
}

#[test]
fn what_is_wrong_is_refused_and_changes_nothing() {
    let mut bench = Bench::with_data();
    let model = bench.ask(Command::GetModel);
    let training = bench.ask(Command::GetTraining);
    let codes = [
        bench.ask(Command::SetModel {
            spec: ModelSpec { layers: vec![LayerSpec::new("Conv3D")], ..ModelSpec::reference_cnn() },
            kept: None,
        }),
        bench.set_training(|config| config.batch_size = 0),
        bench.set_training(|config| config.batch_size = 1000),
        bench.set_training(|config| config.validation_split = f64::NAN),
        bench.ask(Command::SetBackend { choice: BackendChoice::Webgpu, workers: None }),
        bench.ask(Command::SetBackend { choice: BackendChoice::Cpu, workers: Some(0) }),
        bench.ask(Command::Tensor { name: "dens.kernel".to_owned() }),
        bench.ask(train(None, Some(0))),
        bench.ask(Command::Evaluate { split: Split::Validation, samples: None }),
        bench.ask(Command::Evaluate { split: Split::Test, samples: Some(41) }),
        bench.ask(Command::Predict),
    ]
    .map(|outcome| outcome.unwrap_err().code);
    let expected = [
        "unknown-layer",
        "bad-setting",
        "bad-setting",
        "bad-setting",
        "backend-unavailable",
        "bad-argument",
        "unknown-tensor",
        "bad-setting",
        "bad-setting",
        "bad-setting",
        "bad-argument",
    ];
    assert_eq!(codes, expected);
    let name = || "dense.kernel".to_owned();
    let before = bench.ask(Command::Tensor { name: name() });
    for arrays in [vec![ArrayData::F32(vec![0.0; 5])], vec![ArrayData::U8(vec![0; 48])], vec![]] {
        let id = bench.send_with(Command::SetTensor { name: name() }, arrays);
        assert!(bench.answer(id).unwrap().is_err());
    }
    let id = bench.send_with(Command::Predict, vec![ArrayData::U8(vec![0; 17])]);
    assert_eq!(bench.answer(id).unwrap().unwrap_err().code, "wrong-length");
    assert_eq!(bench.ask(Command::Tensor { name: name() }), before);
    assert_eq!((bench.ask(Command::GetModel), bench.ask(Command::GetTraining)), (model, training));
    assert!(bench.states().is_empty(), "{:?}", bench.states());
}

#[test]
fn a_bad_model_does_not_disturb_a_run_and_a_good_one_ends_it() {
    let mut bench = Bench::with_data();
    let run = bench.send(train(None, Some(3000)));
    bench.turn();
    let bad = ModelSpec { layers: Vec::new(), ..ModelSpec::reference_cnn() };
    let id = bench.send(Command::SetModel { spec: bad, kept: None });
    assert!(bench.answer(id).unwrap().is_err());
    assert!(bench.engine.has_work());
    let id = bench.send(Command::GetModel);
    let Ok((Answer::Model(spec), _)) = bench.answer(id).unwrap() else { panic!("no model") };
    let id = bench.send(Command::SetModel { spec, kept: None });
    assert!(bench.answer(id).unwrap().is_ok());
    assert_eq!(bench.history(run).0.state, RunState::Stopped);
    assert!(!bench.engine.has_work());
}

#[test]
fn settings_change_during_training() {
    let mut bench = Bench::with_data();
    let run = bench.send(train(None, Some(3000)));
    bench.turn();
    let config = TrainingConfig {
        train_samples: TRAIN_IMAGES as u32,
        optimizer: OptimizerSpec::default().with_learning_rate(0.5).unwrap(),
        ..TrainingConfig::default()
    };
    let id = bench.send(Command::SetTraining { config: config.clone() });
    assert_eq!(bench.answer(id).unwrap().unwrap().0, Answer::Training(config));
    let id = bench.send(Command::Tensor { name: "grad dense.bias".to_owned() });
    assert!(bench.answer(id).unwrap().is_ok());
    let id = bench.send_with(Command::Predict, vec![ArrayData::U8(vec![7; 32])]);
    assert_eq!(f32s(&bench.answer(id).unwrap().unwrap().1[0]).len(), 6);
    bench.work();
    assert_eq!(bench.history(run).0.steps, 3000);
}

#[test]
fn examples_and_labels_are_found_by_their_place() {
    let mut bench = Bench::with_data();
    let (answer, arrays) = bench.ask(Command::Labels { split: Split::Test }).unwrap();
    let [ArrayData::U8(labels)] = &arrays[..] else { panic!("{arrays:?}") };
    assert_eq!((answer, labels.len()), (Answer::Labels, TEST_IMAGES));
    let (answer, arrays) = bench.ask(Command::Examples { split: Split::Test, indices: vec![3, 1] }).unwrap();
    let Answer::Examples(info) = answer else { panic!("{answer:?}") };
    assert_eq!(info.classes, [3, 1].map(|index| u32::from(labels[index])));
    assert_eq!((info.shape, info.class_names.len()), (vec![4, 4, 1], 3));
    assert!(
        matches!(&arrays[..], [ArrayData::U8(pixels), ArrayData::F32(values)] if pixels.len() == 32 && values.is_empty())
    );
    let missing = Command::Examples { split: Split::Test, indices: vec![TEST_IMAGES as u32] };
    assert_eq!(bench.ask(missing).unwrap_err().code, "bad-setting");
}

#[test]
fn a_snapshot_brings_a_new_engine_to_where_the_old_one_was() {
    let mut old = Bench::with_data();
    old.ask(train(Some(2), None)).unwrap();
    let position = old.said.iter().rposition(|said| matches!(said.message, Message::Event(Event::Snapshot(_))));
    let Envelope { message: Message::Event(Event::Snapshot(snapshot)), arrays } = old.said.remove(position.unwrap())
    else {
        panic!("no snapshot")
    };
    let mut new = Bench::with_data();
    let id = new.send_with(Command::Restore { snapshot }, arrays);
    assert!(new.answer(id).unwrap().is_ok());
    let losses = |bench: &mut Bench| {
        let id = bench.send(train(None, Some(4)));
        bench.work();
        bench.history(id).1
    };
    assert_eq!(losses(&mut new), losses(&mut old));
}

#[test]
fn layers_are_looked_at_for_several_inputs_at_once_and_the_last_outputs_stay() {
    let mut bench = Bench::with_data();
    let pixels: Vec<u8> = (0..5 * 16).map(|index| (index * 37 % 251) as u8).collect();
    let predicted = bench.send_with(Command::Predict, vec![ArrayData::U8(pixels.clone())]);
    bench.work();
    let expected = f32s(&bench.answer(predicted).unwrap().unwrap().1[0]).to_vec();
    let last = bench.ask(Command::Tensor { name: "dense.output".to_owned() }).unwrap();
    let names = vec![MODEL_OUTPUT.to_owned(), "flatten.output".to_owned(), "dense.bias".to_owned()];
    let mut look = |pixels: &[u8]| {
        let id = bench.send_with(Command::Inspect { names: names.clone() }, vec![ArrayData::U8(pixels.to_vec())]);
        bench.work();
        bench.answer(id).unwrap()
    };
    let (answer, arrays) = look(&pixels).unwrap();
    assert_eq!(answer, Answer::Tensors { shapes: vec![vec![5, 3], vec![5, 16], vec![3]] });
    let close = f32s(&arrays[0]).iter().zip(&expected).all(|(one, other)| (one - other).abs() < 1e-6);
    assert!(close, "{arrays:?} {expected:?}");
    // One input after several, and then several again.
    assert_eq!(f32s(&look(&pixels[16..32]).unwrap().1[0]).len(), 3);
    assert_eq!(look(&pixels).unwrap().1, arrays);
    assert_eq!(look(&pixels[..17]).unwrap_err().code, "wrong-length");
    assert_eq!(look(&[]).unwrap_err().code, "wrong-length");
    assert_eq!(bench.ask(Command::Tensor { name: "dense.output".to_owned() }).unwrap(), last);
}

#[test]
fn a_large_prediction_leaves_room_for_other_commands() {
    let mut bench = Bench::with_data();
    let pixels: Vec<u8> = (0..80_000 * 16).map(|index| (index % 251) as u8).collect();
    let predict = |bench: &mut Bench| bench.send_with(Command::Predict, vec![ArrayData::U8(pixels.clone())]);
    let alone = predict(&mut bench);
    bench.work();
    let expected = bench.answer(alone).unwrap().unwrap();

    let run = bench.send(Command::Train { epochs: None, steps: Some(3) });
    let first = predict(&mut bench);
    assert!(bench.answer(first).is_none(), "80,000 images take longer than a turn");
    // A command that only reads is answered at once. One that would change the weights waits, and so do later ones.
    let read = bench.send(Command::Tensor { name: "dense.bias".to_owned() });
    let before = bench.answer(read).unwrap().unwrap();
    let name = || "dense.bias".to_owned();
    let write = bench.send_with(Command::SetTensor { name: name() }, vec![ArrayData::F32(vec![1.0, 2.0, 3.0])]);
    let read = bench.send(Command::Tensor { name: name() });
    let second = predict(&mut bench);
    bench.turn();
    assert!([first, write, read, second, run].iter().all(|&id| bench.answer(id).is_none()));
    bench.work();
    assert_eq!(bench.answer(first).unwrap().unwrap(), expected, "no step was taken and no weight written in between");
    bench.answer(write).unwrap().unwrap();
    let after = bench.answer(read).unwrap().unwrap();
    assert_ne!(after, before);
    assert_ne!(bench.answer(second).unwrap().unwrap(), expected);
    bench.answer(run).unwrap().unwrap();
}

#[test]
fn gradients_of_outputs_are_worked_out_between_steps_and_others_need_not_wait() {
    let mut bench = Bench::with_data();
    let gradient = || Command::Tensor { name: "grad dense.output".to_owned() };
    assert_eq!(bench.ask(gradient()).unwrap_err().code, "no-value-yet");
    let run = bench.send(train(None, Some(40)));
    bench.turn();
    let asked = bench.send(gradient());
    assert!(bench.answer(asked).is_none(), "not at once");
    let read = bench.send(Command::Tensor { name: "dense.bias".to_owned() });
    assert!(bench.answer(read).is_some(), "what is there is read at once");
    bench.work();
    let (answer, arrays) = bench.answer(asked).unwrap().unwrap();
    assert_eq!(answer, Answer::Tensor { shape: vec![32, 3] });
    let early = f32s(&arrays[0]).to_vec();
    assert!(early.iter().any(|value| *value != 0.0));
    assert_eq!(bench.history(run).1.len(), 40);

    // After the run it is of the last step, also for who only looks, and then of one image.
    let late = f32s(&bench.ask(gradient()).unwrap().1[0]).to_vec();
    assert_ne!(late, early);
    let names = vec!["grad dense.output".to_owned(), "dense.output".to_owned()];
    let look = |bench: &mut Bench| {
        let id = bench.send_with(Command::Inspect { names: names.clone() }, vec![ArrayData::U8(vec![9; 16])]);
        bench.work();
        bench.answer(id).unwrap().unwrap()
    };
    let (answer, arrays) = look(&mut bench);
    assert_eq!(answer, Answer::Tensors { shapes: vec![vec![1, 3], vec![1, 3]] });
    assert_eq!(f32s(&arrays[0]), &late[..3]);

    // A pause in the middle of a step, and a model that is replaced while a request waits.
    let run = bench.send(train(None, Some(40)));
    bench.turn();
    bench.send(Command::Pause);
    let asked = bench.send(gradient());
    bench.work();
    assert!(bench.answer(asked).unwrap().is_ok());
    let asked = bench.send(gradient());
    bench.send(Command::SetModel { spec: classifier("sigmoid"), kept: None });
    bench.work();
    let answer = bench.answer(asked).expect("nobody waits forever");
    assert!(answer.is_ok() || answer.is_err_and(|error| error.code == "no-value-yet"));
    bench.history(run);
    assert_eq!(look(&mut bench).0, Answer::Tensors { shapes: vec![vec![], vec![1, 3]] });
}
