//! The page's side of the engine: requests that are answered, events, and a worker that is replaced when it dies.
//!
//! A [`Client`] is cheap to clone. Every change of the model or the configuration through any clone is reported to
//! [`Client::subscribe_changes`], so that the page and the JavaScript API never disagree.

mod listeners;
mod persistence;
mod recovery;
mod switching;
mod watchdog;
mod worker_handle;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use futures_channel::oneshot;
use wasm_bindgen::JsValue;

use self::listeners::Listeners;
pub use self::listeners::Subscription;
use self::persistence::Persistence;
use self::recovery::Recovery;
use self::switching::Adapter;
use self::watchdog::Watchdog;
use self::worker_handle::{WorkerHandle, WorkerProgram, WorkerSignal};
use crate::error::{Cause, ClientError, WorkerFault};
use crate::shared_history::SharedHistory;
use chalkgrad_engine::data::sources;
use chalkgrad_engine::error::{Error, MessageError};
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::protocol::requests;
use chalkgrad_engine::protocol::responses::Response;
use chalkgrad_engine::protocol::{
    Answer, ArrayData, BackendInfo, Command, Effect, EngineInfo, Envelope, ErrorReport, Event, Message, ModelSummary,
    Request, RunState,
};

/// Result of a request.
type Outcome = Result<(Answer, Vec<ArrayData>), ErrorReport>;

/// A command on the way to where the last worker was, with its arrays.
type Step = (Command, Vec<ArrayData>);

/// Change of something that the page shows.
#[derive(Clone, PartialEq, Debug)]
pub enum Change {
    Model(ModelSpec, ModelSummary),
    Training(TrainingConfig),
    Backend(BackendInfo),
    Engine(EngineInfo),
    /// Weights have been written.
    Weights,
    /// Another experiment is there with its history, after the changes of model and configuration.
    Opened {
        batch_in_epoch: u32,
    },
    /// Pretrained weights serve predictions, and how many of the test images they get right; or no longer.
    Pretrained(Option<f32>),
}

/// Talks to the engine in its worker.
#[derive(Clone)]
pub struct Client {
    inner: Rc<Inner>,
}

struct Inner {
    program: WorkerProgram,
    /// The engine on WebGPU.
    gpu_program: WorkerProgram,
    adapter: Adapter,
    /// The GPU program is the one of the two that runs.
    runs_gpu: Cell<bool>,
    data_url: String,
    worker: RefCell<Option<WorkerHandle>>,
    /// Counts the workers, so that a late message of a dead one is told from its successor's.
    generation: Cell<u32>,
    link: RefCell<Link>,
    next_id: Cell<u32>,
    pending: RefCell<BTreeMap<u32, Pending>>,
    events: Listeners<(Event, Vec<ArrayData>)>,
    changes: Listeners<Change>,
    /// History of the current weights.
    history: RefCell<SharedHistory>,
    recovery: RefCell<Recovery>,
    persistence: Persistence,
    watchdog: Watchdog,
    /// Counts how often the GPU was lost.
    gpu_losses: Watchdog,
    state: Cell<RunState>,
}

/// State of the worker's start.
enum Link {
    /// It has not said [`Message::Ready`] yet, or is being brought back to where its predecessor was: requests wait.
    Starting(Vec<Envelope<Request>>),
    Up,
    /// It cannot be started; every request gets this.
    Down(ErrorReport),
}

/// Called once with the answer to a request.
type Reply = Box<dyn FnOnce(Outcome)>;

struct Pending {
    reply: Reply,
    command: Command,
}

