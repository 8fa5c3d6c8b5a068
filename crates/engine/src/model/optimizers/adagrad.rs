//! Adagrad (Duchi et al. 2011): the gradient divided by the root of the sum of all its squares.

use std::ops::Bound;

use super::operand::{gradient, learning_rate, old, slot};
use super::{EPSILON, Optimizer, Slot};
use crate::ir::Expr;
use crate::model::settings::{Schema, Setting, SettingDefault, Settings};

pub struct Adagrad;

static SCHEMA: Schema = Schema {
    type_name: "Adagrad",
    settings: &[
        super::learning_rate(0.001),
        Setting::number("initialAccumulatorValue", Bound::Included(0.0), Bound::Unbounded)
            .default(SettingDefault::Number(0.1)),
        EPSILON,
    ],
};

impl Optimizer for Adagrad {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn slots(&self, settings: &Settings) -> Vec<Slot> {
        let initial = settings.number("initialAccumulatorValue") as f32;
        vec![Slot { name: "accumulator", earlier_name: "accumulator", initial, next: old() + gradient() * gradient() }]
    }

    fn step(&self, settings: &Settings) -> Expr {
        learning_rate() * gradient() / (slot(0) + settings.number("epsilon") as f32).sqrt()
    }
}
