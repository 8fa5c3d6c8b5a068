//! The network that was trained in advance: what has become of it, and the ways to it and back from it.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::State;
use crate::ui::features::network::history::History;
use crate::ui::stores::messages::NoticeKind;
use crate::ui::text::t_once;
use chalkgrad_engine::checkpoint::Checkpoint;
use chalkgrad_engine::model::spec::TrainingConfig;

/// See the [module](self).
pub struct Pretrained {
    accuracy: RwSignal<Option<f32>>,
    is_replaced: RwSignal<bool>,
    set_aside_steps: RwSignal<Option<u32>>,
    set_aside: StoredValue<Option<Checkpoint>, LocalStorage>,
    network: StoredValue<Option<Checkpoint>, LocalStorage>,
}

impl Default for Pretrained {
    fn default() -> Self {
        Self {
            accuracy: RwSignal::new(None),
            is_replaced: RwSignal::new(false),
            set_aside_steps: RwSignal::new(None),
            set_aside: StoredValue::new_local(None),
            network: StoredValue::new_local(None),
        }
    }
}

impl Pretrained {
    /// While its weights answer: the share of the test images that they get right.
    pub fn accuracy(&self) -> ReadSignal<Option<f32>> {
        self.accuracy.read_only()
    }

    /// Another network has taken its place, which the page says until that is dismissed.
    pub fn is_replaced(&self) -> ReadSignal<bool> {
        self.is_replaced.read_only()
    }

    /// Steps for which the user's own network had been trained when it made way for the pretrained one.
    pub fn set_aside_steps(&self) -> ReadSignal<Option<u32>> {
        self.set_aside_steps.read_only()
    }

    pub fn dismiss_replaced(&self) {
        self.is_replaced.set(false);
    }

    pub fn dismiss_set_aside(&self) {
        self.set_aside_steps.set(None);
    }

    /// Notes whether its weights answer.
    pub(super) fn answers(&self, accuracy: Option<f32>) {
        self.accuracy.set(accuracy);
        self.is_replaced.set(accuracy.is_none());
    }
}

impl State {
    /// Lets the pretrained network answer until something else begins, and keeps it for later.
    pub fn show_pretrained(&self, network: Checkpoint) {
        self.pretrained.network.set_value(Some(network.clone()));
        if untrack(|| self.fits_pretrained()) {
            self.client().show_pretrained(network);
        }
    }

    /// Returns true if the pretrained network was trained on the data set in use. The surrounding view follows that.
    pub fn fits_pretrained(&self) -> bool {
        // It is the network that the page opens with.
        self.engine.training().with(|training| training.dataset == TrainingConfig::default().dataset)
    }

    /// Puts the pretrained network in the place of the present one, which is kept if it has been trained.
    pub fn bring_back_pretrained(&self) {
        spawn_local(self.return_to_pretrained());
    }

    /// As [`State::bring_back_pretrained`], for what comes after it.
    pub fn return_to_pretrained(&self) -> impl Future<Output = ()> + use<> {
        let state = *self;
        async move {
            let network = state.pretrained.network.get_value().filter(|_| untrack(|| state.fits_pretrained()));
            let Some(network) = network else { return };
            let model = network.model.clone();
            state.drop_pending_edit();
            // Nothing that was trained makes way before it is kept.
            let own = match state.steps() {
                0 => Ok(None),
                _ => state.client().save().await.map(Some),
            };
            let own = match own {
                Ok(own) => own,
                Err(report) => return state.notify(NoticeKind::Error, report),
            };
            if let Err(report) = state.client().return_to_pretrained(network).await {
                return state.notify(NoticeKind::Error, report);
            }
            if state.network.history().with_untracked(History::spec) != model {
                state.edit(|history| history.replace(&model));
                state.network.keep_selection_valid();
            }
            state.messages.forget(NoticeKind::Error);
            state.forget_run();
            if let Some(own) = own {
                // The browser's saved copy stays, too.
                state.destination.begin_anew();
                state.pretrained.set_aside_steps.set(Some(own.snapshot.step));
                state.sending.keep_trained(own.clone());
                state.pretrained.set_aside.set_value(Some(own));
            }
            state.confirm(t_once("pretrained_answers", &[]));
        }
    }

    /// Goes back to the network that made way for the pretrained one.
    pub fn take_own_back(&self) {
        let Some(own) = self.pretrained.set_aside.try_update_value(Option::take).flatten() else { return };
        let state = *self;
        self.pretrained.set_aside_steps.set(None);
        self.drop_pending_edit();
        spawn_local(async move {
            match state.client().open(own).await {
                Ok(_) => {
                    state.note_run();
                    state.confirm(t_once("weights_are_back", &[]));
                }
                Err(report) => state.notify(NoticeKind::Error, report),
            }
        });
    }
}
