//! Application state as signals, and the requests to the engine.

use std::cell::{Cell, RefCell};
use std::ops::Deref;

use super::autosave::{Destination, Saved};
use super::browser::{after_ms, cancel, forget, remember, remembered};
use super::checked::ValidatedModel;
use super::curves::Curves;
use super::dock::Dock;
use super::format;
use super::history::{History, LayerId};
use super::input::Input;
use super::live::Live;
use super::text::{locale, t, t_once, t_with};
use super::watch::Watch;
use crate::client::{Change, Client, Outcome};
use crate::error::PageError;
use chalkgrad_engine::checkpoint::Course;
use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec, TrainingConfig};
use chalkgrad_engine::model::training::trained_samples;
use chalkgrad_engine::protocol::{
    Answer, ArrayData, BackendInfo, BatchReport, Command, DataProgress, EpochReport, ErrorReport, Evaluation, Event,
    RunState, Split, StopRule,
};

/// Key of the stored preference that training continues while the page is hidden.
const TRAINS_HIDDEN: &str = "chalkgrad.trains-hidden";

/// Classes of the data set.
pub const CLASSES: usize = 10;

/// A message that stays until it is dismissed or its cause is gone.
#[derive(Clone, PartialEq, Debug)]
pub struct Notice {
    pub id: u32,
    pub kind: NoticeKind,
    pub report: ErrorReport,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoticeKind {
    Warning,
    Error,
    /// Nothing is wrong.
    Note,
    /// The data set could not be had: offers to try again.
    Data,
}

/// The last evaluation on the test images.
#[derive(Clone, PartialEq, Debug)]
pub struct TestResult {
    pub evaluation: Evaluation,
    /// `confusion[true][predicted]`, row by row.
    pub confusion: Vec<f32>,
    /// Per image: its class, the predicted one if there is an answer, and the score of that.
    pub labels: Vec<u8>,
    pub predicted: Vec<Option<u32>>,
    pub confidence: Vec<f32>,
    /// Steps that the network had been trained.
    pub step: u32,
}

/// Open layer menu.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AddMenu {
    /// Index of the new layer.
    pub index: usize,
    /// Edges of the button that opened it, in pixels of the window: left, top, bottom.
    pub anchor: [f64; 3],
}

