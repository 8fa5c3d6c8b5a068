//! Application state: the stores, and actions that concern several of them at once. Those are here and, by subject, in the
//! modules below; `input` and `watch` beside it have more.

mod configuration;
mod data;
mod editing;
mod events;
mod histograms;
mod logging;
mod pretrained;
mod runs;
mod trained;
mod training;

use std::ops::Deref;

use self::editing::Sending;
use self::pretrained::Pretrained;
use super::features::curves::CurvesView;
use super::features::curves::charted_history::ChartedHistory;
use super::features::input::plane_store::PlaneStore;
use super::features::input::store::Input;
use super::features::inspector::watch::Watches;
use super::features::keep::autosave::{Destination, Offers};
use super::format;
use super::stores::dock::Dock;
use super::stores::engine::EngineReports;
use super::stores::follow::Follow;
use super::stores::form::TrainingForm;
use super::stores::histograms::Histograms;
use super::stores::log::Log;
use super::stores::messages::{Messages, NoticeFix, NoticeKind};
use super::stores::network::EditedNetwork;
use super::stores::results::Results;
use super::stores::run::Run;
use super::stores::runs::RunList;
use super::stores::screen::Screen;
use crate::client::Client;
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::protocol::ErrorReport;
use leptos::prelude::*;

/// The stores of the page. Copied freely: it is a handle.
#[derive(Clone, Copy)]
pub struct State(&'static Stores);

impl Deref for State {
    type Target = Stores;

    fn deref(&self) -> &Stores {
        self.0
    }
}

/// All stores. There is one instance, which lives as long as the page.
pub struct Stores {
    pub network: EditedNetwork,
    pub engine: EngineReports,
    pub run: Run,
    pub results: Results,
    pub messages: Messages,
    pub screen: Screen,
    /// Input of the network.
    pub input: Input,
    pub plane: PlaneStore,
    pub dock: Dock,
    pub curves: CurvesView,
    pub histograms: Histograms,
    pub runs: RunList,
    pub log: Log,
    pub form: TrainingForm,
    pub watches: Watches,
    pub follow: Follow,
    pub pretrained: Pretrained,
    pub offers: Offers,
    pub destination: Destination,
    charted: RwSignal<ChartedHistory, LocalStorage>,
    client: StoredValue<Client, LocalStorage>,
    sending: Sending,
}

/// Returns the state of the page, which the app provides to all views.
pub fn use_state() -> State {
    expect_context()
}

impl State {
    /// Makes the state of the page, which lives as long as the page.
    pub fn new(client: Client) -> Self {
        let model = ModelSpec::reference_cnn();
        let network = EditedNetwork::new(&model, &data::task(&TrainingConfig::default(), &[]));
        let sending = Sending::new(model, &network);
        Self(Box::leak(Box::new(Stores {
            network,
            engine: EngineReports::default(),
            run: Run::default(),
            results: Results::default(),
            messages: Messages::default(),
            screen: Screen::default(),
            input: Input::default(),
            plane: PlaneStore::default(),
            dock: Dock::default(),
            curves: CurvesView::default(),
            histograms: Histograms::default(),
            runs: RunList::default(),
            log: Log::default(),
            form: TrainingForm::default(),
            watches: Watches::default(),
            follow: Follow::default(),
            pretrained: Pretrained::default(),
            offers: Offers::default(),
            destination: Destination::default(),
            charted: RwSignal::new_local(ChartedHistory::default()),
            client: StoredValue::new_local(client),
            sending,
        })))
    }

    pub fn client(&self) -> Client {
        self.client.get_value()
    }

    /// The history of training as charts show it.
    pub fn charted(&self) -> ReadSignal<ChartedHistory, LocalStorage> {
        self.charted.read_only()
    }

    /// Sets over how many steps the curves are smoothed.
    pub fn smooth_curves(&self, reach: u32) {
        self.charted.update(|charted| charted.set_reach(reach));
    }

    /// Steps that the weights have been trained, as far as the page has heard.
    pub fn steps(&self) -> u32 {
        self.run.steps()
    }

    pub fn is_training(&self) -> bool {
        self.run.is_training()
    }

    /// Confirms for a few seconds what a click has done.
    pub fn confirm(&self, text: String) {
        self.messages.confirm(text);
    }

    /// Returns the click that mends an error, where there is one.
    fn fix_for(&self, report: &ErrorReport) -> Option<NoticeFix> {
        const SMALLER: f64 = 10.0;
        let rate = self.engine.training().with_untracked(|training| training.optimizer.learning_rate());
        (report.code == "not-a-number").then(|| NoticeFix::ResetWithRate(format::rounded(rate / SMALLER)))
    }

    /// Shows a message and writes it into the log.
    pub fn notify(&self, kind: NoticeKind, report: ErrorReport) {
        self.log.report(kind, &report);
        let fix = self.fix_for(&report);
        self.messages.show(kind, report, fix);
    }
}