impl Client {
    /// Starts the worker. `data_url` is the folder of the data sets, absolute.
    ///
    /// Requests may be made at once; they wait for the worker. Their answers report errors.
    fn start(program: WorkerProgram, gpu_program: WorkerProgram, adapter: Adapter, data_url: String) -> Self {
        let client = Self {
            inner: Rc::new(Inner {
                program,
                gpu_program,
                adapter,
                runs_gpu: Cell::new(adapter == Adapter::Hardware),
                data_url,
                worker: RefCell::new(None),
                generation: Cell::new(0),
                link: RefCell::new(Link::Starting(Vec::new())),
                next_id: Cell::new(1),
                pending: RefCell::default(),
                events: Listeners::default(),
                changes: Listeners::default(),
                history: RefCell::default(),
                recovery: RefCell::default(),
                persistence: Persistence::default(),
                watchdog: Watchdog::default(),
                gpu_losses: Watchdog::default(),
                state: Cell::default(),
            }),
        };
        client.spawn_worker();
        client.watch();
        client
    }

    /// Starts the worker that belongs to this page: `worker.js` and the folder `data` beside it. It runs the script that
    /// `index.html` has started in the page.
    pub fn start_for_page() -> Self {
        let base = web_sys::window()
            .and_then(|window| window.document())
            .and_then(|document| document.base_uri().ok().flatten())
            .unwrap_or_default();
        let absolute = |url: &str| web_sys::Url::new_with_base(url, &base).map_or(url.to_owned(), |url| url.href());
        let from_page = |name: &str| {
            js_sys::Reflect::get(&js_sys::global(), &"chalkgradReady".into())
                .and_then(|ready| js_sys::Reflect::get(&ready, &name.into()))
                .ok()
                .and_then(|value| value.as_string())
                .unwrap_or_default()
        };
        let script_url = from_page("script");
        // The page's script has a name that changes with the program, so that no stale GPU engine comes from a cache.
        let version = script_url.rsplit('/').next().unwrap_or_default();
        let gpu_program = WorkerProgram {
            loader_url: absolute("worker.js"),
            script_url: absolute(&format!("gpu_worker.js?{version}")),
            wasm_url: Some(absolute(&format!("gpu_worker_bg.wasm?{version}"))),
        };
        let program = WorkerProgram { loader_url: absolute("worker.js"), script_url, wasm_url: None };
        Self::start(program, gpu_program, Adapter::from_page(&from_page("adapter")), absolute("data/"))
    }

    /// Sends a request at once and returns its response. An error is what the engine reports; `worker-restarted` if the
    /// worker died before it answered; `worker-failed` if there is none.
    pub fn request<R: requests::Request>(
        &self,
        request: R,
    ) -> impl Future<Output = Result<R::Response, ErrorReport>> + use<R> {
        let (command, arrays) = request.into_parts();
        let (sender, receiver) = oneshot::channel();
        self.ask(
            command,
            arrays,
            Box::new(move |outcome| {
                // A caller that no longer waits has dropped the receiver.
                let _ = sender.send(outcome);
            }),
        );
        async move {
            let (answer, arrays) = receiver.await.unwrap_or_else(|_| Err(ClientError::NoAnswer.into()))?;
            R::Response::from_parts(answer, arrays).ok_or_else(|| Error::from(MessageError::ForeignAnswer).into())
        }
    }

    /// Sends a command and calls `reply` with its answer. `arrays` are those that the command's documentation names.
    fn ask(&self, command: Command, arrays: Vec<ArrayData>, reply: Reply) {
        let down = match &*self.inner.link.borrow() {
            Link::Down(report) => Some(report.clone()),
            Link::Starting(_) | Link::Up => None,
        };
        if let Some(report) = down {
            return reply(Err(report));
        }
        if matches!(command.effect(), Effect::Trains | Effect::ReplacesModel) {
            self.leave_pretrained();
        }
        if let Command::SetBackend { choice, .. } = &command
            && self.needs_other_engine(*choice)
        {
            return self.switch(command, reply);
        }
        let envelope = self.register(reply, command, arrays);
        match &mut *self.inner.link.borrow_mut() {
            Link::Starting(queue) => return queue.push(envelope),
            Link::Up | Link::Down(_) => {}
        }
        self.post(&envelope);
    }

