//! Application state as signals. Its methods are here and, by subject, in `editing`, `training` and `events`; `dock`, `input`
//! and `watch` beside it have more.

mod data;
mod editing;
mod events;
mod pretrained;
mod trained;
mod training;

use std::ops::Deref;

use self::pretrained::Pretrained;
use self::trained::TrainedStates;
use super::autosave::{Destination, Saved};
use super::browser::{after_ms, remembered};
use super::charted_history::ChartedHistory;
use super::checked::ValidatedModel;
use super::dock::Dock;
use super::features::phone::Part;
use super::format;
use super::history::{History, LayerId};
use super::input::Input;
use super::text::{locale, t, t_with};
use super::watch::Watch;
use crate::client::Client;
use chalkgrad_engine::data::DatasetInfo;
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::protocol::responses::Evaluated;
use chalkgrad_engine::protocol::{
    BackendInfo, BatchReport, DataProgress, EpochReport, ErrorReport, Evaluation, RunState, StopRule,
};
use leptos::prelude::*;

/// Key of the stored preference that training continues while the page is hidden.
const TRAINS_HIDDEN: &str = "chalkgrad.trains-hidden";

/// A message that stays until it is dismissed or its cause is gone.
#[derive(Clone, PartialEq, Debug)]
pub struct Notice {
    pub id: u32,
    pub kind: NoticeKind,
    pub report: ErrorReport,
    /// The click that mends it.
    pub fix: Option<NoticeFix>,
}

/// A click that mends what a message is about.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum NoticeFix {
    /// Begin again with new weights and this learning rate.
    ResetWithRate(f64),
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
    pub history: RwSignal<History>,
    pub checked: RwSignal<ValidatedModel>,
    pub selected: RwSignal<Option<LayerId>>,
    /// View of the selected layer; it stays when another layer is selected.
    pub view: RwSignal<&'static str>,
    pub add_menu: RwSignal<Option<AddMenu>>,
    /// The engine's error for a model that the page considered valid.
    pub refusal: RwSignal<Option<ErrorReport>>,
    /// As the engine has it.
    pub training: RwSignal<TrainingConfig>,
    /// Input of the network.
    pub input: Input,
    /// Invalid or incomplete texts in the training form, by field name.
    pub typed: RwSignal<Vec<(&'static str, String)>>,
    pub run: RwSignal<RunState>,
    /// The rule that ended the last run.
    pub stopped_by: RwSignal<Option<StopRule>>,
    /// Runs started on the page pause while the page is hidden.
    pub pauses_hidden: RwSignal<bool>,
    /// The page has started the run, not a script.
    is_own_run: StoredValue<bool>,
    /// Rest of training after each step.
    pub step_delay_ms: RwSignal<u32>,
    /// GPU kernels compiled so far, and in total.
    pub kernels: RwSignal<(u32, u32)>,
    /// The run pauses because the page is hidden.
    is_hidden_pause: StoredValue<bool>,
    pub is_evaluating: RwSignal<bool>,
    pub batch: RwSignal<Option<BatchReport>>,
    pub epoch: RwSignal<Option<EpochReport>>,
    pub data: RwSignal<DataProgress>,
    /// Progress of a data set that is fetched to take the place of the one in use.
    pub fetched: RwSignal<Option<DataProgress>>,
    /// Data sets that are not in the catalogue.
    pub added: RwSignal<Vec<DatasetInfo>>,
    pub backend: RwSignal<Option<BackendInfo>>,
    pub result: RwSignal<Option<TestResult>>,
    /// Counts the results, so that views tell one from the next.
    pub result_number: StoredValue<u32>,
    pub notices: RwSignal<Vec<Notice>>,
    /// Experiments of earlier visits and closed tabs, until they are taken up or dismissed.
    pub offers: RwSignal<Vec<Saved>>,
    pub destination: Destination,
    pub pretrained: Pretrained,
    /// Result of the last click, shown for a few seconds.
    pub confirmation: RwSignal<Option<String>>,
    /// For screen readers: once per epoch and for results, never per batch.
    pub announcement: RwSignal<String>,
    pub charted: RwSignal<ChartedHistory, LocalStorage>,
    pub dock: Dock,
    /// Counts the changes of the weights that a prediction should follow.
    pub weights_version: RwSignal<u32>,
    /// The page is a single column, as on a phone, and shows one part at a time.
    pub is_narrow: RwSignal<bool>,
    /// The part that a phone shows.
    pub part: RwSignal<Part>,
    /// The panels are stacked: none stands beside the dock.
    pub is_stacked: RwSignal<bool>,
    pub is_dark: RwSignal<bool>,
    /// Large type and few controls, for a projector.
    pub is_presenting: RwSignal<bool>,
    pub watch: Watch,
    /// The layer whose card is being dragged, and the gap into which it would go.
    pub dragged: RwSignal<Option<LayerId>>,
    pub drop_gap: RwSignal<Option<usize>>,
    client: StoredValue<Client, LocalStorage>,
    sent_model: StoredValue<ModelSpec>,
    /// Layers of the engine's model.
    engine_layers: StoredValue<Vec<LayerId>>,
    pending_model: StoredValue<Option<i32>>,
    /// For Undo and Redo, which bring trained weights back.
    trained: StoredValue<TrainedStates, LocalStorage>,
    /// The last change of the model was Undo or Redo.
    is_way_back: StoredValue<bool>,
    /// The last change of the model brought trained weights back.
    has_restored: StoredValue<bool>,
    next_notice: StoredValue<u32>,
}

/// Returns the state of the page, which the app provides to all views.
pub fn use_state() -> State {
    expect_context()
}

