//! The engine on an asynchronous backend, like a GPU in a browser, natively: a device that answers only after a number
//! of requests.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::backend::{Backend, PlanHandle, RunStatus};
use chalkgrad_engine::data::{Dataset, DatasetInfo, Part};
use chalkgrad_engine::engine::Engine;
use chalkgrad_engine::error::Result;
use chalkgrad_engine::history::TrainingHistory;
use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec};
use chalkgrad_engine::plan::Plan;
use chalkgrad_engine::protocol::{
    Answer, ArrayData, BackendInfo, Command, Envelope, Event, Message, Request, RunState,
};
use chalkgrad_engine::tensor::HostTensor;
use chalkgrad_engine::train::Session;

/// Number of requests after which a device still has not done a step.
const UNDONE: u32 = 5;

struct SlowDevice {
    cpu: CpuBackend,
    /// Requests that the device will still answer with "not done".
    undone: u32,
    is_busy: bool,
    /// Time of a step, as the device reports it.
    step_ms: f64,
    /// Steps given to the device.
    begun: Rc<Cell<u32>>,
    /// Plans that copy states, which take no time.
    copies: Vec<PlanHandle>,
}

impl Backend for SlowDevice {
    fn name(&self) -> &'static str {
        "webgpu"
    }

    fn load(&mut self, plan: Arc<Plan>) -> Result<PlanHandle> {
        let is_copy = plan.outputs == ["copied"];
        let handle = self.cpu.load(plan)?;
        if is_copy {
            self.copies.push(handle);
        }
        Ok(handle)
    }

    fn unload(&mut self, handle: PlanHandle) {
        self.cpu.unload(handle);
    }

    fn write_state(&mut self, name: &str, value: &HostTensor) {
        self.cpu.write_state(name, value);
    }

    fn read_state(&self, name: &str) -> Result<Vec<f32>> {
        assert!(!self.is_busy, "{name} is read while the device works");
        self.cpu.read_state(name)
    }

    fn clear(&mut self) {
        self.cpu.clear();
    }

    fn write_input(&mut self, handle: PlanHandle, name: &str, fill: &mut dyn FnMut(&mut [f32])) -> Result<()> {
        self.cpu.write_input(handle, name, fill)
    }

    fn begin(&mut self, handle: PlanHandle) -> Result<()> {
        if self.copies.contains(&handle) {
            return Ok(());
        }
        (self.is_busy, self.undone) = (true, UNDONE);
        self.begun.set(self.begun.get() + 1);
        Ok(())
    }

    fn run(&mut self, handle: PlanHandle, has_time: &mut dyn FnMut() -> bool) -> Result<RunStatus> {
        if self.copies.contains(&handle) {
            return self.cpu.run(handle, &mut || true);
        }
        if self.undone > 0 {
            self.undone -= 1;
            return Ok(RunStatus::Unfinished);
        }
        self.is_busy = false;
        while self.cpu.run(handle, has_time)? == RunStatus::Unfinished {}
        Ok(RunStatus::Done)
    }

    fn cancel(&mut self, handle: PlanHandle) {
        self.is_busy = false;
        self.cpu.cancel(handle);
    }

    fn read(&self, handle: PlanHandle, name: &str) -> Result<HostTensor> {
        self.cpu.read(handle, name)
    }

    fn is_asynchronous(&self) -> bool {
        true
    }

    fn busy_ms(&self) -> f64 {
        if self.is_busy { self.step_ms } else { 0.0 }
    }
}

struct Bench {
    engine: Engine,
    begun: Rc<Cell<u32>>,
    next_id: u32,
    said: Vec<Envelope<Message>>,
}

impl Bench {
    fn new(step_ms: f64) -> Self {
        let (side, images) = (4, 64);
        let info = DatasetInfo::images("mnist", [side, side, 1], 3, [images, 3]);
        let mut dataset = Dataset::new(info);
        let labels: Vec<u8> = (0..images).map(|index| (index % 3) as u8).collect();
        let pixels: Vec<u8> = (0..images * side * side).map(|index| (index * 37 % 251) as u8).collect();
        dataset.add_train(&pixels, &labels).unwrap();
        dataset.add_test(&pixels[..3 * side * side], &labels[..3]).unwrap();
        assert_eq!(dataset.examples(Part::Train), images);
        let layers =
            vec![LayerSpec::new("Flatten"), LayerSpec::new("Dense").with("units", 3.0).with("activation", "softmax")];
        let model = ModelSpec { name: None, input_shape: vec![side, side, 1], layers };
        let begun = Rc::new(Cell::new(0));
        let device = SlowDevice {
            cpu: CpuBackend::new(),
            copies: Vec::new(),
            undone: 0,
            is_busy: false,
            step_ms,
            begun: begun.clone(),
        };
        let session = Session::with(Box::new(device), dataset, model).unwrap();
        Self { engine: Engine::with_backend(session, BackendInfo::default()), begun, next_id: 0, said: Vec::new() }
    }

