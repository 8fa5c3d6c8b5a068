//! The list of runs, as training goes on.

use leptos::prelude::*;

use super::State;
use crate::ui::browser::now_ms;
use crate::ui::features::curves::charted_history::{ChartedHistory, Quantity};
use crate::ui::features::runs::records::{RunRecord, RunSeries, Runs};
use chalkgrad_engine::protocol::EpochReport;

impl State {
    /// Notes where the present run stands; it begins with its first step.
    pub(in crate::ui) fn note_run(&self) {
        let steps = self.charted.with_untracked(ChartedHistory::steps);
        if steps == 0 {
            return;
        }
        let has_begun = self.runs.runs().with_untracked(Runs::present_begun).is_some();
        if !has_begun {
            let backend =
                self.engine.backend().with_untracked(|backend| backend.as_ref().map(|info| info.backend.clone()));
            let record = RunRecord::new(
                now_ms(),
                self.engine_model(),
                self.network.checked().with_untracked(|checked| checked.params()),
                self.engine.training().get_untracked(),
                backend.unwrap_or_default(),
            );
            self.runs.begin(record);
        }
        let test_accuracy =
            self.results.latest().with_untracked(|result| result.as_ref().and_then(|r| r.evaluation.accuracy));
        let images_per_second =
            self.run.batch().with_untracked(|batch| batch.as_ref().map(|batch| batch.images_per_second));
        let batch_size = self.engine.training().with_untracked(|training| f64::from(training.batch_size.max(1)));
        let steps_per_second = images_per_second.map(|images| images / batch_size);
        self.runs.note(|present| {
            present.steps = steps;
            self.charted.with_untracked(|charted| {
                present.epochs = charted.with_epochs(<[EpochReport]>::len) as u32;
                present.series = RunSeries::of(charted);
                // JSON has no other numbers.
                let first_loss = charted.at(Quantity::Loss, 1).map(|(loss, _)| loss);
                present.first_loss = first_loss.filter(|loss| loss.is_finite());
                present.seconds = charted.seconds(steps_per_second);
            });
            present.test_accuracy = test_accuracy;
        });
    }

    /// Ends the run of the current weights, which are discarded.
    pub(in crate::ui) fn end_run(&self) {
        self.note_run();
        self.runs.end();
        self.histograms.clear();
    }

    /// Takes over model and training configuration of an earlier run.
    pub fn restore_run(&self, number: u32) {
        let found = self
            .runs
            .runs()
            .with_untracked(|runs| runs.get(number).map(|record| (record.model.clone(), record.training.clone())));
        let Some((model, training)) = found else { return };
        self.set_training(training);
        self.edit(|history| history.replace(&model));
        self.network.select(None);
        self.log.text("log_restored", vec![("run", number.to_string())]);
    }
}
