//! The configuration, runs and evaluations.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::{NoticeKind, State, TRAINS_HIDDEN, TestResult};
use crate::error::PageError;
use crate::ui::browser::{forget, remember};
use crate::ui::charted_history::ChartedHistory;
use crate::ui::checked::ValidatedModel;
use crate::ui::features::phone::Part;
use crate::ui::format;
use crate::ui::text::t_once;
use chalkgrad_engine::model::spec::TrainingConfig;
use chalkgrad_engine::protocol::requests::{
    Evaluate, Pause, Request, Reset, Resume, RetryData, SetStepDelay, SetTraining, Train,
};
use chalkgrad_engine::protocol::{RunState, Split};

impl State {
    pub fn set_training(&self, config: TrainingConfig) {
        let state = *self;
        let before = self.training.get_untracked();
        if config == before {
            return;
        }
        self.training.set(config.clone());
        self.validate();
        let response = self.client().request(SetTraining { config });
        spawn_local(async move {
            if let Err(report) = response.await {
                state.training.set(before);
                state.validate();
                state.notify(NoticeKind::Error, report);
            }
        });
    }

    /// Asks for a configuration that names another data set. The one in use stays until all of the other has arrived.
    pub(super) fn fetch_dataset(&self, config: TrainingConfig) {
        let (state, response) = (*self, self.client().request(SetTraining { config }));
        spawn_local(async move {
            if let Err(report) = response.await {
                state.fetched.set(None);
                state.notify(NoticeKind::Error, report);
            }
        });
    }

    pub fn train_or_pause(&self) {
        self.is_own_run.set_value(true);
        match self.run.get_untracked() {
            RunState::Training | RunState::Waiting => self.send(Pause {}),
            RunState::Paused => self.send(Resume {}),
            _ => self.begin(Train { epochs: None, steps: None }),
        }
    }

    /// Trains on one batch.
    pub fn step(&self) {
        self.begin(Train { epochs: None, steps: Some(1) });
    }

    /// Trains to the end of the epoch.
    pub fn step_epoch(&self) {
        self.is_own_run.set_value(true);
        self.begin(Train { epochs: Some(1), steps: None });
    }

    fn begin(&self, run: Train) {
        self.sample_first_histograms();
        self.send(run);
    }

    /// Sets the delay after each training step, in ms.
    pub fn set_step_delay(&self, step_delay_ms: u32) {
        self.step_delay_ms.set(step_delay_ms);
        self.send(SetStepDelay { step_delay_ms: f64::from(step_delay_ms) });
    }

    pub fn set_pauses_hidden(&self, pauses: bool) {
        self.pauses_hidden.set(pauses);
        if pauses { forget(TRAINS_HIDDEN) } else { remember(TRAINS_HIDDEN, "true") }
    }

    /// Handles the page becoming hidden or visible. A run that a script has started continues.
    pub fn page_hidden(&self, is_hidden: bool) {
        let is_training = matches!(self.run.get_untracked(), RunState::Training | RunState::Waiting);
        if is_hidden && is_training && self.is_own_run.get_value() && self.pauses_hidden.get_untracked() {
            self.is_hidden_pause.set_value(true);
            self.send(Pause {});
        } else if !is_hidden && self.is_hidden_pause.try_update_value(std::mem::take).unwrap_or_default() {
            self.send(Resume {});
            self.notify(NoticeKind::Note, PageError::PausedHidden.into());
        }
    }

    /// Begins again with new weights and another learning rate.
    pub fn reset_with_rate(&self, rate: f64) {
        let mut config = self.training.get_untracked();
        if let Ok(optimizer) = config.optimizer.with_learning_rate(rate) {
            config.optimizer = optimizer;
            self.set_training(config);
        }
        self.reset();
    }

    pub fn reset(&self) {
        let (state, response) = (*self, self.client().request(Reset {}));
        spawn_local(async move {
            match response.await {
                Ok(()) => {
                    state.forget_errors();
                    state.forget_run();
                }
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
        // Open the tab in which the result will appear.
        state.part.set(Part::Results);
        if state.dock.tab.get_untracked() != "mistakes" {
            state.dock.tab.set("confusion");
        }
        let response = self.client().request(Evaluate { split: Split::Test, samples: None });
        spawn_local(async move {
            let response = response.await;
            state.is_evaluating.set(false);
            match response {
                Ok(evaluated) => {
                    let result = TestResult::new(evaluated, state.steps());
                    let evaluation = &result.evaluation;
                    let accuracy = format::percent(evaluation.accuracy.unwrap_or(f32::NAN), 2);
                    let loss = format::loss(evaluation.loss);
                    let values = [("accuracy", accuracy.as_str()), ("loss", loss.as_str())];
                    state.announcement.set(t_once("announce_result", &values));
                    state.result_number.update_value(|number| *number += 1);
                    state.log("log_result", values.map(|(name, value)| (name, value.to_owned())).to_vec());
                    state.result.set(Some(result));
                    state.note_run();
                }
                Err(report) => state.notify(NoticeKind::Error, report),
            }
        });
    }

    pub fn retry_data(&self) {
        self.notices.update(|notices| notices.retain(|notice| notice.kind != NoticeKind::Data));
        self.send(RetryData {});
    }

    /// Sends a request of which only an error matters.
    fn send<R: Request + 'static>(&self, request: R) {
        let (state, response) = (*self, self.client().request(request));
        spawn_local(async move {
            if let Err(report) = response.await {
                state.notify(NoticeKind::Error, report);
            }
        });
    }

    /// Drops earlier measurements, because the weights are new.
    pub(super) fn forget_run(&self) {
        self.end_run();
        self.log("log_fresh", vec![("params", format::count(self.checked.with_untracked(ValidatedModel::params)))]);
        self.charted.update(ChartedHistory::clear);
        self.weights_version.update(|version| *version += 1);
        self.batch.set(None);
        self.epoch.set(None);
        self.result.set(None);
    }
}
