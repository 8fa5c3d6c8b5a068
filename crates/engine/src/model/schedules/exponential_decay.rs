//! ExponentialDecay: every `decaySteps` steps the learning rate is multiplied by `decayRate`, smoothly or, with
//! `staircase`, at once (Keras's `ExponentialDecay`).

use std::ops::Bound;

use super::{Position, Schedule};
use crate::model::settings::{Schema, Setting, SettingDefault, Settings};

/// The most steps of one decay: more than any run has.
const MAX_DECAY_STEPS: i64 = 100_000_000;

pub struct ExponentialDecay;

static SCHEMA: Schema = Schema {
    type_name: "ExponentialDecay",
    settings: &[
        Setting::integer("decaySteps", 1, MAX_DECAY_STEPS).initial(SettingDefault::Number(1000.0)),
        Setting::number("decayRate", Bound::Excluded(0.0), Bound::Unbounded).initial(SettingDefault::Number(0.9)),
        Setting::flag("staircase", false),
    ],
};

impl Schedule for ExponentialDecay {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn factor(&self, settings: &Settings, position: Position) -> f64 {
        let times = f64::from(position.step) / settings.number("decaySteps");
        settings.number("decayRate").powf(if settings.flag("staircase") { times.floor() } else { times })
    }
}
