//! What the page knows, as signals, and what it can ask of the engine.

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;

use super::checked::Checked;
use super::curves::Curves;
use super::format;
use super::history::{History, LayerId};
use super::text::t_once;
use crate::client::{Change, Client};
use crate::model::spec::{LayerSpec, ModelSpec, TrainingConfig};
use crate::protocol::{
    Answer, BackendInfo, BatchReport, Bulk, Command, DataProgress, EpochReport, ErrorReport, Evaluation, Event,
    RunState, Split,
};

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
    /// The data set could not be had: offers to try again.
    Data,
}

/// The last evaluation on the test images.
#[derive(Clone, PartialEq, Debug)]
pub struct TestResult {
    pub evaluation: Evaluation,
    /// `confusion[true][predicted]`, row by row.
    pub confusion: Vec<f32>,
}

/// Where the menu of layers is open.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AddMenu {
    /// Where the new layer goes.
    pub index: usize,
    /// Of the button that opened it, in pixels of the window: left, top, bottom.
    pub anchor: [f64; 3],
}

/// Copied freely: it holds handles only.
#[derive(Clone, Copy)]
pub struct State {
    pub history: RwSignal<History>,
    pub selected: RwSignal<Option<LayerId>>,
    pub checked: Memo<Checked>,
    pub add_menu: RwSignal<Option<AddMenu>>,
    /// What the engine said about a model that the page took for valid.
    pub refusal: RwSignal<Option<ErrorReport>>,
    /// As the engine has it.
    pub training: RwSignal<TrainingConfig>,
    pub run: RwSignal<RunState>,
    pub is_evaluating: RwSignal<bool>,
    pub batch: RwSignal<Option<BatchReport>>,
    pub epoch: RwSignal<Option<EpochReport>>,
    pub data: RwSignal<DataProgress>,
    pub backend: RwSignal<Option<BackendInfo>>,
    pub result: RwSignal<Option<TestResult>>,
    pub notices: RwSignal<Vec<Notice>>,
    /// For screen readers: once per epoch and for results, never per batch.
    pub announcement: RwSignal<String>,
    pub curves: StoredValue<Curves>,
    /// Counts the changes of `curves`, which itself is no signal: nothing copies it.
    pub curves_version: RwSignal<u32>,
    /// Counts the changes of the weights that a prediction should follow.
    pub weights_version: RwSignal<u32>,
    /// Whether the page is a single column, as on a phone.
    pub is_narrow: RwSignal<bool>,
    client: StoredValue<Client, LocalStorage>,
    sent_model: StoredValue<ModelSpec>,
    pending_model: StoredValue<Option<TimeoutHandle>>,
    next_notice: StoredValue<u32>,
}

impl State {
    pub fn new(client: Client) -> Self {
        let model = ModelSpec::reference_cnn();
        let history = RwSignal::new(History::new(&model));
        let state = Self {
            history,
            selected: RwSignal::new(None),
            checked: Memo::new(move |_| history.with(|history| Checked::new(history.draft(), CLASSES))),
            add_menu: RwSignal::new(None),
            refusal: RwSignal::new(None),
            training: RwSignal::new(TrainingConfig::default()),
            run: RwSignal::new(RunState::Idle),
            is_evaluating: RwSignal::new(false),
            batch: RwSignal::new(None),
            epoch: RwSignal::new(None),
            data: RwSignal::new(DataProgress::default()),
            backend: RwSignal::new(None),
            result: RwSignal::new(None),
            notices: RwSignal::new(Vec::new()),
            announcement: RwSignal::new(String::new()),
            curves: StoredValue::new(Curves::default()),
            curves_version: RwSignal::new(0),
            weights_version: RwSignal::new(0),
            is_narrow: RwSignal::new(false),
            client: StoredValue::new_local(client),
            sent_model: StoredValue::new(model),
            pending_model: StoredValue::new(None),
            next_notice: StoredValue::new(0),
        };
        state.send_model_on_change();
        state
    }

