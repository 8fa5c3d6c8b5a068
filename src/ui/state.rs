//! Application state as signals. Its methods are here and, by subject, in `editing`, `training` and `events`; `dock`, `input`
//! and `watch` beside it have more.

mod editing;
mod events;
mod training;

use std::cell::{Cell, RefCell};
use std::ops::Deref;

use super::autosave::{Destination, Saved};
use super::browser::remembered;
use super::charted_history::ChartedHistory;
use super::checked::ValidatedModel;
use super::dock::Dock;
use super::history::{History, LayerId};
use super::input::Input;
use super::live::Live;
use super::text::{locale, t, t_with};
use super::watch::Watch;
use crate::client::Client;
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::protocol::responses::Evaluated;
use chalkgrad_engine::protocol::{
    BackendInfo, BatchReport, DataProgress, EpochReport, ErrorReport, Evaluation, RunState, StopRule,
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
    pub charted: Live<ChartedHistory>,
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
            charted: Live::new(ChartedHistory::default()),
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

impl TestResult {
    /// Makes the result of an evaluation of a network that was trained for `step` steps.
    fn new(evaluated: Evaluated, step: u32) -> Self {
        let Evaluated { evaluation, confusion, labels, predicted, confidence } = evaluated;
        let predicted = predicted.into_iter().map(|class| (class >= 0.0).then_some(class as u32)).collect();
        Self { evaluation, confusion, labels, predicted, confidence, step }
    }
}
