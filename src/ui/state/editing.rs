//! Edits of the model.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::State;
use super::trained::TrainedStates;
use crate::ui::browser::{after_ms, cancel};
use crate::ui::features::network::history::{History, LayerId, TrainingChange};
use crate::ui::stores::messages::NoticeKind;
use crate::ui::stores::network::EditedNetwork;
use crate::ui::text::{t, t_once};
use chalkgrad_engine::checkpoint::Checkpoint;
use chalkgrad_engine::model::spec::{LayerSpec, ModelSpec, TrainingConfig};
use chalkgrad_engine::presets::Preset;
use chalkgrad_engine::protocol::ErrorReport;
use chalkgrad_engine::protocol::requests::{SetModel, SetTraining, Train};

/// The engine's model, and the edit that is on its way to it.
pub struct Sending {
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
    /// A change of data set and model is on its way.
    is_changing: StoredValue<bool>,
    /// The run that was asked for meanwhile.
    then_train: StoredValue<Option<Train>>,
}

impl Sending {
    /// Begins with a model that the engine has.
    pub fn new(model: ModelSpec, network: &EditedNetwork) -> Self {
        Self {
            sent_model: StoredValue::new(model),
            engine_layers: StoredValue::new(network.history().with_untracked(History::ids)),
            pending_model: StoredValue::new(None),
            trained: StoredValue::new_local(TrainedStates::default()),
            is_way_back: StoredValue::new(false),
            has_restored: StoredValue::new(false),
            is_changing: StoredValue::new(false),
            then_train: StoredValue::new(None),
        }
    }

    /// Puts a run off until the change of data set and model that is on its way is made. Returns false if there is none.
    pub fn put_off(&self, run: &Train) -> bool {
        let is_changing = self.is_changing.get_value();
        if is_changing {
            self.then_train.set_value(Some(run.clone()));
        }
        is_changing
    }

    /// Keeps a trained state for Undo and Redo.
    pub fn keep_trained(&self, state: Checkpoint) {
        self.trained.update_value(|trained| trained.keep(state));
    }
}

impl State {
    /// Returns the engine's model.
    pub(in crate::ui) fn engine_model(&self) -> ModelSpec {
        self.sending.sent_model.get_value()
    }

    /// Edits the model: checks it, and sends it to the engine if it is valid.
    pub fn edit<R>(&self, edit: impl FnOnce(&mut History) -> R) -> R {
        self.sending.is_way_back.set_value(false);
        let result = self.network.change(&self.task(), edit);
        self.send_model();
        result
    }

    /// Goes one step back or forward in the history of edits, to a training configuration if one belongs to the step. Weights
    /// that were trained there come back.
    fn go_back(&self, training: Option<TrainingConfig>, step: impl FnOnce(&mut History) -> bool + 'static) {
        let state = *self;
        let go = move || {
            state.sending.is_way_back.set_value(true);
            state.network.change(&state.task(), step);
            state.send_model();
            state.network.keep_selection_valid();
        };
        match training {
            Some(training) => self.change_with_training(training, go),
            None => go(),
        }
    }

    /// Changes the training configuration, which may name another data set, and then the model. If the data set does not come,
    /// neither changes.
    fn change_with_training(&self, training: TrainingConfig, change: impl FnOnce() + 'static) {
        let (state, client) = (*self, self.client());
        if self.sending.is_changing.get_value() {
            return;
        }
        if self.engine.training().with_untracked(|present| present.dataset == training.dataset) {
            self.set_training(training);
            return change();
        }
        self.send_pending_edit();
        self.sending.is_changing.set_value(true);
        // Asked for before anything changes.
        let replaced = (self.steps() > 0).then(|| client.save());
        let changed = client.request(SetTraining { config: training });
        spawn_local(async move {
            if let Some(replaced) = replaced
                && let Ok(replaced) = replaced.await
            {
                state.sending.keep_trained(replaced);
            }
            let changed = changed.await;
            state.sending.is_changing.set_value(false);
            let run = state.sending.then_train.try_update_value(Option::take).flatten();
            match changed {
                Ok(_) => {
                    change();
                    if let Some(run) = run {
                        state.begin(run);
                    }
                }
                Err(report) => {
                    state.engine.end_fetch();
                    state.notify(NoticeKind::Error, report);
                }
            }
        });
    }

    /// Puts a preset with its data set and its training in the place of what there is, as one step to undo.
    pub fn choose_preset(&self, preset: &'static Preset) {
        let after = match preset.config() {
            Ok(config) => config,
            Err(error) => return self.notify(NoticeKind::Error, error.into()),
        };
        let (state, before) = (*self, self.engine.training().get_untracked());
        if before == after {
            self.edit(|history| history.replace(&preset.model()));
            self.network.select(None);
            return self.confirm_preset(preset);
        }
        let training = TrainingChange { before, after: after.clone() };
        self.change_with_training(after, move || {
            state.edit(|history| history.replace_with(&preset.model(), Some(training)));
            state.network.select(None);
            state.confirm_preset(preset);
        });
    }

