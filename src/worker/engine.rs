//! The engine: a session, what it has been asked for, and what it has to say.

use super::evaluations::Evaluations;
use super::run::Run;
use super::samples::SampleRequest;
use crate::data::{Dataset, DatasetInfo, Part};
use crate::error::{Error, Result};
use crate::protocol::{
    Answer, BackendAvailability, BackendChoice, BackendInfo, Bulk, Command, DataProgress, EngineInfo, Envelope,
    ErrorReport, Event, Message, Request, RunState,
};
use crate::train::{Goal, Pixels, Progress, Session};

/// How long one [`Engine::turn`] lasts at most, but for a kernel that has begun. Commands are read between turns.
const TURN_MS: f64 = 12.0;

/// How long a step that has begun may take until its end before a command that would rather see it done goes on without.
const SETTLE_MS: f64 = 40.0;

/// At most 30 batch events a second.
const BATCH_EVENT_MS: f64 = 1000.0 / 30.0;

/// No snapshot when a run begins or ends, if the last one is younger.
const SNAPSHOT_MS: f64 = 1000.0;

/// At most so many download events a second.
const DATA_EVENT_MS: f64 = 100.0;

/// The session behind messages. Times are in milliseconds of any clock that only goes forward.
pub struct Engine {
    session: Session,
    state: RunState,
    run: Option<Run>,
    paused: bool,
    /// The images for the next step have not arrived.
    waiting: bool,
    /// The session is in the middle of a step or an evaluation.
    midway: bool,
    evaluations: Evaluations,
    /// Requests for sample images that wait for the first shard.
    samples: Vec<(u32, SampleRequest)>,
    download: Download,
    outbox: Vec<Envelope<Message>>,
    last_batch_ms: f64,
    last_snapshot_ms: f64,
    /// Weights have changed since the last snapshot.
    changed: bool,
}

/// How the data set's download stands.
#[derive(Default)]
struct Download {
    /// Somebody has to start it.
    wanted: bool,
    url: Option<String>,
    progress: DataProgress,
    error: Option<Error>,
    last_event_ms: f64,
}

impl Engine {
    /// # Errors
    /// As [`Session::new`].
    pub fn new() -> Result<Self> {
        Ok(Self::with(Session::new()?))
    }

    pub fn with(session: Session) -> Self {
        Self {
            session,
            state: RunState::Idle,
            run: None,
            paused: false,
            waiting: false,
            midway: false,
            evaluations: Evaluations::default(),
            samples: Vec::new(),
            download: Download::default(),
            outbox: vec![Envelope::new(Message::Ready)],
            last_batch_ms: f64::NEG_INFINITY,
            last_snapshot_ms: f64::NEG_INFINITY,
            changed: true,
        }
    }

    /// What has to be posted, in order.
    pub fn take_outbox(&mut self) -> Vec<Envelope<Message>> {
        std::mem::take(&mut self.outbox)
    }

    /// Whether [`Engine::turn`] has something to do.
    pub fn has_work(&self) -> bool {
        self.may_train() || self.evaluations.is_ready(self.session.dataset(), self.session.training())
    }

    /// Carries out a command. Its answer is in the outbox, at once or, for a run or an evaluation, when it ends.
    pub fn handle(&mut self, request: Envelope<Request>, clock: &dyn Fn() -> f64) {
        let Envelope { message: Request { id, command }, arrays } = request;
        match self.carry_out(id, command, arrays, clock) {
            Ok(Some((answer, arrays))) => self.reply(id, Ok(answer), arrays),
            Ok(None) => {}
            Err(error) => self.reply(id, Err(error.into()), Vec::new()),
        }
    }

