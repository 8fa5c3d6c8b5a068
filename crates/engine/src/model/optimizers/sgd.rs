//! SGD: a step along the gradient, or along a running sum of them (momentum).

use std::ops::Bound;

use super::operand::{gradient, learning_rate, old, slot};
use super::{Optimizer, Slot};
use crate::ir::Expr;
use crate::model::settings::{Schema, Setting, SettingDefault, Settings};

pub struct Sgd;

static SCHEMA: Schema = Schema {
    type_name: "SGD",
    settings: &[
        super::learning_rate(0.01),
        Setting::number("momentum", Bound::Included(0.0), Bound::Included(1.0)).default(SettingDefault::Number(0.0)),
        Setting::flag("nesterov", false),
    ],
};

impl Optimizer for Sgd {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn slots(&self, settings: &Settings) -> Vec<Slot> {
        let momentum = settings.number("momentum");
        let next = old() * momentum as f32 - gradient() * learning_rate();
        if momentum == 0.0 {
            Vec::new()
        } else {
            vec![Slot { name: "velocity", earlier_name: "momentum", initial: 0.0, next }]
        }
    }

    fn step(&self, settings: &Settings) -> Expr {
        let momentum = settings.number("momentum");
        match settings.flag("nesterov") {
            _ if momentum == 0.0 => gradient() * learning_rate(),
            false => -slot(0),
            // Nesterov's looks ahead along the momentum.
            true => gradient() * learning_rate() - slot(0) * momentum as f32,
        }
    }
}
