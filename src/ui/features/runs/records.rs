//! Earlier runs: configuration, result and history of every set of weights.

use crate::ui::charts::series::Sample;
use crate::ui::features::curves::charted_history::{ChartedHistory, Quantity, thinned};
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use serde::{Deserialize, Serialize};

/// The most runs that are remembered.
const MAX_RUNS: usize = 24;

/// Number of the latest runs that are drawn beside the current one by default.
const MAX_COMPARED: usize = 4;

/// Columns that the series of a run are thinned out to.
const COLUMNS: usize = 500;

/// And for the browser to keep, which it does every few seconds.
const KEPT_COLUMNS: usize = 100;

/// Factor by which the loss of a run may rise above its first value before the run counts as diverged.
const DIVERGED: f32 = 1.5;

/// The longest name of a run.
const MAX_NAME: usize = 40;

/// From fresh weights to where they were given up, or to now.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRecord {
    /// From 1, in the order of their beginnings.
    pub number: u32,
    /// The user's name for it; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// When it began, in milliseconds since 1970.
    pub begun_ms: f64,
    pub model: ModelSpec,
    pub params: usize,
    /// As it was when the first step was taken.
    pub training: TrainingConfig,
    pub backend: String,
    pub steps: u32,
    pub epochs: u32,
    /// Time that training took; 0 if it is not known.
    #[serde(default)]
    pub seconds: f64,
    pub test_accuracy: Option<f32>,
    /// The loss of its first step.
    #[serde(default)]
    pub first_loss: Option<f32>,
    /// The browser's saved runs have it under its first name.
    #[serde(rename = "course")]
    pub series: RunSeries,
    /// The run is drawn beside the current one.
    pub is_compared: bool,
}

/// Data of an earlier run for a chart.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunSeries {
    pub loss: Vec<Sample>,
    pub accuracy: Vec<Sample>,
    pub validation_loss: Vec<Sample>,
    pub validation_accuracy: Vec<Sample>,
}

impl RunSeries {
    pub fn of(charted: &ChartedHistory) -> Self {
        let all = 0..charted.steps() + 1;
        Self {
            loss: charted.smooth(Quantity::Loss, all.clone(), COLUMNS),
            accuracy: charted.smooth(Quantity::Accuracy, all, COLUMNS),
            validation_loss: charted.validation(Quantity::Loss),
            validation_accuracy: charted.validation(Quantity::Accuracy),
        }
    }

    /// Returns the smoothed curve on the training images.
    pub fn training(&self, quantity: Quantity) -> &[Sample] {
        match quantity {
            Quantity::Loss => &self.loss,
            Quantity::Accuracy => &self.accuracy,
        }
    }
}

impl RunRecord {
    /// Returns true if the loss has no finite value or ended far above its start.
    pub fn has_diverged(&self) -> bool {
        match (self.start(), self.series.loss.last()) {
            (Some(start), Some(last)) => last.step < self.steps || last.value > start * DIVERGED,
            _ => self.steps > 0,
        }
    }

    /// Returns the loss at the beginning of the run.
    pub fn start(&self) -> Option<f32> {
        let smoothed = self.series.loss.first().map(|sample| sample.value);
        self.first_loss.filter(|loss| loss.is_finite()).or(smoothed)
    }

    /// Returns the accuracy by which runs are compared, on images that the run has not trained on if there is one: of the
    /// test, or the last on the validation images.
    pub fn unseen_accuracy(&self) -> Option<f32> {
        self.test_accuracy.or(self.series.validation_accuracy.last().map(|sample| sample.value))
    }
}

/// Merges the saved runs with a tab's own, by start time. If a run is in both, the tab's own record is used.
pub fn merged(kept: Vec<RunRecord>, own: Vec<RunRecord>) -> Vec<RunRecord> {
    let is_own = |record: &RunRecord| own.iter().any(|other| other.begun_ms == record.begun_ms);
    let mut all: Vec<RunRecord> = kept.into_iter().filter(|record| !is_own(record)).collect();
    all.extend(own);
    all.sort_by(|one, other| one.begun_ms.total_cmp(&other.begun_ms));
    let surplus = all.len().saturating_sub(MAX_RUNS);
    all.drain(..surplus);
    all
}

/// All of them; the last may be under way.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Runs {
    records: Vec<RunRecord>,
    /// The last record is of the present weights.
    is_present: bool,
    begun: u32,
}

