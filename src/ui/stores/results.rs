//! The last evaluation on the test images.

use leptos::prelude::*;

use chalkgrad_engine::protocol::Evaluation;
use chalkgrad_engine::protocol::responses::Evaluated;

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
    /// Steps that the network had been trained.
    pub step: u32,
}

impl TestResult {
    /// Makes the result of an evaluation of a network that was trained for `step` steps.
    pub fn new(evaluated: Evaluated, step: u32) -> Self {
        let Evaluated { evaluation, confusion, labels, predicted, confidence } = evaluated;
        let predicted = predicted.into_iter().map(|class| (class >= 0.0).then_some(class as u32)).collect();
        Self { evaluation, confusion, labels, predicted, confidence, step }
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
