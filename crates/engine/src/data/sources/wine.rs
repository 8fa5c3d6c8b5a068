//! Wine: chemical measurements of wines of three growers (Forina et al. 1988).

use super::{Origin, Source};
use crate::data::schema::{Schema, Target};

/// 143 and 35 rows of 13 measurements, three classes.
pub static WINE: Source = Source {
    name: "wine",
    title: "Wine",
    schema: || Schema::table(13, Target::classes(["class_0", "class_1", "class_2"])),
    examples: [143, 35],
    licence: "CC BY 4.0",
    origin: "M. Forina et al., UCI Machine Learning Repository; PyPI package scikit-learn 1.7.2",
    files: Origin::Shards,
};
