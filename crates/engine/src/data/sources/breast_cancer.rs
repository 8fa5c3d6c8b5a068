//! Breast cancer: measurements of cell nuclei (Wolberg, Street, Mangasarian 1995).

use super::{Origin, Source};
use crate::data::schema::{Schema, Target};

/// The names of the columns, as scikit-learn has them.
const COLUMNS: [&str; 30] = [
    "mean radius",
    "mean texture",
    "mean perimeter",
    "mean area",
    "mean smoothness",
    "mean compactness",
    "mean concavity",
    "mean concave points",
    "mean symmetry",
    "mean fractal dimension",
    "radius error",
    "texture error",
    "perimeter error",
    "area error",
    "smoothness error",
    "compactness error",
    "concavity error",
    "concave points error",
    "symmetry error",
    "fractal dimension error",
    "worst radius",
    "worst texture",
    "worst perimeter",
    "worst area",
    "worst smoothness",
    "worst compactness",
    "worst concavity",
    "worst concave points",
    "worst symmetry",
    "worst fractal dimension",
];

/// 456 and 113 rows of 30 measurements, two classes.
pub static BREAST_CANCER: Source = Source {
    name: "breast-cancer",
    title: "Breast cancer",
    schema: || Schema::named_table(COLUMNS, Target::classes(["malignant", "benign"])),
    examples: [456, 113],
    licence: "CC BY 4.0",
    origin: "W. Wolberg, W. N. Street, O. Mangasarian, UCI Machine Learning Repository; PyPI package scikit-learn 1.7.2",
    files: Origin::Shards,
};
