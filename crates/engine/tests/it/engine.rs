//! The engine behind its messages, natively: commands in, answers and events out, with a clock of the test's own.

use std::cell::Cell;

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::data::{Dataset, DatasetInfo, Part};
use chalkgrad_engine::engine::Engine;
use chalkgrad_engine::error::{DataError, FileFault};
use chalkgrad_engine::history::TrainingHistory;
use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec, OptimizerSpec, TrainingConfig};
use chalkgrad_engine::protocol::{
    Answer, ArrayData, BackendChoice, Command, Envelope, ErrorReport, Event, History, Message, Request, RunState,
    Split, StopRule,
};
use chalkgrad_engine::train::Session;

const TRAIN_IMAGES: usize = 96;
const TEST_IMAGES: usize = 40;

/// An engine on a small data set, and everything that it said.
struct Bench {
    engine: Engine,
    now_ms: Cell<f64>,
    next_id: u32,
    said: Vec<Envelope<Message>>,
}

/// One dense layer with this activation, on images of 4x4 pixels.
fn classifier(activation: &str) -> ModelSpec {
    ModelSpec {
        name: None,
        input_shape: vec![4, 4, 1],
        layers: vec![
            LayerSpec::new("Flatten"),
            LayerSpec::new("Dense").with("units", 3.0).with("activation", activation),
        ],
    }
}

impl Bench {
    fn new() -> Self {
        let info = DatasetInfo {
            name: "mnist".to_owned(),
            height: 4,
            width: 4,
            channels: 1,
            classes: 3,
            train_total: TRAIN_IMAGES,
            test_total: TEST_IMAGES,
        };
        let session = Session::with(Box::new(CpuBackend::new()), Dataset::new(info), classifier("softmax")).unwrap();
        Self { engine: Engine::with(session), now_ms: Cell::new(0.0), next_id: 0, said: Vec::new() }
    }

    fn with_data() -> Self {
        let mut bench = Self::new();
        bench.add(Part::Train, TRAIN_IMAGES);
        bench.add(Part::Test, TEST_IMAGES);
        bench
    }

    /// Images of which the bright third of the pixels tells the class.
    fn add(&mut self, part: Part, images: usize) {
        let labels: Vec<u8> = (0..images).map(|index| (index * 7 % 3) as u8).collect();
        let pixel = |label: u8, index: usize| if index / 6 == usize::from(label) { 255 } else { (index * 11) as u8 };
        let pixels: Vec<u8> = labels.iter().flat_map(|&label| (0..16).map(move |index| pixel(label, index))).collect();
        self.engine.shard_arrived(part, &pixels, &labels, self.now_ms.get()).unwrap();
        self.listen();
    }

    fn listen(&mut self) {
        self.said.extend(self.engine.take_outbox());
    }

    fn send_with(&mut self, command: Command, arrays: Vec<ArrayData>) -> u32 {
        self.next_id += 1;
        let message = Request { id: self.next_id, command };
        let now_ms = &self.now_ms;
        self.engine.handle(Envelope { message, arrays }, &|| tick(now_ms));
        self.listen();
        self.next_id
    }

    fn send(&mut self, command: Command) -> u32 {
        self.send_with(command, Vec::new())
    }

    fn turn(&mut self) {
        let now_ms = &self.now_ms;
        self.engine.turn(&|| tick(now_ms));
        self.listen();
    }

    fn work(&mut self) {
        let mut turns = 0;
        while self.engine.has_work() {
            self.turn();
            turns += 1;
            assert!(turns < 100_000, "the engine never comes to rest");
        }
    }

    /// The answer to a request, once.
    fn answer(&mut self, id: u32) -> Option<Result<(Answer, Vec<ArrayData>), ErrorReport>> {
        let is_reply = |said: &Envelope<Message>| matches!(said.message, Message::Reply { id: of, .. } if of == id);
        assert!(self.said.iter().filter(|said| is_reply(said)).count() <= 1, "answered twice");
        let position = self.said.iter().position(is_reply)?;
        match self.said.remove(position) {
            Envelope { message: Message::Reply { result, .. }, arrays } => Some(result.map(|answer| (answer, arrays))),
            _ => None,
        }
    }

