//! Saving and restoring the whole experiment, and the pretrained weights that predict until the first training, edit or
//! API call.

use std::cell::{Cell, RefCell};

use wasm_bindgen_futures::spawn_local;

use super::{Change, Client};
use crate::error::ClientError;
use chalkgrad_engine::checkpoint::Checkpoint;
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::protocol::requests::{GetModel, GetTraining, Open, SetModel, ShowPretrained, Snapshot};
use chalkgrad_engine::protocol::{Answer, ArrayData, BackendInfo, Command, ErrorReport, ModelSummary};

/// The page's part of the experiment, beside the engine's.
#[derive(Default)]
pub(super) struct Persistence {
    backend: RefCell<BackendInfo>,
    show: Cell<Show>,
}

/// State of the pretrained weights.
#[derive(Clone, Copy, PartialEq, Default)]
enum Show {
    /// They are not loaded yet, and nothing has begun.
    #[default]
    Possible,
    On,
    /// Training, an edit or an API call has begun.
    Over,
}

impl Persistence {
    /// Notes the backend that an answer tells.
    pub fn answered(&self, answer: &Answer) {
        match answer {
            Answer::Backend(backend) => drop(self.backend.replace(backend.clone())),
            Answer::Engine(engine) => drop(self.backend.replace(engine.backend.clone())),
            _ => {}
        }
    }
}

impl Client {
    /// Returns the contents of a file, as of one step. Training goes on.
    pub fn save(&self) -> impl Future<Output = Result<Checkpoint, ErrorReport>> + use<> {
        // Sent together, so that nothing comes in between.
        let (model, training) = (self.request(GetModel {}), self.request(GetTraining {}));
        let snapshot = self.request(Snapshot {});
        let client = self.clone();
        async move {
            let (model, training) = (model.await, training.await);
            snapshot.await?;
            client.checkpoint(model?, training?).ok_or_else(|| ClientError::RestartedWhileSaving.into())
        }
    }

    /// The last snapshot with what belongs to it.
    fn checkpoint(&self, model: ModelSpec, training: TrainingConfig) -> Option<Checkpoint> {
        let (snapshot, arrays) = self.inner.recovery.borrow().snapshot()?;
        let history = self.inner.history.borrow().read().until(snapshot.step);
        let BackendInfo { backend, workers, .. } = self.inner.persistence.backend.borrow().clone();
        Some(Checkpoint { model, training, snapshot, arrays, history, backend, workers, test_accuracy: None })
    }

    /// Goes to where a checkpoint was saved. A run ends. On an error everything stays as it is.
    pub async fn open(&self, checkpoint: Checkpoint) -> Result<ModelSummary, ErrorReport> {
        let Checkpoint { model, training, snapshot, arrays, mut history, .. } = checkpoint;
        let request = Open {
            model: model.clone(),
            training: training.clone(),
            snapshot: snapshot.clone(),
            arrays: arrays.clone(),
        };
        let summary = self.request(request).await?;
        let inner = &self.inner;
        let arrays = arrays.into_iter().map(ArrayData::F32).collect();
        inner.recovery.borrow_mut().opened(&model, &training, &snapshot, arrays);
        history.truncate(snapshot.step);
        inner.history.replace(history.into());
        inner.changes.call(&Change::Model(model, summary.clone()));
        inner.changes.call(&Change::Training(training));
        inner.changes.call(&Change::Opened { batch_in_epoch: snapshot.batch_in_epoch });
        Ok(summary)
    }

    /// Lets pretrained weights serve predictions, unless the user has begun anything.
    pub fn show_pretrained(&self, checkpoint: Checkpoint) {
        if self.inner.persistence.show.get() != Show::Possible {
            return;
        }
        let shown = self.ask_for_pretrained(checkpoint);
        spawn_local(async move {
            // Without them the page works all the same.
            let _ = shown.await;
        });
    }

    /// Puts the pretrained network in the place of the present one. A run ends.
    pub fn return_to_pretrained(&self, network: Checkpoint) -> impl Future<Output = Result<(), ErrorReport>> + use<> {
        // Sent together, so that nothing comes in between.
        let model = self.request(SetModel { spec: network.model.clone(), kept: None });
        let shown = self.ask_for_pretrained(network);
        async move {
            model.await?;
            shown.await
        }
    }

    fn ask_for_pretrained(&self, network: Checkpoint) -> impl Future<Output = Result<(), ErrorReport>> + use<> {
        self.inner.persistence.show.set(Show::On);
        let Checkpoint { snapshot, arrays, test_accuracy, .. } = network;
        let client = self.clone();
        let shown = self.request(ShowPretrained { names: snapshot.names, arrays });
        async move {
            let show = &client.inner.persistence.show;
            match shown.await {
                Ok(()) if show.get() == Show::On => {
                    client.inner.changes.call(&Change::Pretrained(Some(test_accuracy.unwrap_or_default())));
                }
                Ok(()) => {}
                Err(report) => {
                    show.set(Show::Over);
                    return Err(report);
                }
            }
            Ok(())
        }
    }

    /// Ends the use of pretrained weights; from here on the weights come from the seed.
    pub fn leave_pretrained(&self) {
        if self.inner.persistence.show.get() == Show::On {
            self.forget_pretrained();
            self.ask(Command::Reset, Vec::new(), Box::new(drop));
        }
        self.inner.persistence.show.set(Show::Over);
    }

    /// The engine that showed them is gone.
    pub(super) fn forget_pretrained(&self) {
        if self.inner.persistence.show.replace(Show::Over) == Show::On {
            self.inner.changes.call(&Change::Pretrained(None));
        }
    }
}
