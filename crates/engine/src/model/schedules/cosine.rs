//! Cosine: half a cosine over all epochs, down to a share of the learning rate (Keras's `CosineDecay` and its `alpha`;
//! Loshchilov and Hutter 2016). After its end it stays there.

use std::f64::consts::PI;
use std::ops::Bound;

use super::{Position, Schedule};
use crate::model::settings::{Schema, Setting, SettingDefault, Settings};

pub struct Cosine;

static SCHEMA: Schema = Schema {
    type_name: "Cosine",
    settings: &[
        Setting::number("finalFactor", Bound::Included(0.0), Bound::Included(1.0)).default(SettingDefault::Number(0.0))
    ],
};

impl Schedule for Cosine {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn factor(&self, settings: &Settings, position: Position) -> f64 {
        let share = (position.epochs_done / f64::from(position.epochs.max(1))).min(1.0);
        let last = settings.number("finalFactor");
        (1.0 - last) * 0.5 * (1.0 + (PI * share).cos()) + last
    }
}