    pub fn client(&self) -> Client {
        self.client.get_value()
    }

    pub fn is_training(&self) -> bool {
        matches!(self.run.get(), RunState::Training | RunState::Waiting)
    }

    // The model.

    pub fn insert_layer(&self, index: usize, layer: LayerSpec) {
        let id = self.history.try_update(|history| history.insert(index, layer));
        self.selected.set(id);
    }

    pub fn move_selected(&self, places: isize) -> bool {
        let Some(id) = self.selected.get_untracked() else { return false };
        self.history.try_update(|history| history.move_by(id, places)).unwrap_or_default()
    }

    pub fn duplicate_selected(&self) {
        let Some(id) = self.selected.get_untracked() else { return };
        if let Some(copy) = self.history.try_update(|history| history.duplicate(id)).flatten() {
            self.selected.set(Some(copy));
        }
    }

    pub fn delete_selected(&self) {
        let Some(id) = self.selected.get_untracked() else { return };
        let next = self.history.try_update(|history| history.remove(id)).flatten();
        self.selected.set(next);
    }

    pub fn undo(&self) {
        self.history.update(|history| {
            history.undo();
        });
        self.keep_selection_valid();
    }

    pub fn redo(&self) {
        self.history.update(|history| {
            history.redo();
        });
        self.keep_selection_valid();
    }