    /// Calls `handler` for every event, with its arrays, until the subscription is dropped.
    pub fn subscribe(&self, handler: impl Fn(&Event, &[ArrayData]) + 'static) -> Subscription {
        self.inner.events.add(move |(event, arrays)| handler(event, arrays))
    }

    /// Calls `handler` whenever model, configuration, backend or engine changed, until the subscription is dropped.
    pub fn subscribe_changes(&self, handler: impl Fn(&Change) + 'static) -> Subscription {
        self.inner.changes.add(handler)
    }

    /// Calls `handler` if the engine cannot be started, or no longer kept running.
    pub fn on_failure(&self, handler: impl Fn(&ErrorReport) + 'static) {
        let down = match &*self.inner.link.borrow() {
            Link::Down(error) => Some(error.clone()),
            Link::Starting(_) | Link::Up => None,
        };
        if let Some(error) = down {
            handler(&error);
        }
        let handler = move |event: &Event, _: &[ArrayData]| match event {
            Event::Error(error) if error.code == "worker-failed" => handler(error),
            _ => {}
        };
        self.subscribe(handler).forever();
    }

    /// Returns the state that the engine reported last.
    pub fn state(&self) -> RunState {
        self.inner.state.get()
    }

    /// Returns the history of the current weights.
    pub fn history(&self) -> SharedHistory {
        self.inner.history.borrow().clone()
    }

    /// Returns the shape of an input of the data set in use, as far as the page has heard.
    pub fn input_shape(&self) -> Option<Vec<usize>> {
        let recovery = self.inner.recovery.borrow();
        let training = recovery.training()?;
        let info = sources::find(&training.dataset)?.info();
        Some(info.with_text(training.text).schema.input.shape)
    }

    /// Sends past the queue: the handshake and what brings a new worker to where the old one was.
    fn send_first(&self, command: Command, arrays: Vec<ArrayData>, reply: Reply) {
        let envelope = self.register(reply, command, arrays);
        self.post(&envelope);
    }

    fn register(&self, reply: Reply, command: Command, arrays: Vec<ArrayData>) -> Envelope<Request> {
        let id = self.inner.next_id.get();
        self.inner.next_id.set(id.wrapping_add(1));
        self.inner.recovery.borrow_mut().sent(id, &command);
        self.inner.pending.borrow_mut().insert(id, Pending { reply, command: command.clone() });
        Envelope { message: Request { id, command }, arrays }
    }

    fn post(&self, envelope: &Envelope<Request>) {
        let posted = match &*self.inner.worker.borrow() {
            Some(worker) => worker.post(envelope),
            None => Err(ClientError::NoWorker.into()),
        };
        let Err(error) = posted else { return };
        let pending = self.inner.pending.borrow_mut().remove(&envelope.message.id);
        if let Some(pending) = pending {
            (pending.reply)(Err(error));
        }
    }

    fn spawn_worker(&self) {
        let generation = self.inner.generation.get().wrapping_add(1);
        self.inner.generation.set(generation);
        self.inner.watchdog.reset();
        let weak = Rc::downgrade(&self.inner);
        let program = if self.inner.runs_gpu.get() { &self.inner.gpu_program } else { &self.inner.program };
        let spawned = WorkerHandle::spawn(program, generation, move |signal| {
            if let Some(inner) = weak.upgrade()
                && inner.generation.get() == generation
            {
                Client { inner }.receive(signal);
            }
        });
        match spawned {
            Ok(worker) => *self.inner.worker.borrow_mut() = Some(worker),
            Err(error) => self.give_up(error),
        }
    }

