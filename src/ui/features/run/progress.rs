//! The progress bar, and the state of the run below it.

use chalkgrad_engine::protocol::{DataProgress, RunState, StopRule};
use leptos::prelude::*;

use crate::ui::format;
use crate::ui::state::{State, use_state};
use crate::ui::text::{t, t_with};

#[component]
pub fn Progress() -> impl IntoView {
    let state = use_state();
    // The share of the epoch, so that bar and text speak of the same: after one step the bar is not full.
    let share = Memo::new(move |_| {
        state.run.batch().with(|batch| {
            let batch = batch.as_ref()?;
            Some(f64::from(batch.batch_in_epoch) / f64::from(batch.batches_per_epoch.max(1)))
        })
    });
    let share = move || match loaded(state) {
        Some(loaded) => loaded.loaded_bytes / loaded.total_bytes.max(1.0),
        None => share.get().unwrap_or_default().clamp(0.0, 1.0),
    };
    view! {
        <div class="progress">
            <div
                class="progress-track"
                role="progressbar"
                aria-label=move || t(if loaded(state).is_some() { "progress_of_data" } else { "progress" })
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=move || ((share() * 100.0) as u32).to_string()
            >
                <div class="progress-fill" style:transform=move || format::scale_x(share())></div>
            </div>
            <div class="progress-text">
                <span>{move || position(state)}</span>
                <span>{move || status(state)}</span>
            </div>
        </div>
    }
}

/// Returns what has come of another data set, or of the one in use while nothing else goes on.
fn loaded(state: State) -> Option<DataProgress> {
    if let Some(fetched) = state.engine.fetched().get() {
        return Some(fetched);
    }
    let is_idle = state.run.state().with(|run| *run == RunState::Idle) && state.run.batch().with(Option::is_none);
    let data = state.engine.data().get();
    (is_idle && data.total_bytes > 0.0 && !data.complete && data.error.is_none()).then_some(data)
}

/// Returns the position within the epoch, or within the download.
fn position(state: State) -> String {
    if let Some(data) = loaded(state) {
        let share = format::percent((data.loaded_bytes / data.total_bytes.max(1.0)) as f32, 0);
        return t_with("data_progress", &[("name", &state.dataset_title(&data.dataset)), ("share", &share)]);
    }
    state.run.batch().with(|batch| match batch {
        None => t(if state.is_training() { "run_starts" } else { "run_idle" }),
        Some(batch) => {
            let epoch = (batch.epoch + 1).to_string();
            let (done, of) =
                (format::count(batch.batch_in_epoch as usize), format::count(batch.batches_per_epoch as usize));
            t_with("run_position", &[("epoch", &epoch), ("batch", &done), ("batches", &of)])
        }
    })
}

/// Returns the state of the run, or the time that is left.
fn status(state: State) -> String {
    match state.run.state().get() {
        RunState::Idle => String::new(),
        RunState::Training => {
            let remaining = state.run.batch().with(|batch| batch.as_ref().map(|batch| batch.remaining_seconds));
            remaining.map(|seconds| t_with("time_left", &[("time", &format::duration(seconds))])).unwrap_or_default()
        }
        // A run that ended before the weights were reset no longer matters.
        RunState::Done | RunState::Stopped if state.run.batch().with(Option::is_none) => String::new(),
        RunState::Paused => t("state_paused"),
        RunState::Waiting => t("state_waiting"),
        RunState::Evaluating => t("state_evaluating"),
        RunState::Done => match state.run.stopped_by().get() {
            Some(StopRule::TargetAccuracy) => t("stopped_by_target"),
            Some(StopRule::Patience) => t("stopped_by_patience"),
            None => t("state_done"),
        },
        RunState::Stopped => t("state_stopped"),
        RunState::Failed => t("state_failed"),
    }
}
