//! The network as it is edited: its history, its validation, and what is selected in it.

use leptos::prelude::*;

use crate::ui::features::network::checked::ValidatedModel;
use crate::ui::features::network::history::{History, LayerId};
use chalkgrad_engine::model::spec::ModelSpec;
use chalkgrad_engine::model::task::Task;
use chalkgrad_engine::protocol::ErrorReport;

/// Open layer menu.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AddMenu {
    /// Index of the new layer.
    pub index: usize,
    /// Edges of the button that opened it, in pixels of the window: left, top, bottom.
    pub anchor: [f64; 3],
}

/// See the [module](self).
pub struct EditedNetwork {
    history: RwSignal<History>,
    checked: RwSignal<ValidatedModel>,
    selected: RwSignal<Option<LayerId>>,
    view: RwSignal<&'static str>,
    add_menu: RwSignal<Option<AddMenu>>,
    refusal: RwSignal<Option<ErrorReport>>,
    dragged: RwSignal<Option<LayerId>>,
    drop_gap: RwSignal<Option<usize>>,
}

impl EditedNetwork {
    pub fn new(model: &ModelSpec, task: &Task) -> Self {
        let history = History::new(model);
        let checked = ValidatedModel::new(history.draft(), task);
        Self {
            history: RwSignal::new(history),
            checked: RwSignal::new(checked),
            selected: RwSignal::new(None),
            view: RwSignal::new("settings"),
            add_menu: RwSignal::new(None),
            refusal: RwSignal::new(None),
            dragged: RwSignal::new(None),
            drop_gap: RwSignal::new(None),
        }
    }

    pub fn history(&self) -> ReadSignal<History> {
        self.history.read_only()
    }

    pub fn checked(&self) -> ReadSignal<ValidatedModel> {
        self.checked.read_only()
    }

    pub fn selected(&self) -> ReadSignal<Option<LayerId>> {
        self.selected.read_only()
    }

    /// View of the selected layer; it stays when another layer is selected.
    pub fn view(&self) -> ReadSignal<&'static str> {
        self.view.read_only()
    }

    pub fn add_menu(&self) -> ReadSignal<Option<AddMenu>> {
        self.add_menu.read_only()
    }

    /// The engine's error for a model that the page considered valid.
    pub fn refusal(&self) -> ReadSignal<Option<ErrorReport>> {
        self.refusal.read_only()
    }

    /// The layer whose card is being dragged.
    pub fn dragged(&self) -> ReadSignal<Option<LayerId>> {
        self.dragged.read_only()
    }

    /// The gap into which the dragged card would go.
    pub fn drop_gap(&self) -> ReadSignal<Option<usize>> {
        self.drop_gap.read_only()
    }

    /// Changes the history and validates the network again. `State::edit` does this and tells the engine.
    pub(in crate::ui) fn change<R>(&self, task: &Task, change: impl FnOnce(&mut History) -> R) -> R {
        let result = change(&mut self.history.write());
        self.validate(task);
        result
    }

    /// Validates the network, which has changed, or whose task has.
    pub(in crate::ui) fn validate(&self, task: &Task) {
        let checked = self.history.with_untracked(|history| ValidatedModel::new(history.draft(), task));
        if self.checked.with_untracked(|before| *before != checked) {
            self.checked.set(checked);
        }
    }

    pub fn select(&self, layer: Option<LayerId>) {
        self.selected.set(layer);
    }

    /// Selects nothing if the selected layer is gone.
    pub fn keep_selection_valid(&self) {
        if let Some(id) = self.selected.get_untracked()
            && self.history.with_untracked(|history| history.draft().position(id).is_none())
        {
            self.selected.set(None);
        }
    }

    pub fn show_view(&self, view: &'static str) {
        self.view.set(view);
    }

    pub fn open_menu(&self, menu: AddMenu) {
        self.add_menu.set(Some(menu));
    }

    pub fn close_menu(&self) {
        self.add_menu.set(None);
    }

    /// Shows the engine's error, or takes it away.
    pub fn set_refusal(&self, report: Option<ErrorReport>) {
        self.refusal.set(report);
    }

    pub fn begin_drag(&self, layer: LayerId) {
        self.dragged.set(Some(layer));
    }

    pub fn drag_over(&self, gap: Option<usize>) {
        self.drop_gap.set(gap);
    }

    pub fn end_drag(&self) {
        self.dragged.set(None);
        self.drop_gap.set(None);
    }
}
