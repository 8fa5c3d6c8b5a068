//! Lines of the log about runs and kernels.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::State;
use crate::ui::format;
use crate::ui::stores::messages::NoticeKind;
use chalkgrad_engine::protocol::requests::Profile;
use chalkgrad_engine::protocol::{EpochReport, RunState};

impl State {
    /// Writes how long each kernel of a training step takes on the GPU: the longest ones last, so that they stand on top.
    pub fn log_profile(&self) {
        const MOST: usize = 12;
        let (state, response) = (*self, self.client().request(Profile {}));
        spawn_local(async move {
            match response.await {
                Ok(kernels) => {
                    let total: f64 = kernels.iter().map(|kernel| kernel.ms).sum();
                    for kernel in kernels.iter().take(MOST).rev() {
                        let values = vec![
                            ("ms", format::fixed(kernel.ms, 2)),
                            ("share", format::percent((kernel.ms / total.max(1e-9)) as f32, 0)),
                            ("kernel", kernel.name.clone()),
                            ("shape", format::shape(&kernel.shape)),
                            ("dispatches", kernel.dispatches.to_string()),
                        ];
                        state.log.text("log_kernel", values);
                    }
                    let dispatches: u32 = kernels.iter().map(|kernel| kernel.dispatches).sum();
                    let values = vec![("ms", format::fixed(total, 2)), ("dispatches", dispatches.to_string())];
                    state.log.text("log_profile", values);
                }
                Err(report) => state.log.report(NoticeKind::Note, &report),
            }
        });
    }

    pub(super) fn log_state(&self, state: RunState) {
        let key = match state {
            RunState::Training => "log_training",
            RunState::Paused => "log_paused",
            RunState::Waiting => "log_waiting",
            RunState::Done if self.run.stopped_by().with_untracked(Option::is_some) => "log_stopped_early",
            RunState::Done => "log_done",
            RunState::Stopped => "log_stopped",
            RunState::Failed => "log_failed",
            RunState::Idle | RunState::Evaluating => return,
        };
        self.log.text(key, vec![("step", format::count(self.steps() as usize))]);
    }

    pub(super) fn log_epoch(&self, report: &EpochReport) {
        let mut values = vec![
            ("epoch", (report.epoch + 1).to_string()),
            ("loss", format::loss(report.loss)),
            ("accuracy", format::percent(report.accuracy, 2)),
            ("speed", format::count(report.images_per_second.max(0.0) as usize)),
        ];
        match report.val_loss.map(|loss| (loss, report.val_accuracy.unwrap_or(f32::NAN))) {
            None => self.log.text("log_epoch", values),
            Some((loss, accuracy)) => {
                values.extend([("val_loss", format::loss(loss)), ("val_accuracy", format::percent(accuracy, 2))]);
                self.log.text("log_epoch_validated", values);
            }
        }
    }
}
