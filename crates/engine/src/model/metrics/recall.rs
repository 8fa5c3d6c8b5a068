//! Recall: the mean over the classes of the share of the class's samples that are recognised, as scikit-learn's
//! `average="macro"`.

use super::{Basis, Metric, Sums, confusion};
use crate::data::schema::Target;

pub struct Recall;

impl Metric for Recall {
    fn name(&self) -> &'static str {
        "recall"
    }

    fn takes(&self, target: &Target) -> bool {
        matches!(target, Target::Class { .. })
    }

    fn basis(&self) -> Basis {
        Basis::Confusion
    }

    fn value(&self, sums: &Sums<'_>) -> f64 {
        confusion(sums).map_or(f64::NAN, |confusion| confusion.macro_mean(|scores| scores.recall))
    }
}
