//! Breast cancer: measurements of cell nuclei (Wolberg, Street, Mangasarian 1995).

use super::{Origin, Source};
use crate::data::schema::{Schema, Target};

/// 456 and 113 rows of 30 measurements, two classes.
pub static BREAST_CANCER: Source = Source {
    name: "breast-cancer",
    title: "Breast cancer",
    schema: || Schema::table(30, Target::classes(["malignant", "benign"])),
    examples: [456, 113],
    licence: "CC BY 4.0",
    origin: "W. Wolberg, W. N. Street, O. Mangasarian, UCI Machine Learning Repository; PyPI package scikit-learn 1.7.2",
    files: Origin::Shards,
};
