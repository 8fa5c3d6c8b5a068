//! Adam (Kingma and Ba 2014) in the form of the remark at the end of their section 2, as Keras has it: the step is
//! `alpha * m / (sqrt(v) + epsilon)` with `alpha = rate * sqrt(1 - beta2^t) / (1 - beta1^t)`.

use super::operand::{bias_correction, gradient, learning_rate, old, slot};
use super::{EPSILON, Optimizer, Slot, share};
use crate::ir::Expr;
use crate::model::settings::{Schema, Setting, Settings};

pub struct Adam;

pub const BETA1: Setting = share("beta1", 0.9);
pub const BETA2: Setting = share("beta2", 0.999);

static SCHEMA: Schema = Schema { type_name: "Adam", settings: &[super::learning_rate(0.001), BETA1, BETA2, EPSILON] };

impl Optimizer for Adam {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn slots(&self, settings: &Settings) -> Vec<Slot> {
        let [beta1, beta2] = ["beta1", "beta2"].map(|name| settings.number(name));
        let mean = old() + (gradient() - old()) * (1.0 - beta1) as f32;
        let square = old() + (gradient() * gradient() - old()) * (1.0 - beta2) as f32;
        vec![
            Slot { name: "m", earlier_name: "momentum", initial: 0.0, next: mean },
            Slot { name: "v", earlier_name: "velocity", initial: 0.0, next: square },
        ]
    }

    fn step(&self, settings: &Settings) -> Expr {
        let [mean, square] = [slot(0), slot(1)];
        mean * (learning_rate() * bias_correction()) / (square.sqrt() + settings.number("epsilon") as f32)
    }

    /// Computes `sqrt(1 - beta2^t) / (1 - beta1^t)` at step t, counted from 1.
    fn bias_correction(&self, settings: &Settings, steps_taken: u32) -> Option<f32> {
        let step = f64::from(steps_taken) + 1.0;
        // Keras too rounds both to f32 before it takes powers; at beta2 = 0.999 that is 6e-6 of a step.
        let [beta1, beta2] = ["beta1", "beta2"].map(|name| f64::from(settings.number(name) as f32));
        Some(((1.0 - beta2.powf(step)).sqrt() / (1.0 - beta1.powf(step))) as f32)
    }
}
