//! Accuracy: the share of the samples whose class is predicted. With one output for two classes an output above 0.5 stands for
//! the second, as in Keras's `BinaryAccuracy`.

use super::{ACCURACY, Basis, Metric, Sums, confusion};
use crate::data::schema::Target;

pub struct Accuracy;

impl Metric for Accuracy {
    fn name(&self) -> &'static str {
        ACCURACY
    }

    fn takes(&self, target: &Target) -> bool {
        matches!(target, Target::Class { .. })
    }

    fn basis(&self) -> Basis {
        Basis::Confusion
    }

    fn value(&self, sums: &Sums<'_>) -> f64 {
        confusion(sums).map_or(f64::NAN, |confusion| confusion.correct() / confusion.samples().max(1.0))
    }
}
