//! F1: the mean over the classes of the harmonic mean of precision and recall, as scikit-learn's
//! `average="macro"`.

use super::{Basis, Metric, Sums, confusion};
use crate::data::schema::Target;

pub struct F1;

impl Metric for F1 {
    fn name(&self) -> &'static str {
        "f1"
    }

    fn takes(&self, target: &Target) -> bool {
        matches!(target, Target::Class { .. })
    }

    fn basis(&self) -> Basis {
        Basis::Confusion
    }

    fn value(&self, sums: &Sums<'_>) -> f64 {
        confusion(sums).map_or(f64::NAN, |confusion| confusion.macro_mean(|scores| scores.f1))
    }
}
