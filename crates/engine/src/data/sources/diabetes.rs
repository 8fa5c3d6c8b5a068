//! Diabetes: measurements of patients, and how far the disease was after a year (Efron et al. 2004).

use super::{Origin, Source};
use crate::data::schema::{Schema, Target};

/// The names of the columns, as scikit-learn has them.
const COLUMNS: [&str; 10] = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"];

/// 354 and 88 rows of 10 measurements, one value.
pub static DIABETES: Source = Source {
    name: "diabetes",
    title: "Diabetes",
    schema: || Schema::named_table(COLUMNS, Target::values(["progression"])),
    examples: [354, 88],
    licence: "BSD-3-Clause",
    origin: "B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, \"Least Angle Regression\"; PyPI package scikit-learn 1.7.2",
    files: Origin::Shards,
};
