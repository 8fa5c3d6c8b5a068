//! The last evaluation on the test images.

use leptos::prelude::*;

use chalkgrad_engine::protocol::Evaluation;
use chalkgrad_engine::protocol::responses::Evaluated;

/// True values of the test examples and those that were predicted, both `[n,columns]`.
#[derive(Clone, PartialEq, Debug)]
pub struct Fit {
    truth: Vec<f32>,
    predicted: Vec<f32>,
    columns: usize,
}

impl Fit {
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Returns true and predicted values of a column.
    pub fn column(&self, column: usize) -> [Vec<f32>; 2] {
        [&self.truth, &self.predicted].map(|values| values.iter().skip(column).step_by(self.columns).copied().collect())
    }
}

/// An evaluation on the test images.
#[derive(Clone, PartialEq, Debug)]
pub struct TestResult {
    pub evaluation: Evaluation,
    /// `confusion[true][predicted]`, row by row.
    pub confusion: Vec<f32>,
    /// Per image: its class, the predicted one if there is an answer, and the score of that.
    pub labels: Vec<u8>,
    pub predicted: Vec<Option<u32>>,
    pub confidence: Vec<f32>,
    /// True and predicted values, if the target is values.
    pub fit: Option<Fit>,
    /// Steps that the network had been trained.
    pub step: u32,
}

impl TestResult {
    /// Makes the result of an evaluation of a network that was trained for `step` steps.
    pub fn new(evaluated: Evaluated, step: u32) -> Self {
        let Evaluated { evaluation, confusion, labels, predicted, confidence, values } = evaluated;
        if !values.is_empty() {
            let columns = (values.len() / (evaluation.samples as usize).max(1)).max(1);
            let fit = Some(Fit { truth: values, predicted, columns });
            return Self { evaluation, confusion, labels, predicted: Vec::new(), confidence, fit, step };
        }
        let predicted = predicted.into_iter().map(|class| (class >= 0.0).then_some(class as u32)).collect();
        Self { evaluation, confusion, labels, predicted, confidence, fit: None, step }
    }
}

/// See the [module](self).
#[derive(Default)]
pub struct Results {
    latest: RwSignal<Option<TestResult>>,
    is_evaluating: RwSignal<bool>,
}

impl Results {
    pub fn latest(&self) -> ReadSignal<Option<TestResult>> {
        self.latest.read_only()
    }

    pub fn is_evaluating(&self) -> ReadSignal<bool> {
        self.is_evaluating.read_only()
    }

    /// Notes that an evaluation has begun.
    pub fn begin(&self) {
        self.is_evaluating.set(true);
    }

    /// Notes that the evaluation has ended, well or not.
    pub fn end(&self) {
        self.is_evaluating.set(false);
    }

    pub fn show(&self, result: TestResult) {
        self.latest.set(Some(result));
    }

    /// Drops the result, because the network is another one.
    pub fn forget(&self) {
        self.latest.set(None);
    }
}