    /// The answer, or `None` if it comes later.
    fn carry_out(
        &mut self,
        id: u32,
        command: Command,
        arrays: Vec<Bulk>,
        clock: &dyn Fn() -> f64,
    ) -> Result<Option<(Answer, Vec<Bulk>)>> {
        let answer = match command {
            Command::Hello { data_url } => {
                if self.download.url.is_none() {
                    self.download.url = Some(data_url);
                    self.download.wanted = true;
                }
                Answer::Engine(engine_info())
            }
            Command::SetBackend { choice, workers } => {
                check_backend(choice, workers)?;
                Answer::Backend(backend_info())
            }
            Command::SetModel { spec } => {
                let summary = self.session.set_model(&spec)?;
                self.begin_anew(clock());
                Answer::Summary(summary)
            }
            Command::GetModel => Answer::Model(self.session.model().clone()),
            Command::SetTraining { config } => {
                self.session.set_training(config)?;
                self.midway = false;
                self.waiting = false;
                self.changed = true;
                Answer::Training(self.session.training().clone())
            }
            Command::GetTraining => Answer::Training(self.session.training().clone()),
            Command::Train { epochs, steps } => {
                self.start(id, epochs, steps, clock())?;
                return Ok(None);
            }
            Command::Pause => {
                self.settle(clock);
                self.pause(clock());
                Answer::State { state: self.state }
            }
            Command::Resume => {
                self.resume(clock());
                Answer::State { state: self.state }
            }
            Command::Stop => {
                self.settle(clock);
                self.end_run(RunState::Stopped, None, clock());
                Answer::State { state: self.state }
            }
            Command::Reset => {
                self.session.reset();
                self.begin_anew(clock());
                Answer::Done
            }
            Command::Evaluate { split, samples } => {
                self.session.start_evaluation(split, samples)?;
                self.evaluations.push(id, split, samples);
                self.retry_download();
                self.show_state();
                return Ok(None);
            }
            Command::Predict => {
                let pixels = match one_array(arrays)? {
                    Bulk::U8(pixels) => Pixels::U8(pixels),
                    Bulk::F32(pixels) => Pixels::F32(pixels),
                };
                let (probabilities, classes) = self.session.predict(pixels)?;
                return Ok(Some((Answer::Probabilities { classes: classes as u32 }, vec![Bulk::F32(probabilities)])));
            }
            Command::TensorNames => Answer::Names(self.session.tensor_names()),
            Command::Tensor { name } => {
                self.settle(clock);
                let tensor = self.session.tensor(&name)?;
                let shape = tensor.shape().dims().to_vec();
                return Ok(Some((Answer::Tensor { shape }, vec![Bulk::F32(tensor.into_words())])));
            }
            Command::SetTensor { name } => {
                let Bulk::F32(values) = one_array(arrays)? else {
                    return Err(Error::new("bad-argument", name).expected("a Float32Array").got("an array of bytes"));
                };
                self.settle(clock);
                self.session.set_tensor(&name, values)?;
                self.changed = true;
                Answer::Done
            }
            Command::Samples { split, label, count, seed } => {
                let request = SampleRequest { split, label, count, seed };
                request.check(self.session.dataset())?;
                self.samples.push((id, request));
                self.answer_samples();
                return Ok(None);
            }
            Command::RetryData => {
                self.retry_download();
                Answer::Done
            }
            Command::Ping => Answer::Done,
            Command::Restore { snapshot } => {
                let arrays = arrays
                    .into_iter()
                    .map(|array| match array {
                        Bulk::F32(values) => Ok(values),
                        Bulk::U8(_) => Err(Error::new("bad-argument", "snapshot").expected("arrays of f32")),
                    })
                    .collect::<Result<Vec<_>>>()?;
                self.session.restore(&snapshot, arrays)?;
                self.begin_anew(clock());
                Answer::Done
            }
        };
        Ok(Some((answer, Vec::new())))
    }

    /// Works for a while.
    pub fn turn(&mut self, clock: &dyn Fn() -> f64) {
        let deadline_ms = clock() + TURN_MS;
        while self.has_work() && clock() < deadline_ms {
            let progress = self.session.advance(&mut || clock() < deadline_ms);
            let out_of_time = matches!(progress, Ok(Progress::OutOfTime));
            self.absorb(progress, clock());
            if out_of_time {
                break;
            }
        }
    }

