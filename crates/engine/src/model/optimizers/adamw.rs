//! AdamW (Loshchilov and Hutter 2017): Adam, and each step takes a share of the weights away.

use std::ops::Bound;

use super::adam::{Adam, BETA1, BETA2};
use super::{EPSILON, Optimizer, Slot};
use crate::ir::Expr;
use crate::model::settings::{Schema, Setting, SettingDefault, Settings};

pub struct AdamW;

static SCHEMA: Schema = Schema {
    type_name: "AdamW",
    settings: &[
        super::learning_rate(0.001),
        BETA1,
        BETA2,
        EPSILON,
        Setting::number("weightDecay", Bound::Included(0.0), Bound::Unbounded).default(SettingDefault::Number(0.004)),
    ],
};

impl Optimizer for AdamW {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn slots(&self, settings: &Settings) -> Vec<Slot> {
        Adam.slots(settings)
    }

    fn step(&self, settings: &Settings) -> Expr {
        Adam.step(settings)
    }

    fn weight_decay(&self, settings: &Settings) -> f64 {
        settings.number("weightDecay")
    }

    fn bias_correction(&self, settings: &Settings, steps_taken: u32) -> Option<f32> {
        Adam.bias_correction(settings, steps_taken)
    }
}