impl State {
    /// Makes the state of the page, which lives as long as the page.
    pub fn new(client: Client) -> Self {
        let model = ModelSpec::reference_cnn();
        let history = History::new(&model);
        let training = TrainingConfig::default();
        let checked = ValidatedModel::new(history.draft(), &data::task(&training, &[]));
        let engine_layers = history.ids();
        Self(Box::leak(Box::new(Store {
            history: RwSignal::new(history),
            checked: RwSignal::new(checked),
            selected: RwSignal::new(None),
            view: RwSignal::new("settings"),
            add_menu: RwSignal::new(None),
            refusal: RwSignal::new(None),
            training: RwSignal::new(training),
            input: Input::default(),
            typed: RwSignal::new(Vec::new()),
            run: RwSignal::new(RunState::Idle),
            stopped_by: RwSignal::new(None),
            pauses_hidden: RwSignal::new(remembered(TRAINS_HIDDEN).is_none()),
            is_own_run: StoredValue::new(false),
            step_delay_ms: RwSignal::new(0),
            kernels: RwSignal::new((0, 0)),
            is_hidden_pause: StoredValue::new(false),
            is_evaluating: RwSignal::new(false),
            batch: RwSignal::new(None),
            epoch: RwSignal::new(None),
            data: RwSignal::new(DataProgress::default()),
            fetched: RwSignal::new(None),
            added: RwSignal::new(Vec::new()),
            backend: RwSignal::new(None),
            result: RwSignal::new(None),
            result_number: StoredValue::new(0),
            notices: RwSignal::new(Vec::new()),
            offers: RwSignal::new(Vec::new()),
            destination: Destination::default(),
            pretrained: Pretrained::default(),
            confirmation: RwSignal::new(None),
            announcement: RwSignal::new(String::new()),
            charted: RwSignal::new_local(ChartedHistory::default()),
            dock: Dock::default(),
            weights_version: RwSignal::new(0),
            is_narrow: RwSignal::new(false),
            part: RwSignal::new(Part::default()),
            is_stacked: RwSignal::new(false),
            is_dark: RwSignal::new(false),
            is_presenting: RwSignal::new(false),
            watch: Watch::default(),
            dragged: RwSignal::new(None),
            drop_gap: RwSignal::new(None),
            client: StoredValue::new_local(client),
            sent_model: StoredValue::new(model),
            engine_layers: StoredValue::new(engine_layers),
            pending_model: StoredValue::new(None),
            trained: StoredValue::new_local(TrainedStates::default()),
            is_way_back: StoredValue::new(false),
            has_restored: StoredValue::new(false),
            next_notice: StoredValue::new(0),
        })))
    }

    pub fn client(&self) -> Client {
        self.client.get_value()
    }

    /// Returns the engine's model.
    pub(super) fn engine_model(&self) -> ModelSpec {
        self.sent_model.get_value()
    }

    /// Steps that the weights have been trained, as far as the page has heard.
    pub fn steps(&self) -> u32 {
        self.batch.with_untracked(|batch| batch.as_ref().map_or(0, |batch| batch.step))
    }

    /// Returns the factor by which text in pictures is larger than usual, without tracking.
    pub fn picture_scale(&self) -> f64 {
        if self.is_presenting.get_untracked() { 1.5 } else { 1.0 }
    }

    pub fn is_training(&self) -> bool {
        self.run.with(|run| matches!(run, RunState::Training | RunState::Waiting))
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

    /// Confirms for a few seconds what a click has done.
    pub fn confirm(&self, text: String) {
        const SHOWN_MS: i32 = 4_000;
        let confirmation = self.confirmation;
        confirmation.set(Some(text.clone()));
        after_ms(SHOWN_MS, move || {
            if confirmation.with_untracked(|shown| shown.as_ref() == Some(&text)) {
                confirmation.set(None);
            }
        });
    }

    /// Returns the click that mends an error, where there is one.
    fn fix_for(&self, report: &ErrorReport) -> Option<NoticeFix> {
        const SMALLER: f64 = 10.0;
        let rate = self.training.with_untracked(|training| training.optimizer.learning_rate());
        (report.code == "not-a-number").then(|| NoticeFix::ResetWithRate(format::rounded(rate / SMALLER)))
    }

    /// Takes the errors away whose cause is gone.
    pub(super) fn forget_errors(&self) {
        if self.notices.with_untracked(|notices| notices.iter().any(|notice| notice.kind == NoticeKind::Error)) {
            self.notices.update(|notices| notices.retain(|notice| notice.kind != NoticeKind::Error));
        }
    }

    /// Shows a message, once however often it comes.
    pub fn notify(&self, kind: NoticeKind, report: ErrorReport) {
        const MAX_NOTICES: usize = 4;
        let id = self.next_notice.get_value() + 1;
        self.next_notice.set_value(id);
        self.log_report(kind, &report);
        let fix = self.fix_for(&report);
        self.notices.update(|notices| {
            notices.retain(|notice| notice.report != report && !(kind == NoticeKind::Data && notice.kind == kind));
            notices.push(Notice { id, kind, report, fix });
            let surplus = notices.len().saturating_sub(MAX_NOTICES);
            notices.drain(..surplus);
        });
    }
}

impl TestResult {
    /// Makes the result of an evaluation of a network that was trained for `step` steps.
    fn new(evaluated: Evaluated, step: u32) -> Self {
        let Evaluated { evaluation, confusion, labels, predicted, confidence } = evaluated;
        let predicted = predicted.into_iter().map(|class| (class >= 0.0).then_some(class as u32)).collect();
        Self { evaluation, confusion, labels, predicted, confidence, step }
    }
}