/// Copied freely: it is a handle.
#[derive(Clone, Copy)]
pub struct State(&'static Store);

impl Deref for State {
    type Target = Store;

    fn deref(&self) -> &Store {
        self.0
    }
}

/// Application state. There is one instance, which lives as long as the page.
pub struct Store {
    /// Changed by [`State::edit`] only.
    pub history: Live<History>,
    pub checked: Live<ValidatedModel>,
    pub selected: Live<Option<LayerId>>,
    /// View of the selected layer; it stays when another layer is selected.
    pub view: Live<&'static str>,
    pub add_menu: Live<Option<AddMenu>>,
    /// The engine's error for a model that the page considered valid.
    pub refusal: Live<Option<ErrorReport>>,
    /// As the engine has it.
    pub training: Live<TrainingConfig>,
    /// Input of the network.
    pub input: Input,
    /// Invalid or incomplete texts in the training form, by field name.
    pub typed: Live<Vec<(&'static str, String)>>,
    pub run: Live<RunState>,
    /// The rule that ended the last run.
    pub stopped_by: Live<Option<StopRule>>,
    /// Runs started on the page pause while the page is hidden.
    pub pauses_hidden: Live<bool>,
    /// The page has started the run, not a script.
    is_own_run: Cell<bool>,
    /// How long training rests after each step.
    pub step_delay_ms: Live<u32>,
    /// GPU kernels compiled so far, and in total.
    pub kernels: Live<(u32, u32)>,
    /// The run pauses because the page is hidden.
    is_hidden_pause: Cell<bool>,
    pub is_evaluating: Live<bool>,
    pub batch: Live<Option<BatchReport>>,
    pub epoch: Live<Option<EpochReport>>,
    pub data: Live<DataProgress>,
    pub backend: Live<Option<BackendInfo>>,
    pub result: Live<Option<TestResult>>,
    /// Counts the results, so that views tell one from the next.
    pub result_number: Cell<u32>,
    pub notices: Live<Vec<Notice>>,
    /// Experiments of earlier visits and closed tabs, until they are taken up or dismissed.
    pub offers: Live<Vec<Saved>>,
    pub destination: Destination,
    /// While pretrained weights answer: the share of the test images that they get right.
    pub pretrained: Live<Option<f32>>,
    /// For screen readers: once per epoch and for results, never per batch.
    pub announcement: Live<String>,
    pub curves: Live<Curves>,
    pub dock: Dock,
    /// Counts the changes of the weights that a prediction should follow.
    pub weights_version: Live<u32>,
    /// The page is a single column, as on a phone.
    pub is_narrow: Live<bool>,
    /// The panels are stacked: none stands beside the dock.
    pub is_stacked: Live<bool>,
    pub is_dark: Live<bool>,
    pub watch: Watch,
    /// The layer whose card is being dragged, and the gap into which it would go.
    pub dragged: Live<Option<LayerId>>,
    pub drop_gap: Live<Option<usize>>,
    client: Client,
    sent_model: RefCell<ModelSpec>,
    /// Layers of the engine's model.
    engine_layers: RefCell<Vec<LayerId>>,
    pending_model: Cell<Option<i32>>,
    next_notice: Cell<u32>,
}

impl State {
    /// Makes the state of the page, which lives as long as the page.
    pub fn new(client: Client) -> Self {
        let model = ModelSpec::reference_cnn();
        let history = History::new(&model);
        let checked = ValidatedModel::new(history.draft(), CLASSES);
        let engine_layers = history.ids();
        Self(Box::leak(Box::new(Store {
            history: Live::new(history),
            checked: Live::new(checked),
            selected: Live::new(None),
            view: Live::new("settings"),
            add_menu: Live::new(None),
            refusal: Live::new(None),
            training: Live::new(TrainingConfig::default()),
            input: Input::default(),
            typed: Live::new(Vec::new()),
            run: Live::new(RunState::Idle),
            stopped_by: Live::new(None),
            pauses_hidden: Live::new(remembered(TRAINS_HIDDEN).is_none()),
            is_own_run: Cell::new(false),
            step_delay_ms: Live::new(0),
            kernels: Live::new((0, 0)),
            is_hidden_pause: Cell::new(false),
            is_evaluating: Live::new(false),
            batch: Live::new(None),
            epoch: Live::new(None),
            data: Live::new(DataProgress::default()),
            backend: Live::new(None),
            result: Live::new(None),
            result_number: Cell::new(0),
            notices: Live::new(Vec::new()),
            offers: Live::new(Vec::new()),
            destination: Destination::default(),
            pretrained: Live::new(None),
            announcement: Live::new(String::new()),
            curves: Live::new(Curves::default()),
            dock: Dock::default(),
            weights_version: Live::new(0),
            is_narrow: Live::new(false),
            is_stacked: Live::new(false),
            is_dark: Live::new(false),
            watch: Watch::default(),
            dragged: Live::new(None),
            drop_gap: Live::new(None),
            client,
            sent_model: RefCell::new(model),
            engine_layers: RefCell::new(engine_layers),
            pending_model: Cell::new(None),
            next_notice: Cell::new(0),
        })))
    }

    /// Sends a command to the engine and calls `then` with the answer.
    pub fn ask(&self, command: Command, arrays: Vec<ArrayData>, then: impl FnOnce(Outcome) + 'static) {
        self.client.ask(command, arrays, Box::new(then));
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the engine's model.
    pub(super) fn engine_model(&self) -> ModelSpec {
        self.sent_model.borrow().clone()
    }

    /// Steps that the weights have been trained, as far as the page has heard.
    pub fn steps(&self) -> u32 {
        self.batch.with_untracked(|batch| batch.as_ref().map_or(0, |batch| batch.step))
    }

    pub fn is_training(&self) -> bool {
        self.run.with(|run| matches!(run, RunState::Training | RunState::Waiting))
    }

    // The model.

    /// Edits the model: checks it, and sends it to the engine if it is valid.
    pub fn edit<R>(&self, edit: impl FnOnce(&mut History) -> R) -> R {
        let result = self.history.update(edit);
        self.model_edited();
        result
    }

    fn model_edited(&self) {
        let checked = self.history.with_untracked(|history| ValidatedModel::new(history.draft(), CLASSES));
        if self.checked.with_untracked(|before| *before != checked) {
            self.checked.set(checked);
        }
        self.send_model();
    }

    pub fn insert_layer(&self, index: usize, layer: LayerSpec) {
        let id = self.edit(|history| history.insert(index, layer));
        self.selected.set(Some(id));
    }

    pub fn move_selected(&self, places: isize) -> bool {
        let Some(id) = self.selected.get_untracked() else { return false };
        self.edit(|history| history.move_by(id, places))
    }

    pub fn duplicate_selected(&self) {
        let Some(id) = self.selected.get_untracked() else { return };
        if let Some(copy) = self.edit(|history| history.duplicate(id)) {
            self.selected.set(Some(copy));
        }
    }

    pub fn delete_selected(&self) {
        let Some(id) = self.selected.get_untracked() else { return };
        let next = self.edit(|history| history.remove(id));
        self.selected.set(next);
    }

    pub fn undo(&self) {
        self.edit(History::undo);
        self.keep_selection_valid();
    }

    pub fn redo(&self) {
        self.edit(History::redo);
        self.keep_selection_valid();
    }

    /// Takes over a model that the JavaScript API has set.
    pub fn model_changed_elsewhere(&self, spec: &ModelSpec) {
        if *self.sent_model.borrow() == *spec {
            return;
        }
        self.sent_model.replace(spec.clone());
        self.refusal.set(None);
        self.edit(|history| history.replace(spec));
        self.engine_layers.replace(self.history.with_untracked(History::ids));
        self.keep_selection_valid();
        self.forget_run();
    }

    fn keep_selection_valid(&self) {
        if let Some(id) = self.selected.get_untracked()
            && self.history.with_untracked(|history| history.draft().position(id).is_none())
        {
            self.selected.set(None);
        }
    }

    /// Sends the model if it is valid, but not after every key that is typed.
    fn send_model(&self) {
        const PAUSE_MS: i32 = 200;
        if let Some(pending) = self.pending_model.take() {
            cancel(pending);
        }
        let is_valid = self.checked.with_untracked(|checked| checked.error.is_none());
        let spec = self.history.with_untracked(History::spec);
        if !is_valid || *self.sent_model.borrow() == spec {
            return;
        }
        let state = *self;
        self.pending_model.set(Some(after_ms(PAUSE_MS, move || {
            state.pending_model.set(None);
            state.sent_model.replace(spec.clone());
            let layers = state.history.with_untracked(History::ids);
            let before = state.engine_layers.replace(layers.clone());
            let place = |id: &LayerId| before.iter().position(|other| other == id).map(|at| at as u32);
            let kept = Some(layers.iter().map(place).collect());
            state.ask(Command::SetModel { spec: spec.clone(), kept }, Vec::new(), move |outcome| match outcome {
                Ok(_) => {
                    state.refusal.set(None);
                    state.forget_run();
                }
                // An answer to a model that was replaced meanwhile says nothing about the new one.
                Err(report) if *state.sent_model.borrow() == spec => {
                    state.engine_layers.replace(before);
                    state.refusal.set(Some(report));
                }
                Err(_) => {}
            });
        })));
    }

    // Training.

    pub fn set_training(&self, config: TrainingConfig) {
        let state = *self;
        let before = self.training.get_untracked();
        if config == before {
            return;
        }
        self.training.set(config.clone());
        self.ask(Command::SetTraining { config }, Vec::new(), move |outcome| {
            if let Err(report) = outcome {
                state.training.set(before);
                state.notify(NoticeKind::Error, report);
            }
        });
    }

    pub fn train_or_pause(&self) {
        let command = match self.run.get_untracked() {
            RunState::Training | RunState::Waiting => Command::Pause,
            RunState::Paused => Command::Resume,
            _ => Command::Train { epochs: None, steps: None },
        };
        self.is_own_run.set(true);
        self.run_command(command);
    }

    /// Trains on one batch.
    pub fn step(&self) {
        self.run_command(Command::Train { epochs: None, steps: Some(1) });
    }

    /// Trains to the end of the epoch.
    pub fn step_epoch(&self) {
        self.is_own_run.set(true);
        self.run_command(Command::Train { epochs: Some(1), steps: None });
    }

    /// Sets the delay after each training step, in ms.
    pub fn set_step_delay(&self, step_delay_ms: u32) {
        self.step_delay_ms.set(step_delay_ms);
        self.run_command(Command::SetStepDelay { step_delay_ms: f64::from(step_delay_ms) });
    }

    pub fn set_pauses_hidden(&self, pauses: bool) {
        self.pauses_hidden.set(pauses);
        if pauses { forget(TRAINS_HIDDEN) } else { remember(TRAINS_HIDDEN, "true") }
    }

    /// Handles the page becoming hidden or visible. A run that a script has started continues.
    pub fn page_hidden(&self, is_hidden: bool) {
        let is_training = matches!(self.run.get_untracked(), RunState::Training | RunState::Waiting);
        if is_hidden && is_training && self.is_own_run.get() && self.pauses_hidden.get_untracked() {
            self.is_hidden_pause.set(true);
            self.run_command(Command::Pause);
        } else if !is_hidden && self.is_hidden_pause.take() {
            self.run_command(Command::Resume);
            self.notify(NoticeKind::Note, PageError::PausedHidden.into());
        }
    }

    pub fn reset(&self) {
        let state = *self;
        self.ask(Command::Reset, Vec::new(), move |outcome| match outcome {
            Ok(_) => state.forget_run(),
            Err(report) => state.notify(NoticeKind::Error, report),
        });
    }

    pub fn evaluate(&self) {
        let state = *self;
        if state.is_evaluating.get_untracked() {
            return;
        }
        state.is_evaluating.set(true);
        // Open the tab in which the result will appear.
        if state.dock.tab.get_untracked() != "mistakes" {
            state.dock.tab.set("confusion");
        }
        let command = Command::Evaluate { split: Split::Test, samples: None };
        self.ask(command, Vec::new(), move |outcome| {
            state.is_evaluating.set(false);
            match outcome {
                Ok((Answer::Evaluation(evaluation), arrays)) => {
                    let result = test_result(&evaluation, arrays, state.steps());
                    let (accuracy, loss) = (format::percent(evaluation.accuracy, 2), format::loss(evaluation.loss));
                    let values = [("accuracy", accuracy.as_str()), ("loss", loss.as_str())];
                    state.announcement.set(t_once("announce_result", &values));
                    state.result_number.set(state.result_number.get() + 1);
                    state.log("log_result", values.map(|(name, value)| (name, value.to_owned())).to_vec());
                    state.result.set(Some(result));
                    state.note_run();
                }
                Ok(_) => {}
                Err(report) => state.notify(NoticeKind::Error, report),
            }
        });
    }

    pub fn retry_data(&self) {
        self.notices.update(|notices| notices.retain(|notice| notice.kind != NoticeKind::Data));
        self.run_command(Command::RetryData);
    }

    fn run_command(&self, command: Command) {
        let state = *self;
        self.ask(command, Vec::new(), move |outcome| {
            if let Err(report) = outcome {
                state.notify(NoticeKind::Error, report);
            }
        });
    }

    /// Drops earlier measurements, because the weights are new.
    fn forget_run(&self) {
        self.end_run();
        self.log("log_fresh", vec![("params", format::count(self.checked.with_untracked(ValidatedModel::params)))]);
        self.curves.update(|curves| *curves = curves.cleared());
        self.weights_version.update(|version| *version += 1);
        self.batch.set(None);
        self.epoch.set(None);
        self.result.set(None);
    }

    // Events and messages.

    pub fn on_event(&self, event: &Event, arrays: &[ArrayData]) {
        match event {
            Event::State { state } => {
                match state {
                    RunState::Done | RunState::Stopped | RunState::Failed => self.is_own_run.set(false),
                    RunState::Training if self.stopped_by.with_untracked(Option::is_some) => self.stopped_by.set(None),
                    _ => {}
                }
                self.run.set(*state);
                self.note_run();
                self.log_state(*state);
                self.weights_version.update(|version| *version += 1);
            }
            Event::Batch(report) => {
                let losses = arrays.iter().find_map(|bulk| match bulk {
                    ArrayData::F32(values) => Some(&values[..]),
                    ArrayData::U8(_) => None,
                });
                let losses = losses.unwrap_or(std::slice::from_ref(&report.loss));
                let steps = self.curves.with_untracked(Curves::steps);
                if report.step.saturating_sub(losses.len() as u32) < steps {
                    // A script has reset the weights, or an earlier state was restored.
                    self.end_run();
                }
                self.curves.update(|curves| curves.add_batches(report.step, losses, report.epoch_accuracy));
                self.batch.set(Some(report.clone()));
                if steps == 0 {
                    self.note_run();
                }
                self.weights_version.update(|version| *version += 1);
            }
            Event::Epoch(report) => {
                let validation = report.val_loss.zip(report.val_accuracy);
                self.curves.update(|curves| curves.add_epoch(report.step, validation));
                self.curves.update(|curves| curves.note_epoch(report.clone()));
                self.log_epoch(report);
                self.note_run();
                self.sample_all_histograms();
                self.announce_epoch(report);
                self.epoch.set(Some(report.clone()));
                if report.stopped_by.is_some() {
                    self.stopped_by.set(report.stopped_by);
                }
            }
            Event::Data(progress) => {
                if let Some(report) = progress.error.clone() {
                    self.notify(NoticeKind::Data, report);
                } else if progress.complete {
                    if self.data.with_untracked(|data| !data.complete) {
                        let images = format::count((progress.train_images + progress.test_images) as usize);
                        self.log("log_data", vec![("images", images)]);
                    }
                    self.notices.update(|notices| notices.retain(|notice| notice.kind != NoticeKind::Data));
                }
                if self.data.with_untracked(|data| data != progress) {
                    self.data.set(progress.clone());
                }
            }
            Event::Error(report) => self.notify(NoticeKind::Error, report.clone()),
            Event::Warning(report) => self.notify(NoticeKind::Warning, report.clone()),
            Event::StepCost { dispatches, submissions } => {
                let values = vec![("dispatches", dispatches.to_string()), ("submissions", submissions.to_string())];
                self.log("log_step_cost", values);
            }
            Event::Kernels { ready, total } => self.kernels.set((*ready, *total)),
            Event::Snapshot(_) => {}
        }
    }

    /// Handles a change in the engine, made by this page or by the JavaScript API.
    pub fn on_change(&self, change: &Change) {
        match change {
            Change::Model(spec, _) => self.model_changed_elsewhere(spec),
            Change::Training(config) => {
                if self.training.with_untracked(|training| training != config) {
                    self.training.set(config.clone());
                }
            }
            Change::Backend(backend) => self.set_backend_info(backend),
            Change::Engine(engine) => {
                self.set_backend_info(&engine.backend);
                // A new engine knows nothing of it.
                if self.step_delay_ms.get_untracked() > 0 {
                    self.set_step_delay(self.step_delay_ms.get_untracked());
                }
            }
            Change::Opened { course, batch_in_epoch } => self.show_course(course, *batch_in_epoch),
            Change::Weights => self.weights_version.update(|version| *version += 1),
            Change::Pretrained(accuracy) => {
                self.result.set(None);
                self.weights_version.update(|version| *version += 1);
                self.pretrained.set(*accuracy);
            }
        }
    }

    /// Describes the backend and the reason for its choice and, while a GPU compiles kernels, the progress.
    pub fn backend_text(&self) -> String {
        let Some(detail) =
            self.backend.with(|backend| backend.as_ref().map(|info| locale().backend_text(&info.detail)))
        else {
            return t("engine_starts");
        };
        match self.kernels.get() {
            (ready, total) if ready == total => detail,
            (ready, total) => {
                detail + &t_with("kernels_ready", &[("ready", &ready.to_string()), ("total", &total.to_string())])
            }
        }
    }

    fn set_backend_info(&self, backend: &BackendInfo) {
        if self.backend.with_untracked(|before| before.as_ref() != Some(backend)) {
            self.log_backend(backend.detail.clone());
            self.kernels.set((0, 0));
        }
        self.backend.set(Some(backend.clone()));
    }

    /// Shows the course of an experiment that was opened.
    fn show_course(&self, course: &Course, batch_in_epoch: u32) {
        self.forget_run();
        self.curves.update(|curves| *curves = curves.followed(course));
        let (Some(loss), Some([_, epoch_accuracy])) = (course.losses.last(), course.accuracies.last()) else { return };
        let config = self.training.get_untracked();
        let images = trained_samples(&config, config.train_samples as usize) as u32;
        let batches_per_epoch = images.div_ceil(config.batch_size.max(1));
        let epoch = course.losses.len() as u32 / batches_per_epoch.max(1);
        let of_epoch = &course.losses[course.losses.len().saturating_sub(batch_in_epoch.max(1) as usize)..];
        self.batch.set(Some(BatchReport {
            step: course.losses.len() as u32,
            epoch,
            batch_in_epoch,
            batches_per_epoch,
            loss: *loss,
            epoch_loss: of_epoch.iter().sum::<f32>() / of_epoch.len() as f32,
            epoch_accuracy: *epoch_accuracy,
            ..BatchReport::default()
        }));
    }

    fn announce_epoch(&self, report: &EpochReport) {
        let epoch = (report.epoch + 1).to_string();
        let (loss, accuracy) = (format::loss(report.loss), format::percent(report.accuracy, 1));
        let values = [("epoch", epoch.as_str()), ("loss", loss.as_str()), ("accuracy", accuracy.as_str())];
        self.announcement.set(t_once("announce_epoch", &values));
    }

    /// Shows a message, once however often it comes.
    pub fn notify(&self, kind: NoticeKind, report: ErrorReport) {
        const MAX_NOTICES: usize = 4;
        let id = self.next_notice.get() + 1;
        self.next_notice.set(id);
        self.log_report(kind, &report);
        self.notices.update(|notices| {
            notices.retain(|notice| notice.report != report && !(kind == NoticeKind::Data && notice.kind == kind));
            notices.push(Notice { id, kind, report });
            let surplus = notices.len().saturating_sub(MAX_NOTICES);
            notices.drain(..surplus);
        });
    }
}

/// Builds the result from the answer to an evaluation.
fn test_result(evaluation: &Evaluation, arrays: Vec<ArrayData>, step: u32) -> TestResult {
    let mut arrays = arrays.into_iter();
    let confusion = arrays.next().and_then(floats).unwrap_or_default();
    let labels = arrays.next().and_then(bytes).unwrap_or_default();
    let predicted = arrays.next().and_then(floats).unwrap_or_default();
    let predicted = predicted.into_iter().map(|class| (class >= 0.0).then_some(class as u32)).collect();
    let confidence = arrays.next().and_then(floats).unwrap_or_default();
    TestResult { evaluation: evaluation.clone(), confusion, labels, predicted, confidence, step }
}

/// Returns the bytes of an array.
pub fn bytes(bulk: ArrayData) -> Option<Vec<u8>> {
    match bulk {
        ArrayData::U8(values) => Some(values),
        ArrayData::F32(_) => None,
    }
}

/// Returns the numbers of an array of floats.
pub fn floats(bulk: ArrayData) -> Option<Vec<f32>> {
    match bulk {
        ArrayData::F32(values) => Some(values),
        ArrayData::U8(_) => None,
    }
}
