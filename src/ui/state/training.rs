//! The configuration, runs and evaluations.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::State;
use crate::error::PageError;
use crate::ui::features::curves::charted_history::ChartedHistory;
use crate::ui::features::network::checked::ValidatedModel;
use crate::ui::features::phone::Part;
use crate::ui::format;
use crate::ui::stores::messages::NoticeKind;
use crate::ui::stores::results::TestResult;
use crate::ui::text::t_once;
use chalkgrad_engine::model::spec::TrainingConfig;
use chalkgrad_engine::protocol::requests::{
    Evaluate, FetchData, Pause, Request, Reset, Resume, SetStepDelay, SetTraining, Train,
};
use chalkgrad_engine::protocol::{RunState, Split};

impl State {
    pub fn set_training(&self, config: TrainingConfig) {
        let state = *self;
        let before = self.engine.training().get_untracked();
        if config == before {
            return;
        }
        self.engine.set_training(config.clone());
        self.validate();
        let response = self.client().request(SetTraining { config });
        spawn_local(async move {
            if let Err(report) = response.await {
                state.engine.set_training(before);
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
                state.engine.end_fetch();
                state.notify(NoticeKind::Error, report);
            }
        });
    }

    pub fn train_or_pause(&self) {
        self.run.begin_own();
        match self.run.state().get_untracked() {
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
        self.run.begin_own();
        self.begin(Train { epochs: Some(1), steps: None });
    }

    /// Begins a run of the network that is shown.
    pub(super) fn begin(&self, run: Train) {
        if self.sending.put_off(&run) {
            return;
        }
        self.send_pending_edit();
        self.sample_first_histograms();
        self.send(run);
    }

    /// Sets the delay after each training step, in ms.
    pub fn set_step_delay(&self, step_delay_ms: u32) {
        self.run.set_step_delay_ms(step_delay_ms);
        self.send(SetStepDelay { step_delay_ms: f64::from(step_delay_ms) });
    }

    /// Handles the page becoming hidden or visible.
    pub fn page_hidden(&self, is_hidden: bool) {
        if is_hidden && self.run.pause_hidden() {
            self.send(Pause {});
        } else if !is_hidden && self.run.resume_visible() {
            self.send(Resume {});
            self.notify(NoticeKind::Note, PageError::PausedHidden.into());
        }
    }

    /// Begins again with new weights and another learning rate.
    pub fn reset_with_rate(&self, rate: f64) {
        let mut config = self.engine.training().get_untracked();
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
                    state.messages.forget(NoticeKind::Error);
                    state.forget_run();
                }
                Err(report) => state.notify(NoticeKind::Error, report),
            }
        });
    }

    pub fn evaluate(&self) {
        let state = *self;
        if state.results.is_evaluating().get_untracked() {
            return;
        }
        state.results.begin();
        // The tab in which the result will appear.
        state.screen.show(Part::Results);
        state.dock.open_result();
        let response = self.client().request(Evaluate { split: Split::Test, samples: None });
        spawn_local(async move {
            let response = response.await;
            state.results.end();
            match response {
                Ok(evaluated) => {
                    let result = TestResult::new(evaluated, state.steps());
                    let evaluation = &result.evaluation;
                    let accuracy = format::percent(evaluation.accuracy.unwrap_or(f32::NAN), 2);
                    let loss = format::loss(evaluation.loss);
                    let values = [("accuracy", accuracy.as_str()), ("loss", loss.as_str())];
                    state.messages.announce(t_once("announce_result", &values));
                    state.log.text("log_result", values.map(|(name, value)| (name, value.to_owned())).to_vec());
                    state.results.show(result);
                    state.note_run();
                }
                Err(report) => state.notify(NoticeKind::Error, report),
            }
        });
    }

    /// Tries again what failed without a connection.
    pub fn connection_is_back(&self) {
        if self.messages.has(NoticeKind::Data) {
            self.retry_data();
        }
    }

    pub fn retry_data(&self) {
        self.messages.forget(NoticeKind::Data);
        self.send(FetchData {});
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
        let params = format::count(self.network.checked().with_untracked(ValidatedModel::params));
        self.log.text("log_fresh", vec![("params", params)]);
        self.charted.update(ChartedHistory::clear);
        self.run.forget();
        self.results.forget();
    }
}