impl RunRecord {
    /// Makes the record of a run that has not taken a step yet.
    pub fn new(begun_ms: f64, model: ModelSpec, params: usize, training: TrainingConfig, backend: String) -> Self {
        Self {
            number: 0,
            name: String::new(),
            begun_ms,
            model,
            params,
            training,
            backend,
            steps: 0,
            epochs: 0,
            seconds: 0.0,
            test_accuracy: None,
            first_loss: None,
            series: RunSeries::default(),
            is_compared: true,
        }
    }
}

impl Runs {
    /// Iterates over the runs, the latest first.
    pub fn latest_first(&self) -> impl Iterator<Item = &RunRecord> {
        self.records.iter().rev()
    }

    /// Returns the run of the current weights.
    pub fn present(&mut self) -> Option<&mut RunRecord> {
        if self.is_present { self.records.last_mut() } else { None }
    }

    /// Begins a run and numbers it.
    pub fn begin(&mut self, record: RunRecord) {
        self.begun = self.begun.saturating_add(1);
        self.records.push(RunRecord { number: self.begun, ..record });
        self.is_present = true;
        self.bound();
    }

    /// Ends the run of the current weights, which are discarded. It is now compared with unless it has diverged, and the
    /// first of too many compared runs is not.
    pub fn end(&mut self) {
        if let Some(present) = self.present() {
            present.is_compared &= !present.has_diverged();
        }
        self.is_present = false;
        if self.compared().count() > MAX_COMPARED
            && let Some(first) = self.records.iter_mut().find(|record| record.is_compared)
        {
            first.is_compared = false;
        }
    }

    /// Runs as they are stored in the browser. JSON has no NaN.
    pub fn to_keep(&self) -> Vec<RunRecord> {
        let thin = |samples: &[Sample]| {
            let finite: Vec<Sample> = samples.iter().filter(|sample| sample.value.is_finite()).copied().collect();
            thinned(&finite, KEPT_COLUMNS)
        };
        let kept = |record: &RunRecord| {
            let RunSeries { loss, accuracy, validation_loss, validation_accuracy } = &record.series;
            let [loss, accuracy] = [thin(loss), thin(accuracy)];
            let [validation_loss, validation_accuracy] = [thin(validation_loss), thin(validation_accuracy)];
            let series = RunSeries { loss, accuracy, validation_loss, validation_accuracy };
            RunRecord {
                series,
                model: record.model.clone(),
                training: record.training.clone(),
                backend: record.backend.clone(),
                name: record.name.clone(),
                ..*record
            }
        };
        self.records.iter().map(kept).collect()
    }

    /// Takes in the runs of earlier visits. They keep their numbers, except where two tabs have given the same, and are not
    /// drawn unasked.
    pub fn take_in(&mut self, mut earlier: Vec<RunRecord>) {
        let mut free = 0;
        for record in &mut earlier {
            record.number = record.number.max(free);
            free = record.number.saturating_add(1);
        }
        let last = earlier.iter().map(|record| record.number).max().unwrap_or_default();
        earlier.iter_mut().for_each(|record| record.is_compared = false);
        self.records.iter_mut().for_each(|record| record.number = record.number.saturating_add(last));
        self.begun = self.begun.saturating_add(last);
        earlier.append(&mut self.records);
        self.records = earlier;
        self.bound();
    }

    /// Resumes the run of an earlier visit that began at this time.
    pub fn resume(&mut self, begun_ms: f64) {
        if let Some(at) = self.records.iter().position(|record| record.begun_ms == begun_ms)
            && !self.is_present
        {
            let mut record = self.records.remove(at);
            record.is_compared = true;
            self.records.push(record);
            self.is_present = true;
        }
    }

    /// Returns the start time of the current weights' run.
    pub fn present_begun(&self) -> Option<f64> {
        self.records.last().filter(|_| self.is_present).map(|record| record.begun_ms)
    }

    /// Returns the number of the current weights' run.
    fn present_number(&self) -> Option<u32> {
        self.records.last().filter(|_| self.is_present).map(|record| record.number)
    }

    fn bound(&mut self) {
        let surplus = self.records.len().saturating_sub(MAX_RUNS);
        self.records.drain(..surplus);
    }

    pub fn get(&self, number: u32) -> Option<&RunRecord> {
        self.records.iter().find(|record| record.number == number)
    }

    pub fn compare(&mut self, number: u32, is_compared: bool) {
        for record in self.records.iter_mut().filter(|record| record.number == number) {
            record.is_compared = is_compared;
        }
    }

