//! Step: every few epochs the learning rate is multiplied by a factor (Keras's `ExponentialDecay` with `staircase`).

use std::ops::Bound;

use super::{Position, Schedule};
use crate::model::settings::{Schema, Setting, SettingDefault, Settings};
use crate::model::training::MAX_EPOCHS;

pub struct Step;

static SCHEMA: Schema = Schema {
    type_name: "Step",
    settings: &[
        Setting::integer("everyEpochs", 1, MAX_EPOCHS as i64).initial(SettingDefault::Number(2.0)),
        Setting::number("factor", Bound::Excluded(0.0), Bound::Unbounded).initial(SettingDefault::Number(0.5)),
    ],
};

impl Schedule for Step {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn factor(&self, settings: &Settings, position: Position) -> f64 {
        let times = (position.epochs_done / settings.number("everyEpochs")).floor();
        settings.number("factor").powf(times)
    }
}
