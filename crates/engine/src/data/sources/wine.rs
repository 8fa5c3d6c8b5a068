//! Wine: chemical measurements of wines of three growers (Forina et al. 1988).

use super::{Origin, Source};
use crate::data::schema::{Schema, Target};

/// The names of the columns, as scikit-learn has them.
const COLUMNS: [&str; 13] = [
    "alcohol",
    "malic acid",
    "ash",
    "alcalinity of ash",
    "magnesium",
    "total phenols",
    "flavanoids",
    "nonflavanoid phenols",
    "proanthocyanins",
    "color intensity",
    "hue",
    "od280/od315 of diluted wines",
    "proline",
];

/// 143 and 35 rows of 13 measurements, three classes.
pub static WINE: Source = Source {
    name: "wine",
    title: "Wine",
    schema: || Schema::named_table(COLUMNS, Target::classes(["class_0", "class_1", "class_2"])),
    examples: [143, 35],
    licence: "CC BY 4.0",
    origin: "M. Forina et al., UCI Machine Learning Repository; PyPI package scikit-learn 1.7.2",
    files: Origin::Shards,
};
