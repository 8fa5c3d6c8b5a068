//! The run as the engine reports it, and how it goes on while nobody looks.

use leptos::prelude::*;

use crate::ui::browser::{forget, remember, remembered};
use chalkgrad_engine::protocol::{BatchReport, EpochReport, RunState, StopRule};

/// Key of the stored preference that training continues while the page is hidden.
const TRAINS_HIDDEN: &str = "chalkgrad.trains-hidden";

/// See the [module](self).
pub struct Run {
    state: RwSignal<RunState>,
    stopped_by: RwSignal<Option<StopRule>>,
    batch: RwSignal<Option<BatchReport>>,
    epoch: RwSignal<Option<EpochReport>>,
    weights_version: RwSignal<u32>,
    step_delay_ms: RwSignal<u32>,
    pauses_hidden: RwSignal<bool>,
    /// The page has started the run, not a script.
    is_own: StoredValue<bool>,
    /// The run pauses because the page is hidden.
    is_hidden_pause: StoredValue<bool>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            state: RwSignal::new(RunState::Idle),
            stopped_by: RwSignal::new(None),
            batch: RwSignal::new(None),
            epoch: RwSignal::new(None),
            weights_version: RwSignal::new(0),
            step_delay_ms: RwSignal::new(0),
            pauses_hidden: RwSignal::new(remembered(TRAINS_HIDDEN).is_none()),
            is_own: StoredValue::new(false),
            is_hidden_pause: StoredValue::new(false),
        }
    }
}

impl Run {
    pub fn state(&self) -> ReadSignal<RunState> {
        self.state.read_only()
    }

    /// The rule that ended the last run.
    pub fn stopped_by(&self) -> ReadSignal<Option<StopRule>> {
        self.stopped_by.read_only()
    }

    /// The last report of training.
    pub fn batch(&self) -> ReadSignal<Option<BatchReport>> {
        self.batch.read_only()
    }

    /// The last epoch that has ended.
    pub fn epoch(&self) -> ReadSignal<Option<EpochReport>> {
        self.epoch.read_only()
    }

    /// Counts the changes of the weights that a prediction should follow.
    pub fn weights_version(&self) -> ReadSignal<u32> {
        self.weights_version.read_only()
    }

    /// Rest of training after each step.
    pub fn step_delay_ms(&self) -> ReadSignal<u32> {
        self.step_delay_ms.read_only()
    }

    /// Runs started on the page pause while the page is hidden.
    pub fn pauses_hidden(&self) -> ReadSignal<bool> {
        self.pauses_hidden.read_only()
    }

    pub fn is_training(&self) -> bool {
        self.state.with(is_training)
    }

    /// Steps that the weights have been trained, as far as the page has heard.
    pub fn steps(&self) -> u32 {
        self.batch.with_untracked(|batch| batch.as_ref().map_or(0, |batch| batch.step))
    }

    /// Takes over the state that the engine has entered.
    pub fn enter(&self, state: RunState) {
        match state {
            RunState::Done | RunState::Stopped | RunState::Failed => self.is_own.set_value(false),
            RunState::Training if self.stopped_by.with_untracked(Option::is_some) => self.stopped_by.set(None),
            _ => {}
        }
        self.state.set(state);
    }

    pub fn report_batch(&self, report: BatchReport) {
        self.batch.set(Some(report));
    }

    pub fn report_epoch(&self, report: &EpochReport) {
        self.epoch.set(Some(report.clone()));
        if report.stopped_by.is_some() {
            self.stopped_by.set(report.stopped_by);
        }
    }

    /// Notes that the weights have changed.
    pub fn weights_changed(&self) {
        self.weights_version.update(|version| *version += 1);
    }

    /// Drops the reports, because the weights are new.
    pub fn forget(&self) {
        self.weights_changed();
        self.batch.set(None);
        self.epoch.set(None);
    }

    pub fn set_step_delay_ms(&self, step_delay_ms: u32) {
        self.step_delay_ms.set(step_delay_ms);
    }

    pub fn set_pauses_hidden(&self, pauses: bool) {
        self.pauses_hidden.set(pauses);
        if pauses { forget(TRAINS_HIDDEN) } else { remember(TRAINS_HIDDEN, "true") }
    }

    /// Notes that the page starts the run or goes on with it.
    pub fn begin_own(&self) {
        self.is_own.set_value(true);
    }

    /// Returns true if the run is to pause because the page has been hidden. A run that a script has started continues.
    pub fn pause_hidden(&self) -> bool {
        let pauses =
            self.state.with_untracked(is_training) && self.is_own.get_value() && self.pauses_hidden.get_untracked();
        if pauses {
            self.is_hidden_pause.set_value(true);
        }
        pauses
    }

    /// Returns true if the run has paused because the page was hidden, and is to go on now.
    pub fn resume_visible(&self) -> bool {
        self.is_hidden_pause.try_update_value(std::mem::take).unwrap_or_default()
    }
}

fn is_training(state: &RunState) -> bool {
    matches!(state, RunState::Training | RunState::Waiting)
}
