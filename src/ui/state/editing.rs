//! Edits of the model.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::State;
use crate::ui::browser::{after_ms, cancel};
use crate::ui::history::{History, LayerId};
use crate::ui::text::t_once;
use chalkgrad_engine::checkpoint::Checkpoint;
use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec};
use chalkgrad_engine::protocol::ErrorReport;
use chalkgrad_engine::protocol::requests::SetModel;

impl State {
    /// Edits the model: checks it, and sends it to the engine if it is valid.
    pub fn edit<R>(&self, edit: impl FnOnce(&mut History) -> R) -> R {
        self.is_way_back.set_value(false);
        let result = edit(&mut self.history.write());
        self.model_edited();
        result
    }

    /// Goes one step back or forward in the history of edits. Weights that were trained there come back.
    fn go_back(&self, step: impl FnOnce(&mut History) -> bool) {
        self.is_way_back.set_value(true);
        step(&mut self.history.write());
        self.model_edited();
        self.keep_selection_valid();
    }

    fn model_edited(&self) {
        self.validate();
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
        self.go_back(History::undo);
    }

    pub fn redo(&self) {
        self.go_back(History::redo);
    }

    /// Takes over a model that the JavaScript API has set.
    pub(super) fn model_changed_elsewhere(&self, spec: &ModelSpec) {
        if self.sent_model.with_value(|sent| sent == spec) {
            return;
        }
        self.sent_model.set_value(spec.clone());
        self.refusal.set(None);
        self.edit(|history| history.replace(spec));
        self.engine_layers.set_value(self.history.with_untracked(History::ids));
        self.keep_selection_valid();
        self.forget_run();
    }

    pub(super) fn keep_selection_valid(&self) {
        if let Some(id) = self.selected.get_untracked()
            && self.history.with_untracked(|history| history.draft().position(id).is_none())
        {
            self.selected.set(None);
        }
    }

    /// Drops an edit that is not sent yet, because another experiment takes its place.
    pub fn drop_pending_edit(&self) {
        if let Some(pending) = self.pending_model.try_update_value(Option::take).flatten() {
            cancel(pending);
        }
    }

    /// Sends the model if it is valid, but not after every key that is typed.
    fn send_model(&self) {
        const PAUSE_MS: i32 = 200;
        self.drop_pending_edit();
        let is_valid = self.checked.with_untracked(|checked| checked.error.is_none());
        let spec = self.history.with_untracked(History::spec);
        if !is_valid || self.sent_model.with_value(|sent| *sent == spec) {
            return;
        }
        let state = *self;
        self.pending_model.set_value(Some(after_ms(PAUSE_MS, move || {
            state.pending_model.set_value(None);
            state.sent_model.set_value(spec.clone());
            let layers = state.history.with_untracked(History::ids);
            let before = state.engine_layers.get_value();
            state.engine_layers.set_value(layers.clone());
            let place = |id: &LayerId| before.iter().position(|other| other == id).map(|at| at as u32);
            let kept = Some(layers.iter().map(place).collect());
            // Asked for before the model changes.
            let replaced = (state.steps() > 0).then(|| state.client().save());
            let is_way_back = state.is_way_back.get_value();
            let trained = is_way_back.then(|| state.trained.with_value(|trained| trained.of(&spec))).flatten();
            let restores = trained.is_some();
            state.has_restored.set_value(restores);
            let changed = state.change_model(SetModel { spec: spec.clone(), kept }, trained);
            spawn_local(async move {
                // Awaited first: the answer to the change makes the client forget the snapshot.
                let replaced = match replaced {
                    Some(replaced) => replaced.await.ok(),
                    None => None,
                };
                let response = changed.await;
                if let Some(replaced) = replaced
                    && response.is_ok()
                {
                    state.trained.update_value(|trained| trained.keep(replaced));
                }
                match response {
                    Ok(()) => {
                        state.refusal.set(None);
                        state.forget_errors();
                        if restores {
                            state.confirm(t_once("weights_are_back", &[]));
                        } else {
                            state.forget_run();
                        }
                    }
                    // An answer to a model that was replaced meanwhile says nothing about the new one.
                    Err(report) if state.sent_model.with_value(|sent| *sent == spec) => {
                        state.engine_layers.set_value(before);
                        state.refusal.set(Some(report));
                    }
                    Err(_) => {}
                }
            });
        })));
    }

    /// Gives the engine the model, with trained weights if there are any.
    fn change_model(
        &self,
        request: SetModel,
        trained: Option<Checkpoint>,
    ) -> impl Future<Output = Result<(), ErrorReport>> + use<> {
        let (client, training) = (self.client(), self.training.get_untracked());
        let response = trained.is_none().then(|| client.request(request));
        async move {
            match (trained, response) {
                (Some(trained), _) => client.open(Checkpoint { training, ..trained }).await.map(drop),
                (None, Some(response)) => response.await.map(drop),
                (None, None) => Ok(()),
            }
        }
    }

    /// Returns true if the last change of the model brought trained weights back.
    pub fn has_restored_weights(&self) -> bool {
        self.has_restored.get_value()
    }
}
