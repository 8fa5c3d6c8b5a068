//! Events of the engine, and changes that this page or the JavaScript API has made.

use super::State;
use crate::client::Change;
use crate::ui::features::curves::charted_history::ChartedHistory;
use crate::ui::format;
use crate::ui::stores::messages::NoticeKind;
use crate::ui::text::t_once;
use chalkgrad_engine::model::training::trained_samples;
use chalkgrad_engine::protocol::{BackendInfo, BatchReport, DataProgress, EpochReport, Event, RunState};
use leptos::prelude::*;

impl State {
    pub fn on_event(&self, event: &Event) {
        match event {
            Event::State { state } => {
                if *state == RunState::Training {
                    self.messages.forget(NoticeKind::Error);
                }
                self.run.enter(*state);
                self.note_run();
                self.log_state(*state);
                self.run.weights_changed();
            }
            Event::Batch(report) => {
                let is_first = self.charted.with_untracked(ChartedHistory::is_empty);
                self.follow_history();
                self.run.report_batch(report.clone());
                if is_first {
                    self.note_run();
                }
                self.run.weights_changed();
            }
            Event::Epoch(report) => {
                self.follow_history();
                self.log_epoch(report);
                self.note_run();
                self.sample_all_histograms();
                self.announce_epoch(report);
                self.run.report_epoch(report);
            }
            Event::Data(progress) if self.is_of_other_dataset(progress) => self.engine.set_fetched(progress.clone()),
            Event::Data(progress) => {
                self.engine.end_fetch();
                if let Some(report) = progress.error.clone() {
                    self.notify(NoticeKind::Data, report);
                } else if progress.complete {
                    if self.engine.data().with_untracked(|data| !data.complete) {
                        let images = format::count((progress.train_images + progress.test_images) as usize);
                        self.log.text("log_data", vec![("images", images)]);
                    }
                    self.messages.forget(NoticeKind::Data);
                }
                self.engine.set_data(progress);
            }
            Event::Error(report) => self.notify(NoticeKind::Error, report.clone()),
            Event::Warning(report) => self.notify(NoticeKind::Warning, report.clone()),
            Event::StepCost { dispatches, submissions } => {
                let values = vec![("dispatches", dispatches.to_string()), ("submissions", submissions.to_string())];
                self.log.text("log_step_cost", values);
            }
            Event::Kernels { ready, total } => self.engine.set_kernels(*ready, *total),
            Event::Snapshot(_) => {}
        }
    }

    /// Returns true if a data set is fetched that will take the place of the one in use.
    fn is_of_other_dataset(&self, progress: &DataProgress) -> bool {
        self.engine.training().with_untracked(|training| training.dataset != progress.dataset)
    }

    /// Handles a change in the engine, made by this page or by the JavaScript API.
    pub fn on_change(&self, change: &Change) {
        match change {
            Change::Model(spec, _) => self.model_changed_elsewhere(spec),
            Change::Training(config) => {
                self.training_changed(config);
            }
            Change::Backend(backend) => self.set_backend_info(backend),
            Change::Engine(engine) => {
                self.set_backend_info(&engine.backend);
                // A new engine knows nothing of it.
                if self.run.step_delay_ms().get_untracked() > 0 {
                    self.set_step_delay(self.run.step_delay_ms().get_untracked());
                }
            }
            Change::Opened { batch_in_epoch } => self.show_opened(*batch_in_epoch),
            Change::Weights => self.run.weights_changed(),
            Change::Pretrained(accuracy) => {
                self.results.forget();
                self.run.weights_changed();
                self.pretrained.answers(*accuracy);
            }
        }
    }

    /// Shows what the client's history has gained. If that is another one, the weights were reset by a script or an earlier
    /// state was restored, and the run that was shown has ended.
    fn follow_history(&self) {
        let history = self.client().history();
        if self.charted.with_untracked(|charted| !charted.is_empty() && !charted.shows(&history)) {
            self.end_run();
        }
        self.charted.update(|charted| charted.follow(&history));
    }

    /// Shows the history of an experiment that was opened.
    fn show_opened(&self, batch_in_epoch: u32) {
        self.forget_run();
        self.pretrained.dismiss_replaced();
        let history = self.client().history();
        self.charted.update(|charted| charted.follow(&history));
        let history = history.read();
        let Some(loss) = history.losses().last() else { return };
        let config = self.engine.training().get_untracked();
        let images = trained_samples(&config, config.train_samples as usize) as u32;
        let batches_per_epoch = images.div_ceil(config.batch_size.max(1));
        // At the end of an epoch its own means are shown, as they were when it was trained.
        let last_epoch = history.epochs().last().filter(|epoch| epoch.step == history.steps() && batch_in_epoch == 0);
        let [epoch_loss, epoch_accuracy] = match last_epoch {
            Some(epoch) => [epoch.loss, epoch.accuracy],
            None => history.means_of_last(batch_in_epoch.max(1)),
        };
        let (epoch, batch_in_epoch) = match last_epoch {
            Some(epoch) => (epoch.epoch, batches_per_epoch),
            None => (history.epochs().len() as u32, batch_in_epoch),
        };
        self.run.report_batch(BatchReport {
            step: history.steps(),
            epoch,
            batch_in_epoch,
            batches_per_epoch,
            loss: *loss,
            accuracy: history.accuracies().last().copied().unwrap_or(f32::NAN),
            epoch_loss,
            epoch_accuracy,
            ..BatchReport::default()
        });
    }

    fn announce_epoch(&self, report: &EpochReport) {
        let epoch = (report.epoch + 1).to_string();
        let (loss, accuracy) = (format::loss(report.loss), format::percent(report.accuracy, 1));
        let values = [("epoch", epoch.as_str()), ("loss", loss.as_str()), ("accuracy", accuracy.as_str())];
        self.messages.announce(t_once("announce_epoch", &values));
    }

    fn set_backend_info(&self, backend: &BackendInfo) {
        if self.engine.set_backend(backend) {
            self.log.backend(backend.detail.clone());
        }
    }
}
