//! The engine behind its messages, natively: commands in, answers and events out, with a clock of the test's own.

mod datasets;
mod records;
mod requests;
mod runs;

use std::cell::Cell;

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::data::{Dataset, DatasetInfo, Inputs, Part};
use chalkgrad_engine::engine::Engine;
use chalkgrad_engine::error::{DataError, FileFault};
use chalkgrad_engine::history::TrainingHistory;
use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec, OptimizerSpec, TrainingConfig};
use chalkgrad_engine::protocol::{
    Answer, ArrayData, BackendChoice, Command, Envelope, ErrorReport, Event, History, MODEL_OUTPUT, Message, Request,
    RunState, Split, StopRule,
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
        let info = DatasetInfo::images("mnist", [4, 4, 1], 3, [TRAIN_IMAGES, TEST_IMAGES]);
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
        self.engine
            .shard_arrived("mnist", part, Inputs::Values((&pixels).into()), (&labels).into(), self.now_ms.get())
            .unwrap();
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
        ArrayData::U8(_) | ArrayData::I32(_) => panic!("no numbers"),
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
    assert!(bench.engine.take_download_request().is_none(), "a link may name another data set");
    bench.ask(Command::FetchData).unwrap();
    bench.ask(Command::FetchData).unwrap();
    let download = bench.engine.take_download_request().unwrap();
    assert_eq!((download.data_url.as_str(), download.name.as_str()), ("https://host/data/", "mnist"));
    assert!(bench.engine.take_download_request().is_none(), "asked once");
}
