//! What was trained before: configuration, result and course of every set of weights.

use super::curves::{Curves, Sample};
use crate::model::spec::{ModelSpec, TrainingConfig};

/// The most runs that are remembered.
const MAX_RUNS: usize = 24;

/// So many of the latest are drawn beside the present one unasked.
const MAX_COMPARED: usize = 4;

/// Columns that a course is thinned out to.
const COLUMNS: usize = 500;

/// From fresh weights to where they were given up, or to now.
#[derive(Clone, PartialEq, Debug)]
pub struct RunRecord {
    /// From 1, in the order of their beginnings.
    pub number: u32,
    /// When it began, as a clock shows it.
    pub time: String,
    pub model: ModelSpec,
    pub params: usize,
    /// As it was when the first step was taken.
    pub training: TrainingConfig,
    pub backend: String,
    pub steps: u32,
    pub epochs: u32,
    pub test_accuracy: Option<f32>,
    pub course: Course,
    /// Whether it is drawn beside the present run.
    pub is_compared: bool,
}

/// What a chart needs of an earlier run.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Course {
    pub loss: Vec<Sample>,
    pub accuracy: Vec<Sample>,
    pub validation_loss: Vec<Sample>,
    pub validation_accuracy: Vec<Sample>,
}

impl Course {
    pub fn of(curves: &Curves) -> Self {
        Self {
            loss: curves.smooth(COLUMNS),
            accuracy: thinned(&curves.train_accuracy, COLUMNS),
            validation_loss: curves.validation_loss.clone(),
            validation_accuracy: curves.validation_accuracy.clone(),
        }
    }
}

/// About so many of the samples, the last among them.
pub fn thinned(samples: &[Sample], columns: usize) -> Vec<Sample> {
    let stride = samples.len().div_ceil(columns.max(1)).max(1);
    let last = samples.len().saturating_sub(1);
    let is_kept = |index: &usize| index.is_multiple_of(stride) || *index == last;
    samples.iter().enumerate().filter(|(index, _)| is_kept(index)).map(|(_, sample)| *sample).collect()
}

/// All of them; the last may be under way.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Runs {
    records: Vec<RunRecord>,
    /// The last record is of the present weights.
    is_present: bool,
    begun: u32,
}

impl Runs {
    /// The latest first.
    pub fn latest_first(&self) -> impl Iterator<Item = &RunRecord> {
        self.records.iter().rev()
    }

    /// The run of the present weights.
    pub fn present(&mut self) -> Option<&mut RunRecord> {
        if self.is_present { self.records.last_mut() } else { None }
    }

    /// A run has begun; its number is given here.
    pub fn begin(&mut self, record: RunRecord) {
        self.begun += 1;
        self.records.push(RunRecord { number: self.begun, ..record });
        self.is_present = true;
        let surplus = self.records.len().saturating_sub(MAX_RUNS);
        self.records.drain(..surplus);
    }

    /// The present weights are given up. Their run is now compared with, in place of the first of too many.
    pub fn end(&mut self) {
        self.is_present = false;
        if self.compared().count() > MAX_COMPARED
            && let Some(first) = self.records.iter_mut().find(|record| record.is_compared)
        {
            first.is_compared = false;
        }
    }

    pub fn get(&self, number: u32) -> Option<&RunRecord> {
        self.records.iter().find(|record| record.number == number)
    }

    pub fn compare(&mut self, number: u32, is_compared: bool) {
        for record in self.records.iter_mut().filter(|record| record.number == number) {
            record.is_compared = is_compared;
        }
    }

    /// The runs that are drawn beside the present one.
    pub fn compared(&self) -> impl Iterator<Item = &RunRecord> {
        let earlier = self.records.len() - usize::from(self.is_present);
        self.records[..earlier].iter().filter(|record| record.is_compared)
    }

    /// Whether a run is that of the present weights.
    pub fn is_present(&self, number: u32) -> bool {
        self.is_present && self.records.last().is_some_and(|record| record.number == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> RunRecord {
        RunRecord {
            number: 0,
            time: String::new(),
            model: ModelSpec::reference_cnn(),
            params: 93_322,
            training: TrainingConfig::default(),
            backend: "cpu".to_owned(),
            steps: 0,
            epochs: 0,
            test_accuracy: None,
            course: Course::default(),
            is_compared: true,
        }
    }

    #[test]
    fn runs_are_numbered_and_bounded_and_the_present_one_is_not_compared_with_itself() {
        let mut runs = Runs::default();
        assert!(runs.present().is_none());
        runs.begin(record());
        runs.present().unwrap().steps = 7;
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
    fn a_course_is_thinned_out_to_its_end() {
        let mut curves = Curves::default();
        curves.add_batches(5000, &vec![1.0; 5000], 0.5);
        let course = Course::of(&curves);
        assert!(course.loss.len() <= COLUMNS + 1);
        assert_eq!(course.loss.last().unwrap().step, 5000);
        assert_eq!(course.accuracy.len(), 1);
    }
}