    /// Says what a preset has set.
    fn confirm_preset(&self, preset: &Preset) {
        let (name, dataset) = untrack(|| (t(preset.name), self.dataset_title(preset.source.name)));
        let values = [("name", name), ("dataset", dataset)];
        self.confirm(t_once("preset_chosen", &values.each_ref().map(|(name, value)| (*name, value.as_str()))));
        self.log.text("preset_chosen", values.to_vec());
    }

    pub fn insert_layer(&self, index: usize, layer: LayerSpec) {
        let id = self.edit(|history| history.insert(index, layer));
        self.network.select(Some(id));
    }

    pub fn move_selected(&self, places: isize) -> bool {
        let Some(id) = self.network.selected().get_untracked() else { return false };
        self.edit(|history| history.move_by(id, places))
    }

    pub fn duplicate_selected(&self) {
        let Some(id) = self.network.selected().get_untracked() else { return };
        if let Some(copy) = self.edit(|history| history.duplicate(id)) {
            self.network.select(Some(copy));
        }
    }

    pub fn delete_selected(&self) {
        let Some(id) = self.network.selected().get_untracked() else { return };
        let next = self.edit(|history| history.remove(id));
        self.network.select(next);
    }

    pub fn undo(&self) {
        let training = self.network.history().with_untracked(|history| history.undone_training().cloned());
        self.go_back(training, History::undo);
    }

    pub fn redo(&self) {
        let training = self.network.history().with_untracked(|history| history.redone_training().cloned());
        self.go_back(training, History::redo);
    }

    /// Takes over a model that the JavaScript API has set.
    pub(super) fn model_changed_elsewhere(&self, spec: &ModelSpec) {
        if self.sending.sent_model.with_value(|sent| sent == spec) {
            return;
        }
        self.sending.sent_model.set_value(spec.clone());
        self.network.set_refusal(None);
        self.edit(|history| history.replace(spec));
        self.sending.engine_layers.set_value(self.network.history().with_untracked(History::ids));
        self.network.keep_selection_valid();
        self.forget_run();
    }

    /// Drops an edit that is not sent yet, because another experiment takes its place. Returns true if there was one.
    pub fn drop_pending_edit(&self) -> bool {
        let pending = self.sending.pending_model.try_update_value(Option::take).flatten();
        pending.inspect(|pending| cancel(*pending)).is_some()
    }

    /// Sends an edit that is not sent yet, so that what comes next concerns the network as it is seen.
    pub fn send_pending_edit(&self) {
        if self.drop_pending_edit() {
            self.send_now();
        }
    }

    /// Sends the model if it is valid, but not after every key that is typed.
    fn send_model(&self) {
        const PAUSE_MS: i32 = 200;
        self.drop_pending_edit();
        let is_valid = self.network.checked().with_untracked(|checked| checked.error.is_none());
        let is_known = self
            .network
            .history()
            .with_untracked(|history| self.sending.sent_model.with_value(|sent| *sent == history.spec()));
        if !is_valid || is_known {
            return;
        }
        let state = *self;
        self.sending.pending_model.set_value(Some(after_ms(PAUSE_MS, move || {
            state.sending.pending_model.set_value(None);
            state.send_now();
        })));
    }

    fn send_now(&self) {
        let (state, spec) = (*self, self.network.history().with_untracked(History::spec));
        let sending = &self.0.sending;
        sending.sent_model.set_value(spec.clone());
        let layers = state.network.history().with_untracked(History::ids);
        let before = sending.engine_layers.get_value();
        sending.engine_layers.set_value(layers.clone());
        let place = |id: &LayerId| before.iter().position(|other| other == id).map(|at| at as u32);
        let kept = Some(layers.iter().map(place).collect());
        // Asked for before the model changes.
        let replaced = (state.steps() > 0).then(|| state.client().save());
        let is_way_back = sending.is_way_back.get_value();
        let dataset = state.engine.training().with_untracked(|training| training.dataset.clone());
        let trained = || sending.trained.with_value(|trained| trained.of(&spec, &dataset));
        let trained = is_way_back.then(trained).flatten();
        let restores = trained.is_some();
        sending.has_restored.set_value(restores);
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
                sending.keep_trained(replaced);
            }
            match response {
                Ok(()) => {
                    state.network.set_refusal(None);
                    state.messages.forget(NoticeKind::Error);
                    if restores {
                        state.confirm(t_once("weights_are_back", &[]));
                    } else {
                        state.forget_run();
                    }
                }
                // An answer to a model that was replaced meanwhile says nothing about the new one.
                Err(report) if sending.sent_model.with_value(|sent| *sent == spec) => {
                    sending.engine_layers.set_value(before);
                    state.network.set_refusal(Some(report));
                }
                Err(_) => {}
            }
        });
    }

    /// Gives the engine the model, with trained weights if there are any.
    fn change_model(
        &self,
        request: SetModel,
        trained: Option<Checkpoint>,
    ) -> impl Future<Output = Result<(), ErrorReport>> + use<> {
        let (client, training) = (self.client(), self.engine.training().get_untracked());
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
        self.sending.has_restored.get_value()
    }
}
