//! Precision: the mean over the classes of the share of right answers among those that name the class, as scikit-learn's
//! `average="macro"`.

use super::{Basis, Metric, Sums, confusion};
use crate::data::schema::Target;

pub struct Precision;

impl Metric for Precision {
    fn name(&self) -> &'static str {
        "precision"
    }

    fn takes(&self, target: &Target) -> bool {
        matches!(target, Target::Class { .. })
    }

    fn basis(&self) -> Basis {
        Basis::Confusion
    }

    fn value(&self, sums: &Sums<'_>) -> f64 {
        confusion(sums).map_or(f64::NAN, |confusion| confusion.macro_mean(|scores| scores.precision))
    }
}
