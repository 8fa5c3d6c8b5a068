//! RMSprop (Tieleman and Hinton 2012): the gradient divided by the root of a moving average of its square.

use super::operand::{gradient, learning_rate, old, slot};
use super::{EPSILON, Optimizer, Slot, share};
use crate::ir::Expr;
use crate::model::settings::{Schema, Settings};

pub struct RmsProp;

static SCHEMA: Schema =
    Schema { type_name: "RMSprop", settings: &[super::learning_rate(0.001), share("rho", 0.9), EPSILON] };

impl Optimizer for RmsProp {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn slots(&self, settings: &Settings) -> Vec<Slot> {
        let rho = settings.number("rho");
        let next = old() * rho as f32 + gradient() * gradient() * (1.0 - rho) as f32;
        vec![Slot { name: "velocity", earlier_name: "velocity", initial: 0.0, next }]
    }

    fn step(&self, settings: &Settings) -> Expr {
        learning_rate() * gradient() / (slot(0) + settings.number("epsilon") as f32).sqrt()
    }
}