    /// Names a run; an empty name takes the name back.
    pub fn rename(&mut self, number: u32, name: &str) {
        for record in self.records.iter_mut().filter(|record| record.number == number) {
            record.name = name.trim().chars().take(MAX_NAME).collect();
        }
    }

    /// Returns the run that began before this one.
    pub fn before(&self, number: u32) -> Option<&RunRecord> {
        let at = self.records.iter().position(|record| record.number == number)?;
        self.records.get(at.checked_sub(1)?)
    }

    /// Returns the number of the run with the highest accuracy on unseen images, if there are several to choose from.
    pub fn best(&self) -> Option<u32> {
        let mut ranked: Vec<(f32, u32)> = self
            .records
            .iter()
            .filter_map(|record| Some((record.unseen_accuracy()?, record.number)))
            .filter(|(accuracy, _)| accuracy.is_finite())
            .collect();
        ranked.sort_by(|one, other| one.0.total_cmp(&other.0));
        match ranked.as_slice() {
            [.., second, best] if best.0 > second.0 => Some(best.1),
            _ => None,
        }
    }

    /// Iterates over the runs that are drawn beside the current one.
    pub fn compared(&self) -> impl Iterator<Item = &RunRecord> {
        let earlier = self.records.len() - usize::from(self.is_present);
        self.records[..earlier].iter().filter(|record| record.is_compared)
    }