    fn ask(&mut self, command: Command) -> Result<(Answer, Vec<ArrayData>), ErrorReport> {
        let id = self.send(command);
        self.work();
        self.answer(id).expect("an answer")
    }

    fn history(&mut self, id: u32) -> (History, Vec<f32>) {
        let mut training = TrainingHistory::default();
        for said in &self.said {
            match &said.message {
                Message::Event(event) => training.extend(event, &said.arrays),
                Message::Reply { id: of, .. } if *of == id => break,
                _ => {}
            }
        }
        match self.answer(id).expect("an answer").expect("a history").0 {
            Answer::History(mut history) => {
                let losses = training.complete_run(&mut history, None);
                (history, losses)
            }
            other => panic!("{other:?}"),
        }
    }

    fn states(&self) -> Vec<RunState> {
        self.events(|event| if let Event::State { state } = event { Some(*state) } else { None })
    }

    fn events<T>(&self, pick: impl Fn(&Event) -> Option<T>) -> Vec<T> {
        let event =
            |said: &Envelope<Message>| if let Message::Event(event) = &said.message { pick(event) } else { None };
        self.said.iter().filter_map(event).collect()
    }

    fn set_training(
        &mut self,
        change: impl FnOnce(&mut TrainingConfig),
    ) -> Result<(Answer, Vec<ArrayData>), ErrorReport> {
        let Ok((Answer::Training(mut config), _)) = self.ask(Command::GetTraining) else { panic!("no configuration") };
        change(&mut config);
        self.ask(Command::SetTraining { config })
    }
}

/// The time, of which every look costs a tenth of a millisecond.
fn tick(now_ms: &Cell<f64>) -> f64 {
    now_ms.set(now_ms.get() + 0.1);
    now_ms.get()
}

fn f32s(bulk: &ArrayData) -> &[f32] {
    match bulk {
        ArrayData::F32(values) => values,
        ArrayData::U8(_) => panic!("bytes"),
    }
}

fn train(epochs: Option<u32>, steps: Option<u32>) -> Command {
    Command::Train { epochs, steps }
}

#[test]
fn it_says_ready_and_what_it_is() {
    let mut bench = Bench::new();
    bench.listen();
    assert_eq!(bench.said[0].message, Message::Ready);
    let hello = Command::Init { data_url: "https://host/data/".to_owned() };
    let Ok((Answer::Engine(engine), _)) = bench.ask(hello) else { panic!("no engine") };
    assert_eq!(engine.backend.backend, "cpu");
    assert!(engine.backends.iter().any(|backend| backend.name == "webgpu" && !backend.available));
    assert_eq!(bench.engine.take_download_request().as_deref(), Some("https://host/data/"));
    assert_eq!(bench.engine.take_download_request(), None, "asked once");
}

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
    let [_, ArrayData::U8(labels), ArrayData::F32(predicted), ArrayData::F32(confidence)] = &arrays[..] else {
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
fn images_and_labels_are_found_by_their_place() {
    let mut bench = Bench::with_data();
    let (answer, arrays) = bench.ask(Command::Labels { split: Split::Test }).unwrap();
    let [ArrayData::U8(labels)] = &arrays[..] else { panic!("{arrays:?}") };
    assert_eq!((answer, labels.len()), (Answer::Labels, TEST_IMAGES));
    let (answer, arrays) = bench.ask(Command::Images { split: Split::Test, indices: vec![3, 1] }).unwrap();
    let expected = [3, 1].map(|index| u32::from(labels[index])).to_vec();
    assert_eq!(answer, Answer::Images { labels: expected, height: 4, width: 4 });
    assert!(matches!(&arrays[..], [ArrayData::U8(pixels)] if pixels.len() == 32));
    let missing = Command::Images { split: Split::Test, indices: vec![TEST_IMAGES as u32] };
    assert_eq!(bench.ask(missing).unwrap_err().code, "bad-setting");
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
    bench.engine.take_download_request();
    let run = bench.send(train(Some(1), None));
    let evaluation = bench.send(Command::Evaluate { split: Split::Test, samples: None });
    bench.work();
    bench.engine.download_ended(
        Err(DataError::DataCorrupt { file: "mnist/train-0.bin.gz".to_owned(), reason: FileFault::NotGzip }.into()),
        bench.now_ms.get(),
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