    fn absorb(&mut self, progress: Result<Progress>, now_ms: f64) {
        self.midway = matches!(progress, Ok(Progress::OutOfTime));
        match progress {
            Ok(Progress::OutOfTime) => {}
            Ok(Progress::Step(report)) => {
                self.changed = true;
                if let Some(run) = &mut self.run {
                    run.step(report, now_ms);
                    if now_ms - self.last_batch_ms >= BATCH_EVENT_MS {
                        self.flush_batch(now_ms);
                    }
                }
            }
            Ok(Progress::Epoch(report)) => {
                self.flush_batch(now_ms);
                let report = match &mut self.run {
                    Some(run) => run.epoch(report, now_ms),
                    None => report,
                };
                self.event(Event::Epoch(report));
                self.post_snapshot(now_ms);
            }
            Ok(Progress::Evaluated(evaluation, confusion)) => {
                if let Some(id) = self.evaluations.pop() {
                    self.reply(id, Ok(Answer::Evaluation(evaluation)), vec![Bulk::F32(confusion)]);
                }
                if let Some(run) = &mut self.run
                    && !self.paused
                {
                    run.mark(now_ms);
                }
                self.show_state();
            }
            Ok(Progress::WaitingForData) => {
                self.waiting = true;
                if let Some(run) = &mut self.run {
                    run.halt(now_ms);
                }
                match self.download.error.clone() {
                    Some(error) => self.fail_run(error, now_ms),
                    None => self.show_state(),
                }
            }
            Ok(Progress::Finished) => self.end_run(RunState::Done, None, now_ms),
            Ok(Progress::Idle) => {
                // The session has nothing to do, so whoever still waits would wait forever.
                while !self.evaluations.is_empty() {
                    if let Some(id) = self.evaluations.pop() {
                        let error = Error::new("evaluation-dropped", "evaluate").got("a model that was replaced");
                        self.reply(id, Err(error.into()), Vec::new());
                    }
                }
                self.end_run(RunState::Stopped, None, now_ms);
            }
            Err(error) if self.run.is_some() && !self.session.is_running() => self.fail_run(error, now_ms),
            Err(error) => {
                if let Some(id) = self.evaluations.pop() {
                    self.reply(id, Err(error.into()), Vec::new());
                } else {
                    self.event(Event::Error(error.into()));
                }
                self.show_state();
            }
        }
    }

    fn start(&mut self, id: u32, epochs: Option<u32>, steps: Option<u32>, now_ms: f64) -> Result<()> {
        if self.run.is_some() {
            return Err(Error::new("already-training", "train")
                .expected("no run under way")
                .got(if self.paused { "one that is paused" } else { "one that goes on" })
                .hint("Wait for it, or stop it first."));
        }
        // Reports of a step that a stopped run had left behind belong to nobody.
        loop {
            match self.peek() {
                Ok(Progress::Step(_) | Progress::Epoch(_)) => {}
                Ok(Progress::OutOfTime | Progress::WaitingForData | Progress::Finished | Progress::Idle) => break,
                other => self.absorb(other, now_ms),
            }
        }
        self.session.start(Goal { epochs, steps })?;
        // Without a goal of its own a run takes the configured epochs.
        let configured = (epochs, steps) == (None, None);
        let epochs = if configured { Some(self.session.training().epochs) } else { epochs };
        self.retry_download();
        if now_ms - self.last_snapshot_ms >= SNAPSHOT_MS {
            self.post_snapshot(now_ms);
        }
        self.run = Some(Run::new(id, Goal { epochs, steps }, now_ms));
        (self.paused, self.waiting) = (false, false);
        self.show_state();
        Ok(())
    }

    fn pause(&mut self, now_ms: f64) {
        if let Some(run) = &mut self.run
            && !self.paused
        {
            self.paused = true;
            run.halt(now_ms);
            self.flush_batch(now_ms);
            self.show_state();
        }
    }

    fn resume(&mut self, now_ms: f64) {
        if let Some(run) = &mut self.run
            && self.paused
        {
            self.paused = false;
            self.waiting = false;
            run.mark(now_ms);
            self.retry_download();
            self.show_state();
        }
    }

    fn fail_run(&mut self, error: Error, now_ms: f64) {
        self.event(Event::Error(error.clone().into()));
        self.end_run(RunState::Failed, Some(error), now_ms);
    }

    /// Ends the run, if there is one, and answers its request.
    fn end_run(&mut self, state: RunState, error: Option<Error>, now_ms: f64) {
        if self.run.is_none() {
            return;
        }
        self.flush_batch(now_ms);
        self.session.stop();
        (self.paused, self.waiting) = (false, false);
        if now_ms - self.last_snapshot_ms >= SNAPSHOT_MS {
            self.post_snapshot(now_ms);
        }
        if let Some(run) = self.run.take() {
            self.set_state(state);
            let id = run.request_id;
            match error {
                Some(error) => self.reply(id, Err(error.into()), Vec::new()),
                None => {
                    let (history, losses) = run.finish(state, now_ms);
                    self.reply(id, Ok(Answer::History(history)), vec![Bulk::F32(losses)]);
                }
            }
        }
    }