    fn receive(&self, signal: WorkerSignal) {
        let envelope = match signal {
            WorkerSignal::Message(envelope) => envelope,
            WorkerSignal::Died(fault) => return self.replace_worker(fault),
        };
        self.inner.watchdog.heard();
        match envelope.message {
            Message::Ready => {
                let steps = self.inner.recovery.borrow().steps(&self.inner.data_url);
                self.bring_up(steps.into(), Vec::new(), false);
            }
            Message::Reply { id, mut result } => {
                let mut arrays = envelope.arrays;
                match &mut result {
                    Ok(Answer::Engine(engine)) => self.complete_info(engine),
                    Ok(Answer::History(run)) => self.complete_run(id, run, &mut arrays),
                    _ => {}
                }
                let pending = self.inner.pending.borrow_mut().remove(&id);
                let Some(pending) = pending else { return };
                self.inner.recovery.borrow_mut().replied(id);
                if let Ok(answer) = &result {
                    self.note(&pending.command, answer);
                }
                (pending.reply)(result.map(|answer| (answer, arrays)));
            }
            Message::Event(Event::Error(error)) if error.code == "worker-died" => {
                self.replace_worker(WorkerFault::Crashed { details: error.message });
            }
            Message::Event(Event::Error(error)) if self.leaves_gpu(&error) => {}
            Message::Event(event) => self.pass_on(event, envelope.arrays),
        }
    }

    fn pass_on(&self, event: Event, arrays: Vec<ArrayData>) {
        if let Event::State { state } = &event {
            self.inner.state.set(*state);
        }
        self.inner.recovery.borrow_mut().saw(&event, &arrays);
        self.inner.history.borrow_mut().extend(&event, &arrays);
        self.inner.events.call(&(event, arrays));
    }

    /// Notes what a successful command changed, and tells those who want to know.
    fn note(&self, command: &Command, answer: &Answer) {
        self.inner.recovery.borrow_mut().answered(command, answer);
        self.inner.persistence.answered(answer);
        if let Answer::Training(config) = answer
            && config.dataset != TrainingConfig::default().dataset
        {
            // The pretrained network knows digits only.
            self.leave_pretrained();
        }
        // A worker that is still starting gets the model of the last one, whose weights and history go on.
        let is_restoring = matches!(&*self.inner.link.borrow(), Link::Starting(_));
        if !is_restoring && matches!(command, Command::SetModel { .. } | Command::Reset) {
            self.inner.recovery.borrow_mut().forget_progress();
            self.inner.history.take();
        }
        let change = match (command, answer) {
            (Command::SetModel { spec, .. }, Answer::Summary(summary)) => Change::Model(spec.clone(), summary.clone()),
            (Command::SetTraining { .. }, Answer::Training(config)) => Change::Training(config.clone()),
            (Command::SetBackend { .. }, Answer::Backend(backend)) => Change::Backend(backend.clone()),
            (Command::Init { .. }, Answer::Engine(engine)) => Change::Engine(engine.clone()),
            (Command::SetTensor { .. } | Command::Reset, _) => Change::Weights,
            _ => return,
        };
        self.inner.changes.call(&change);
    }

    /// Does the handshake with a new worker and, after a restart, restores the state of the old one step by step. A
    /// model may fit only the configuration that comes after it, or the reverse, so refused steps are tried once more
    /// after the others.
    fn bring_up(&self, mut steps: VecDeque<Step>, mut refused: Vec<Step>, is_last_try: bool) {
        let Some((command, arrays)) = steps.pop_front() else {
            return if refused.is_empty() { self.go_up() } else { self.bring_up(refused.into(), Vec::new(), true) };
        };
        let generation = self.inner.generation.get();
        let client = self.clone();
        let step = (command.clone(), arrays.clone());
        self.send_first(
            command,
            arrays,
            Box::new(move |outcome| {
                if client.inner.generation.get() != generation {
                    return;
                }
                match outcome {
                    Ok(_) => {}
                    Err(error) if is_last_try => {
                        let warning = ClientError::NotRestored { cause: Cause::from(&error) };
                        client.warn(ErrorReport { code: error.code, ..warning.into() });
                    }
                    Err(_) => refused.push(step),
                }
                client.bring_up(steps, refused, is_last_try);
            }),
        );
    }