    fn listen(&mut self) {
        self.said.extend(self.engine.take_outbox());
    }

    fn send(&mut self, command: Command) -> u32 {
        self.next_id += 1;
        self.engine.handle(Envelope::new(Request { id: self.next_id, command }), &|| 0.0);
        self.listen();
        self.next_id
    }

    /// Runs a turn of the main loop after the device has woken it.
    fn wake(&mut self) {
        self.engine.wake();
        self.engine.turn(&|| 0.0);
        self.listen();
    }

    fn answer(&mut self, id: u32) -> Option<(Answer, Vec<ArrayData>)> {
        let is_reply = |said: &Envelope<Message>| matches!(said.message, Message::Reply { id: of, .. } if of == id);
        let position = self.said.iter().position(is_reply)?;
        match self.said.remove(position) {
            Envelope { message: Message::Reply { result, .. }, arrays } => Some((result.unwrap(), arrays)),
            _ => None,
        }
    }

    /// Returns the answer, running turns until the device has come to it.
    fn wait(&mut self, id: u32) -> (Answer, Vec<ArrayData>) {
        for _ in 0..10_000 {
            if let Some(answer) = self.answer(id) {
                return answer;
            }
            self.wake();
        }
        panic!("no answer");
    }

    fn losses(&mut self, id: u32) -> Vec<f32> {
        let Answer::History(mut history) = self.wait(id).0 else { panic!("no history") };
        let mut training = TrainingHistory::default();
        for said in &self.said {
            if let Message::Event(event) = &said.message {
                training.extend(event, &said.arrays);
            }
        }
        training.complete_run(&mut history, None)
    }

    fn steps_told(&self) -> Option<u32> {
        let step = |said: &Envelope<Message>| match &said.message {
            Message::Event(Event::Batch(batch)) => Some(batch.step),
            _ => None,
        };
        self.said.iter().filter_map(step).next_back()
    }
}

const TRAIN: Command = Command::Train { epochs: None, steps: Some(4) };

#[test]
fn a_pause_does_not_wait_for_a_slow_step_and_changes_nothing() {
    let mut undisturbed = Bench::new(1000.0);
    let run = undisturbed.send(TRAIN);
    let expected = undisturbed.losses(run);
    assert_eq!(expected.len(), 4);

    let mut bench = Bench::new(1000.0);
    let run = bench.send(TRAIN);
    while bench.begun.get() < 2 {
        bench.wake();
    }
    bench.wake();
    let pause = bench.send(Command::Pause);
    let (answer, _) = bench.answer(pause).expect("an answer before the device's");
    assert_eq!(answer, Answer::State { state: RunState::Paused });
    assert!(!bench.engine.has_work(), "nothing more is begun");
    assert_eq!(bench.steps_told(), Some(1));
    // A reader sees the weights after the step that was in progress, and they do not change meanwhile.
    let mut read = || {
        let id = bench.send(Command::Tensor { name: "dense.kernel".to_owned() });
        bench.wait(id)
    };
    let weights = read();
    assert_eq!(read(), weights);
    assert_eq!(bench.begun.get(), 2);
    bench.send(Command::Resume);
    assert_eq!(bench.losses(run), expected);
}

#[test]
fn a_pause_waits_for_a_quick_step() {
    let mut bench = Bench::new(5.0);
    bench.send(TRAIN);
    while bench.begun.get() < 2 {
        bench.wake();
    }
    let pause = bench.send(Command::Pause);
    assert!(bench.answer(pause).is_none());
    assert_eq!(bench.wait(pause).0, Answer::State { state: RunState::Paused });
    assert_eq!((bench.steps_told(), bench.begun.get()), (Some(2), 2));
}

/// Checks that a pause overtakes readers, but no command before it that changes the run.
#[test]
fn a_pause_keeps_its_place_behind_what_decides_on_training() {
    let mut bench = Bench::new(1000.0);
    let first = bench.send(TRAIN);
    bench.wake();
    let reading = bench.send(Command::Tensor { name: "dense.kernel".to_owned() });
    let pause = bench.send(Command::Pause);
    assert!(bench.answer(pause).is_some() && bench.answer(reading).is_none());
    let resume = bench.send(Command::Resume);
    let pause = bench.send(Command::Pause);
    assert!(bench.answer(pause).is_none());
    bench.wait(resume);
    assert_eq!(bench.wait(pause).0, Answer::State { state: RunState::Paused });
    assert!(bench.answer(first).is_none() && !bench.engine.has_work());
}