    /// The model is another one now, or stands elsewhere; a run on the old one has ended.
    fn begin_anew(&mut self, now_ms: f64) {
        self.midway = false;
        self.changed = true;
        self.end_run(RunState::Stopped, None, now_ms);
    }

    /// Lets a step that has begun come to its end, unless it takes long, so that what is read is of one step.
    fn settle(&mut self, clock: &dyn Fn() -> f64) {
        if !self.midway || !self.evaluations.is_empty() {
            return;
        }
        let deadline_ms = clock() + SETTLE_MS;
        let progress = self.session.advance(&mut || clock() < deadline_ms);
        let stepped = matches!(progress, Ok(Progress::Step(_)));
        self.absorb(progress, clock());
        if stepped {
            // The step may have been the last of an epoch or of the run.
            while let Ok(progress @ (Progress::Epoch(_) | Progress::Finished)) = self.peek() {
                self.absorb(Ok(progress), clock());
            }
        }
    }

    /// A report that is there already, without any work.
    fn peek(&mut self) -> Result<Progress> {
        let progress = self.session.advance(&mut || false);
        self.midway = matches!(progress, Ok(Progress::OutOfTime));
        progress
    }

    fn may_train(&self) -> bool {
        self.run.is_some() && !self.paused && !self.waiting
    }

    fn show_state(&mut self) {
        let state = match (&self.run, self.paused, self.waiting) {
            (Some(_), true, _) => RunState::Paused,
            (Some(_), _, true) => RunState::Waiting,
            (Some(_), ..) => RunState::Training,
            (None, ..) if !self.evaluations.is_empty() => RunState::Evaluating,
            (None, ..) if self.state == RunState::Evaluating => RunState::Idle,
            (None, ..) => self.state,
        };
        self.set_state(state);
    }

    fn set_state(&mut self, state: RunState) {
        if self.state != state {
            self.state = state;
            self.event(Event::State { state });
        }
    }

    fn flush_batch(&mut self, now_ms: f64) {
        if let Some((report, losses)) = self.run.as_mut().and_then(Run::batch) {
            self.last_batch_ms = now_ms;
            let message = Message::Event(Event::Batch(report));
            self.outbox.push(Envelope { message, arrays: vec![Bulk::F32(losses)] });
        }
    }

    fn post_snapshot(&mut self, now_ms: f64) {
        if !self.changed {
            return;
        }
        match self.session.snapshot() {
            Ok((info, arrays)) => {
                self.changed = false;
                self.last_snapshot_ms = now_ms;
                let arrays = arrays.into_iter().map(Bulk::F32).collect();
                self.outbox.push(Envelope { message: Message::Event(Event::Snapshot(info)), arrays });
            }
            Err(error) => self.event(Event::Warning(error.into())),
        }
    }

    fn answer_samples(&mut self) {
        let mut kept = Vec::new();
        for (id, request) in std::mem::take(&mut self.samples) {
            let (dataset, config) = (self.session.dataset(), self.session.training());
            let (height, width) = (dataset.info().height as u32, dataset.info().width as u32);
            match (request.draw(dataset, config), &self.download.error) {
                (Some(samples), _) => {
                    let answer = Answer::Samples { labels: samples.labels, height, width };
                    self.reply(id, Ok(answer), vec![Bulk::U8(samples.pixels)]);
                }
                (None, Some(error)) => self.reply(id, Err(error.clone().into()), Vec::new()),
                (None, None) => kept.push((id, request)),
            }
        }
        self.samples = kept;
    }

    fn event(&mut self, event: Event) {
        self.outbox.push(Envelope::new(Message::Event(event)));
    }

    fn reply(&mut self, id: u32, result: Result<Answer, ErrorReport>, arrays: Vec<Bulk>) {
        self.outbox.push(Envelope { message: Message::Reply { id, result }, arrays });
    }
}

/// The data set's arrival.
impl Engine {
    /// The URL to load from, if the download has to be started; asked once.
    pub fn take_download_request(&mut self) -> Option<String> {
        std::mem::take(&mut self.download.wanted).then(|| self.download.url.clone()).flatten()
    }

    pub fn dataset(&self) -> &Dataset {
        self.session.dataset()
    }