    /// Takes over a model that the JavaScript API has set.
    pub fn model_changed_elsewhere(&self, spec: &ModelSpec) {
        if self.sent_model.with_value(|sent| sent == spec) {
            return;
        }
        self.sent_model.set_value(spec.clone());
        self.refusal.set(None);
        self.history.update(|history| history.replace(spec));
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

    /// Only valid models are sent, and not one for every key that is typed.
    fn send_model_on_change(self) {
        const PAUSE: Duration = Duration::from_millis(200);
        Effect::new(move |_| {
            let is_valid = self.checked.with(|checked| checked.error.is_none());
            let spec = self.history.with(|history| history.spec());
            if let Some(pending) = self.pending_model.try_update_value(Option::take).flatten() {
                pending.clear();
            }
            if !is_valid || self.sent_model.with_value(|sent| *sent == spec) {
                return;
            }
            let send = move || {
                self.sent_model.set_value(spec.clone());
                spawn_local(async move {
                    let sent = spec.clone();
                    match self.client().request(Command::SetModel { spec }, Vec::new()).await {
                        Ok(_) => {
                            self.refusal.set(None);
                            self.forget_run();
                        }
                        // An answer to a model that was replaced meanwhile says nothing about the new one.
                        Err(report) if self.sent_model.with_value(|now| *now == sent) => {
                            self.refusal.set(Some(report));
                        }
                        Err(_) => {}
                    }
                });
            };
            self.pending_model.set_value(set_timeout_with_handle(send, PAUSE).ok());
        });
    }

    // Training.

    pub fn set_training(&self, config: TrainingConfig) {
        let state = *self;
        let before = self.training.get_untracked();
        if config == before {
            return;
        }
        self.training.set(config.clone());
        spawn_local(async move {
            if let Err(report) = state.client().request(Command::SetTraining { config }, Vec::new()).await {
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
        self.run_command(command);
    }

    pub fn step(&self) {
        self.run_command(Command::Train { epochs: None, steps: Some(1) });
    }

    pub fn reset(&self) {
        let state = *self;
        spawn_local(async move {
            match state.client().request(Command::Reset, Vec::new()).await {
                Ok(_) => state.forget_run(),
                Err(report) => state.notify(NoticeKind::Error, report),
            }
        });
    }

    pub fn evaluate(&self) {
        let state = *self;
        if state.is_evaluating.get_untracked() {
            return;
        }
        state.is_evaluating.set(true);
        spawn_local(async move {
            let command = Command::Evaluate { split: Split::Test, samples: None };
            let answer = state.client().request(command, Vec::new()).await;
            state.is_evaluating.set(false);
            match answer {
                Ok((Answer::Evaluation(evaluation), arrays)) => {
                    let confusion = arrays.into_iter().find_map(floats).unwrap_or_default();
                    state.announcement.set(t_once(
                        "announce_result",
                        &[
                            ("accuracy", &format::percent(evaluation.accuracy, 2)),
                            ("loss", &format::loss(evaluation.loss)),
                        ],
                    ));
                    state.result.set(Some(TestResult { evaluation, confusion }));
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
        spawn_local(async move {
            if let Err(report) = state.client().request(command, Vec::new()).await {
                state.notify(NoticeKind::Error, report);
            }
        });
    }

    /// The weights are new: what was measured before says nothing about them.
    fn forget_run(&self) {
        self.curves.set_value(Curves::default());
        self.curves_version.update(|version| *version += 1);
        self.weights_version.update(|version| *version += 1);
        self.batch.set(None);
        self.epoch.set(None);
        self.result.set(None);
    }

    // Events and messages.

    pub fn on_event(&self, event: &Event, arrays: &[Bulk]) {
        match event {
            Event::State { state } => {
                self.run.set(*state);
                self.weights_version.update(|version| *version += 1);
            }
            Event::Batch(report) => {
                let losses = arrays.iter().find_map(|bulk| match bulk {
                    Bulk::F32(values) => Some(&values[..]),
                    Bulk::U8(_) => None,
                });
                self.curves.update_value(|curves| {
                    curves.add_batches(report.step, losses.unwrap_or(&[report.loss]), report.epoch_accuracy);
                });
                self.curves_version.update(|version| *version += 1);
                self.batch.set(Some(report.clone()));
                self.weights_version.update(|version| *version += 1);
            }
            Event::Epoch(report) => {
                let validation = report.val_loss.zip(report.val_accuracy);
                self.curves.update_value(|curves| curves.add_epoch(report.step, validation));
                self.curves_version.update(|version| *version += 1);
                self.announce_epoch(report);
                self.epoch.set(Some(report.clone()));
            }
            Event::Data(progress) => {
                if let Some(report) = progress.error.clone() {
                    self.notify(NoticeKind::Data, report);
                } else if progress.complete {
                    self.notices.update(|notices| notices.retain(|notice| notice.kind != NoticeKind::Data));
                }
                if self.data.with_untracked(|data| data != progress) {
                    self.data.set(progress.clone());
                }
            }
            Event::Error(report) => self.notify(NoticeKind::Error, report.clone()),
            Event::Warning(report) => self.notify(NoticeKind::Warning, report.clone()),
            Event::Snapshot(_) => {}
        }
    }

    /// What changed in the engine, whoever changed it: this page or the JavaScript API.
    pub fn on_change(&self, change: &Change) {
        match change {
            Change::Model(spec, _) => self.model_changed_elsewhere(spec),
            Change::Training(config) => {
                if self.training.with_untracked(|training| training != config) {
                    self.training.set(config.clone());
                }
            }
            Change::Backend(backend) => self.backend.set(Some(backend.clone())),
            Change::Engine(engine) => self.backend.set(Some(engine.backend.clone())),
        }
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
        let id = self.next_notice.try_update_value(|next| {
            *next += 1;
            *next
        });
        self.notices.update(|notices| {
            notices.retain(|notice| notice.report != report && !(kind == NoticeKind::Data && notice.kind == kind));
            notices.push(Notice { id: id.unwrap_or_default(), kind, report });
            let surplus = notices.len().saturating_sub(MAX_NOTICES);
            notices.drain(..surplus);
        });
    }
}

/// The numbers of an array that holds floats.
pub fn floats(bulk: Bulk) -> Option<Vec<f32>> {
    match bulk {
        Bulk::F32(values) => Some(values),
        Bulk::U8(_) => None,
    }
}