    /// Sends the waiting requests, now that the worker is ready.
    fn go_up(&self) {
        let queue = match self.inner.link.replace(Link::Up) {
            Link::Starting(queue) => queue,
            Link::Up | Link::Down(_) => Vec::new(),
        };
        let resume = self.inner.recovery.borrow_mut().take_unfinished();
        if let Some(command) = resume {
            // No caller waits for this request any more; events report its progress.
            self.send_first(command, Vec::new(), Box::new(drop));
        }
        for envelope in &queue {
            self.post(envelope);
        }
        // Behind requests that may have named another data set, so that only that one is fetched.
        self.send_first(Command::FetchData, Vec::new(), Box::new(drop));
    }

    fn replace_worker(&self, fault: WorkerFault) {
        if let Some(worker) = self.inner.worker.borrow_mut().take() {
            worker.terminate();
        }
        // A caller that now learns of the failure sends its next request to a new worker.
        self.inner.generation.set(self.inner.generation.get().wrapping_add(1));
        let ever_up = self.inner.recovery.borrow().was_up();
        let queue = match self.inner.link.replace(Link::Starting(Vec::new())) {
            Link::Starting(queue) => queue,
            Link::Up => Vec::new(),
            down @ Link::Down(_) => {
                self.inner.link.replace(down);
                return;
            }
        };
        self.forget_pretrained();
        if !self.inner.watchdog.may_restart() {
            return self.give_up(ClientError::NotKeptRunning { fault }.into());
        }
        // Requests that were sent are lost with the worker; those still in the queue go to the next one.
        let queued: Vec<u32> = queue.iter().map(|envelope| envelope.message.id).collect();
        self.inner.link.replace(Link::Starting(queue));
        let lost = self.inner.recovery.borrow().lost_work();
        let restarted = ErrorReport::from(ClientError::Restarted { fault, lost });
        let goes_on = self.inner.recovery.borrow_mut().prepare_restart(&queued);
        self.forget_lost_steps();
        self.reject_pending(&restarted, &queued);
        self.spawn_worker();
        if !goes_on {
            self.pass_on(Event::State { state: RunState::Stopped }, Vec::new());
        }
        if ever_up {
            self.warn(restarted);
        }
    }

    fn give_up(&self, error: ErrorReport) {
        self.inner.link.replace(Link::Down(error.clone()));
        self.reject_pending(&error, &[]);
        self.pass_on(Event::State { state: RunState::Failed }, Vec::new());
        self.pass_on(Event::Error(error), Vec::new());
    }

    fn reject_pending(&self, error: &ErrorReport, but: &[u32]) {
        for (id, pending) in self.inner.pending.take() {
            if but.contains(&id) {
                self.inner.pending.borrow_mut().insert(id, pending);
            } else {
                (pending.reply)(Err(error.clone()));
            }
        }
    }

    fn warn(&self, warning: ErrorReport) {
        self.pass_on(Event::Warning(warning), Vec::new());
    }

    /// Looks every few seconds whether a worker from which something is expected still answers.
    fn watch(&self) {
        let weak = Rc::downgrade(&self.inner);
        self.inner.watchdog.start(move || {
            let Some(inner) = weak.upgrade() else { return };
            let client = Client { inner };
            let inner = &client.inner;
            let starting = matches!(&*inner.link.borrow(), Link::Starting(_));
            let expects = starting || !inner.pending.borrow().is_empty() || inner.state.get() == RunState::Training;
            if inner.worker.borrow().is_none() || !expects {
                return inner.watchdog.reset();
            }
            if inner.watchdog.tick() {
                client.replace_worker(WorkerFault::Silent);
            } else if !starting && inner.watchdog.is_suspicious() {
                client.send_first(Command::Ping, Vec::new(), Box::new(drop));
            }
        });
    }
}

/// Returns the message of a JavaScript exception.
fn describe(error: &JsValue) -> String {
    js_sys::Reflect::get(error, &"message".into())
        .ok()
        .and_then(|message| message.as_string())
        .or_else(|| error.as_string())
        .unwrap_or_else(|| "unknown error".to_owned())
}