    /// The data set is described; memory is taken for all of it, so that it does not grow during training.
    ///
    /// # Errors
    /// `bad-data` if images have arrived already and the description is another one.
    pub fn set_dataset_info(&mut self, info: DatasetInfo) -> Result<()> {
        let dataset = self.session.dataset_mut();
        if *dataset.info() != info {
            if dataset.train_images() + dataset.test_images() > 0 {
                return Err(Error::new("bad-data", info.name).expected("the same data set as before"));
            }
            let train_total = info.train_total as u32;
            *dataset = Dataset::new(info);
            let mut config = self.session.training().clone();
            if config.train_samples > train_total {
                config.train_samples = train_total;
                self.session.set_training(config)?;
            }
        }
        self.session.dataset_mut().reserve();
        Ok(())
    }

    pub fn bytes_arrived(&mut self, loaded_bytes: f64, total_bytes: f64, now_ms: f64) {
        self.download.progress.loaded_bytes = loaded_bytes;
        self.download.progress.total_bytes = total_bytes;
        if now_ms - self.download.last_event_ms >= DATA_EVENT_MS {
            self.download.last_event_ms = now_ms;
            self.post_download();
        }
    }

    /// # Errors
    /// As [`Dataset::add`].
    pub fn shard_arrived(&mut self, part: Part, pixels: &[u8], labels: &[u8], now_ms: f64) -> Result<()> {
        self.session.dataset_mut().add(part, pixels, labels)?;
        if self.waiting {
            self.waiting = false;
            if let Some(run) = &mut self.run
                && !self.paused
            {
                run.mark(now_ms);
            }
            self.show_state();
        }
        self.answer_samples();
        self.post_download();
        Ok(())
    }

    /// The download is over, for good or with an error. What waits for images that do not come is told.
    pub fn download_ended(&mut self, result: Result<()>, now_ms: f64) {
        let Err(error) = result else { return };
        self.download.error = Some(error.clone());
        self.download.progress.error = Some(error.clone().into());
        self.post_download();
        let unready = self.evaluations.take_unready(self.session.dataset(), self.session.training());
        for id in unready {
            self.reply(id, Err(error.clone().into()), Vec::new());
        }
        self.answer_samples();
        if self.waiting && !self.paused {
            self.fail_run(error, now_ms);
        }
        self.show_state();
    }

    /// Starts the download again if it failed.
    fn retry_download(&mut self) {
        if self.download.error.take().is_some() {
            self.download.progress.error = None;
            self.download.wanted = true;
            self.post_download();
        }
    }

    fn post_download(&mut self) {
        let dataset = self.session.dataset();
        let progress = &mut self.download.progress;
        progress.train_images = dataset.train_images() as u32;
        progress.test_images = dataset.test_images() as u32;
        progress.complete = dataset.is_complete();
        let progress = progress.clone();
        self.event(Event::Data(progress));
    }
}

fn one_array(arrays: Vec<Bulk>) -> Result<Bulk> {
    let count = arrays.len();
    let mut arrays = arrays.into_iter();
    match (arrays.next(), arrays.next()) {
        (Some(array), None) => Ok(array),
        _ => Err(Error::new("bad-argument", "arrays").expected("one array").got(count.to_string())),
    }
}

fn check_backend(choice: BackendChoice, workers: Option<u32>) -> Result<()> {
    if choice == BackendChoice::Webgpu {
        return Err(Error::new("backend-unavailable", "webgpu")
            .expected("a backend that this version has")
            .got("one that is not built in yet")
            .hint("Choose \"cpu\" or \"auto\"."));
    }
    if workers == Some(0) {
        return Err(Error::new("bad-argument", "workers").expected("at least 1").got("0"));
    }
    Ok(())
}

fn backend_info() -> BackendInfo {
    BackendInfo {
        backend: "cpu".to_owned(),
        detail: "CPU with WebAssembly SIMD, one worker: WebGPU and more workers are not built into this version."
            .to_owned(),
        workers: 1,
    }
}

fn engine_info() -> EngineInfo {
    let backend = |name: &str, available, detail: &str| BackendAvailability {
        name: name.to_owned(),
        available,
        detail: detail.to_owned(),
    };
    EngineInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        backend: backend_info(),
        backends: vec![
            backend("cpu", true, "WebAssembly SIMD, one worker"),
            backend("webgpu", false, "Not built in yet"),
        ],
        datasets: vec!["mnist".to_owned()],
    }
}