    /// Returns true if a run belongs to the current weights.
    pub fn is_present(&self, number: u32) -> bool {
        self.present_number() == Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chalkgrad_engine::history::TrainingHistory;

    fn charted(batches: &[(u32, &[f32], f32)]) -> ChartedHistory {
        let mut history = TrainingHistory::default();
        for (step, losses, accuracy) in batches {
            history.add_batch(*step, losses, &vec![*accuracy; losses.len()]);
        }
        let mut charted = ChartedHistory::default();
        charted.follow(&history.into());
        charted
    }

    fn record() -> RunRecord {
        RunRecord::new(1.7e12, ModelSpec::reference_cnn(), 93_322, TrainingConfig::default(), "cpu".to_owned())
    }

    #[test]
    fn runs_are_numbered_and_bounded_and_the_present_one_is_not_compared_with_itself() {
        let mut runs = Runs::default();
        assert!(runs.present().is_none());
        runs.begin(record());
        runs.present().unwrap().steps = 7;
        runs.present().unwrap().series = RunSeries::of(&charted(&[(7, &[1.0; 7], 0.5)]));
        assert_eq!(runs.compared().count(), 0);
        runs.end();
        assert!(runs.present().is_none());
        assert_eq!(runs.compared().next().unwrap().steps, 7);
        for _ in 0..40 {
            runs.begin(record());
            runs.end();
        }
        assert_eq!(runs.compared().map(|run| run.number).collect::<Vec<_>>(), [38, 39, 40, 41]);
        runs.begin(record());
        assert_eq!((runs.latest_first().count(), runs.latest_first().next().unwrap().number), (MAX_RUNS, 42));
        assert!(runs.is_present(42) && !runs.is_present(41) && runs.get(1).is_none());
        runs.compare(40, false);
        assert!(runs.compared().all(|record| record.number != 40));
    }

    #[test]
    fn runs_come_back_on_the_next_visit_and_one_of_them_goes_on() {
        let mut runs = Runs::default();
        let charted = charted(&[(3000, &[f32::NAN; 3000], 0.5), (5000, &[0.25; 2000], 0.75)]);
        for steps in [10, 20, 30] {
            runs.begin(record());
            let present = runs.present().unwrap();
            (present.steps, present.begun_ms, present.series) = (steps, steps.into(), RunSeries::of(&charted));
            present.test_accuracy = Some(0.5);
            runs.end();
        }
        let kept = runs.to_keep();
        // As the browser keeps them.
        let kept: Vec<RunRecord> = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
        assert!(kept.iter().all(|record| record.series.loss.len() <= 2 * KEPT_COLUMNS));
        assert_eq!(kept[2].series.loss.last(), charted.smooth(Quantity::Loss, 0..5001, COLUMNS).last());

        let mut next = Runs::default();
        next.begin(record());
        next.take_in(kept.clone());
        assert_eq!(next.latest_first().map(|run| run.number).collect::<Vec<_>>(), [4, 3, 2, 1]);
        assert!(next.is_present(4));
        assert_eq!(next.compared().count(), 0, "not unasked");
        next.resume(20.0);
        assert!(next.is_present(4), "only where there is no other");
        next.end();
        next.resume(20.0);
        assert_eq!((next.present_number(), next.present().unwrap().steps), (Some(2), 20));
        assert_eq!(next.latest_first().map(|run| run.number).collect::<Vec<_>>(), [2, 4, 3, 1]);
        next.end();
        next.begin(record());
        assert_eq!(next.present_number(), Some(5));

        let mut bounded = Runs::default();
        bounded.take_in(vec![RunRecord { number: u32::MAX, ..record() }; 100]);
        bounded.begin(record());
        assert_eq!(bounded.latest_first().count(), MAX_RUNS);
    }

    #[test]
    fn the_runs_of_two_tabs_are_joined_and_numbered_apart() {
        let run = |number, begun_ms, steps| RunRecord { number, begun_ms, steps, ..record() };
        let kept = vec![run(1, 10.0, 5), run(2, 20.0, 7), run(3, 40.0, 9)];
        let own = vec![run(1, 10.0, 6), run(2, 30.0, 8)];
        let all = merged(kept, own);
        assert_eq!(all.iter().map(|run| (run.number, run.steps)).collect::<Vec<_>>(), [(1, 6), (2, 7), (2, 8), (3, 9)]);
        let mut next = Runs::default();
        next.take_in(all);
        assert_eq!(next.latest_first().map(|run| run.number).collect::<Vec<_>>(), [4, 3, 2, 1]);
        assert_eq!(merged(vec![run(1, 0.0, 0); 30], (0..20).map(|at| run(at, at.into(), 0)).collect()).len(), 20);
        assert_eq!(
            merged((0..20).map(|at| run(at, -1.0 - f64::from(at), 0)).collect(), vec![run(9, 1.0, 3)]).len(),
            21
        );
        assert_eq!(
            merged((0..30).map(|at| run(at, -1.0 - f64::from(at), 0)).collect(), vec![run(9, 1.0, 3)]).len(),
            MAX_RUNS
        );
    }

    #[test]
    fn a_series_is_thinned_out_to_its_end() {
        let series = RunSeries::of(&charted(&[(5000, &[1.0; 5000], 0.5)]));
        assert!(series.loss.len() <= COLUMNS + 1);
        assert_eq!(series.loss.last().unwrap().step, 5000);
        assert_eq!(series.accuracy.len(), series.loss.len());
    }

    #[test]
    fn a_run_that_diverged_is_listed_and_not_drawn() {
        let run = |losses: &[f32]| RunRecord {
            steps: losses.len() as u32,
            series: RunSeries::of(&charted(&[(losses.len() as u32, losses, 0.1)])),
            ..record()
        };
        let mut runs = Runs::default();
        for losses in [&[2.3; 200][..], &[&[2.3; 100][..], &[1e22; 100]].concat(), &[f32::NAN; 9]] {
            runs.begin(run(losses));
            runs.end();
        }
        assert_eq!(runs.latest_first().map(RunRecord::has_diverged).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!(runs.compared().map(|run| run.number).collect::<Vec<_>>(), [1]);
        runs.compare(2, true);
        assert_eq!(runs.compared().count(), 2, "unless it is asked for");
    }

    #[test]
    fn runs_have_names_and_the_best_one_is_known() {
        let mut runs = Runs::default();
        for accuracy in [Some(0.9), Some(0.95), None] {
            runs.begin(RunRecord { test_accuracy: accuracy, ..record() });
            runs.end();
        }
        assert_eq!(runs.best(), Some(2));
        runs.rename(2, "  wide ");
        runs.rename(3, &"x".repeat(99));
        assert_eq!((runs.get(2).unwrap().name.as_str(), runs.get(3).unwrap().name.len()), ("wide", MAX_NAME));
        assert_eq!(runs.before(2).map(|run| run.number), Some(1));
        assert!(runs.before(1).is_none() && Runs::default().best().is_none());
        let kept = serde_json::to_string(&runs.to_keep()).unwrap();
        assert!(kept.contains("\"name\":\"wide\""));
        // As a browser has them that kept them before runs had names.
        let older = kept.replace(",\"seconds\":0.0", "").replace("\"name\":\"wide\",", "");
        assert!(
            serde_json::from_str::<Vec<RunRecord>>(&older)
                .unwrap()
                .iter()
                .all(|run| run.number != 2 || run.name.is_empty())
        );
    }
}
