//! Optimizers as graph nodes, with the update rules of Keras 3.

use super::spec::OptimizerSpec;
use crate::error::Result;
use crate::ir::{Expr, Graph, NodeId};
use crate::ops::{pointwise, reduce};
use crate::tensor::TensorType;

/// The input of a training step that holds the learning rate, `[]`.
pub const LEARNING_RATE: &str = "learning_rate";
/// The input of a training step that holds `sqrt(1 - beta2^t) / (1 - beta1^t)` at step t (from 1), `[]`: computed by
/// the caller in `f64`.
pub const BIAS_CORRECTION: &str = "bias_correction";

/// A tensor that an optimizer keeps for each parameter, of the parameter's shape.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Slot {
    /// The slot of `conv2d.kernel` is the state `"<name> conv2d.kernel"`.
    pub name: &'static str,
    pub initial: f32,
}

/// How gradients are limited before the update; at most one of the two, as in Keras.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Clipping {
    /// Each gradient is scaled so that its L2 norm is at most this.
    pub norm: Option<f64>,
    /// Each element is limited to plus or minus this.
    pub value: Option<f64>,
}

/// The name of the state that holds a parameter's slot.
pub fn slot_state(slot: &Slot, parameter: &str) -> String {
    format!("{} {parameter}", slot.name)
}

/// What an optimizer keeps for each parameter.
pub fn slots(optimizer: &OptimizerSpec) -> Vec<Slot> {
    let momentum = Slot { name: "momentum", initial: 0.0 };
    let velocity = Slot { name: "velocity", initial: 0.0 };
    match *optimizer {
        OptimizerSpec::Sgd { momentum: 0.0, .. } => vec![],
        OptimizerSpec::Sgd { .. } => vec![momentum],
        OptimizerSpec::RmsProp { .. } => vec![velocity],
        OptimizerSpec::Adagrad { initial_accumulator_value, .. } => {
            vec![Slot { name: "accumulator", initial: initial_accumulator_value as f32 }]
        }
        OptimizerSpec::Adam { .. } | OptimizerSpec::AdamW { .. } => vec![momentum, velocity],
    }
}

/// Whether a model that trained with one optimizer can go on with the other: same type, same slots. Only rates differ.
pub fn keeps_state(old: &OptimizerSpec, new: &OptimizerSpec) -> bool {
    let names = |optimizer| slots(optimizer).iter().map(|slot| slot.name).collect::<Vec<_>>();
    std::mem::discriminant(old) == std::mem::discriminant(new) && names(old) == names(new)
}

/// The value of [`BIAS_CORRECTION`] for the step after `steps_taken` others; 1 for optimizers that have none.
pub fn bias_correction(optimizer: &OptimizerSpec, steps_taken: u32) -> f32 {
    match *optimizer {
        OptimizerSpec::Adam { beta1, beta2, .. } | OptimizerSpec::AdamW { beta1, beta2, .. } => {
            let step = f64::from(steps_taken) + 1.0;
            // Keras too rounds both to f32 before it takes powers; at beta2 = 0.999 that is 6e-6 of a step.
            let [beta1, beta2] = [beta1, beta2].map(|beta| f64::from(beta as f32));
            ((1.0 - beta2.powf(step)).sqrt() / (1.0 - beta1.powf(step))) as f32
        }
        _ => 1.0,
    }
}

/// Appends the updates of all `parameters` from their `gradients`.
///
/// `healthy`, a scalar, is 1 where all is well and 0 where a number is none; then every state keeps its old value. The
/// graph must have the inputs [`LEARNING_RATE`] and [`BIAS_CORRECTION`].
///
/// # Errors
/// If shapes do not fit, or a slot's name is taken.
pub fn append_updates(
    graph: &mut Graph,
    optimizer: &OptimizerSpec,
    clipping: Clipping,
    parameters: &[NodeId],
    gradients: &[NodeId],
    healthy: NodeId,
) -> Result<()> {
    let learning_rate = graph.input(LEARNING_RATE, TensorType::f32([]))?;
    let bias_correction = match optimizer {
        OptimizerSpec::Adam { .. } | OptimizerSpec::AdamW { .. } => {
            Some(graph.input(BIAS_CORRECTION, TensorType::f32([]))?)
        }
        _ => None,
    };
    // All gradients are clipped first, so that all updates can run together.
    let mut clipped = Vec::with_capacity(gradients.len());
    for (&parameter, &gradient) in parameters.iter().zip(gradients) {
        graph.set_layer(graph.node(parameter).layer);
        clipped.push(clip(graph, clipping, gradient)?);
    }
    for (&parameter, &gradient) in parameters.iter().zip(&clipped) {
        graph.set_layer(graph.node(parameter).layer);
        let mut update = Update { graph, healthy, parameter, gradient, learning_rate };
        update.append(optimizer, bias_correction)?;
    }
    graph.set_layer(None);
    Ok(())
}

/// Appends `select(healthy, value, old)` and makes it the next value of the state `old`. Returns it.
///
/// # Errors
/// If the types differ.
pub fn append_guarded_update(graph: &mut Graph, healthy: NodeId, old: NodeId, value: NodeId) -> Result<NodeId> {
    let guarded = Expr::input(0).select(Expr::input(1), Expr::input(2));
    let value = pointwise::apply_expression(graph, "keep_if_not_a_number", &guarded, &[healthy, value, old])?;
    graph.add_update(old, value)?;
    Ok(value)
}

/// Keras's `clipnorm` and `clipvalue`.
fn clip(graph: &mut Graph, clipping: Clipping, gradient: NodeId) -> Result<NodeId> {
    let x = || Expr::input(0);
    if let Some(limit) = clipping.norm {
        let axes: Vec<usize> = (0..graph.tensor_type(gradient).shape.rank()).collect();
        let squares = pointwise::square(graph, gradient)?;
        let sum = reduce::sum(graph, squares, &axes, false)?;
        let scaled = x() * limit as f32 / Expr::input(1).sqrt().max(limit as f32);
        return pointwise::apply_expression(graph, "clip_norm", &scaled, &[gradient, sum]);
    }
    if let Some(limit) = clipping.value {
        let clipped = x().max(-limit as f32).min(limit as f32);
        return pointwise::apply_expression(graph, "clip_value", &clipped, &[gradient]);
    }
    Ok(gradient)
}

/// The update of one parameter.
struct Update<'a> {
    graph: &'a mut Graph,
    healthy: NodeId,
    parameter: NodeId,
    gradient: NodeId,
    learning_rate: NodeId,
}

impl Update<'_> {
    fn append(&mut self, optimizer: &OptimizerSpec, bias_correction: Option<NodeId>) -> Result<()> {
        let (parameter, gradient, rate) = (self.parameter, self.gradient, self.learning_rate);
        // The operands of every expression below, in this order: parameter or slot, then what it takes.
        let [a, b, c, d] = [0, 1, 2, 3].map(|index| move || Expr::input(index));
        match *optimizer {
            OptimizerSpec::Sgd { momentum: 0.0, .. } => {
                self.set_parameter("sgd", &(a() - b() * c()), &[parameter, gradient, rate])
            }
            OptimizerSpec::Sgd { momentum, nesterov, .. } => {
                let mu = momentum as f32;
                let velocity = self.set_slot("momentum", "sgd_momentum", &(a() * mu - b() * c()), &[gradient, rate])?;
                if nesterov {
                    let step = a() + b() * mu - c() * d();
                    self.set_parameter("sgd_nesterov", &step, &[parameter, velocity, gradient, rate])
                } else {
                    self.set_parameter("sgd", &(a() + b()), &[parameter, velocity])
                }
            }
            OptimizerSpec::RmsProp { rho, epsilon, .. } => {
                let mean = a() * rho as f32 + b() * b() * (1.0 - rho) as f32;
                let mean = self.set_slot("velocity", "rmsprop_velocity", &mean, &[gradient])?;
                let step = a() - c() * b() / (d() + epsilon as f32).sqrt();
                self.set_parameter("rmsprop", &step, &[parameter, gradient, rate, mean])
            }
            OptimizerSpec::Adagrad { epsilon, .. } => {
                let sum = self.set_slot("accumulator", "adagrad_accumulator", &(a() + b() * b()), &[gradient])?;
                let step = a() - c() * b() / (d() + epsilon as f32).sqrt();
                self.set_parameter("adagrad", &step, &[parameter, gradient, rate, sum])
            }
            OptimizerSpec::Adam { beta1, beta2, epsilon, .. } => {
                self.adam([beta1, beta2, epsilon, 0.0], bias_correction)
            }
            OptimizerSpec::AdamW { beta1, beta2, epsilon, weight_decay, .. } => {
                self.adam([beta1, beta2, epsilon, weight_decay], bias_correction)
            }
        }
    }

    /// Adam (Kingma and Ba 2014) in the form of the remark at the end of their section 2, as Keras has it: the step is
    /// `alpha * m / (sqrt(v) + epsilon)` with `alpha = rate * sqrt(1 - beta2^t) / (1 - beta1^t)`. Weight decay
    /// (Loshchilov and Hutter 2017) takes `rate * decay` of the parameter off first.
    fn adam(&mut self, [beta1, beta2, epsilon, decay]: [f64; 4], bias_correction: Option<NodeId>) -> Result<()> {
        let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|index| move || Expr::input(index));
        let (gradient, rate) = (self.gradient, self.learning_rate);
        let mean = a() + (b() - a()) * (1.0 - beta1) as f32;
        let mean = self.set_slot("momentum", "adam_momentum", &mean, &[gradient])?;
        let square = a() + (b() * b() - a()) * (1.0 - beta2) as f32;
        let square = self.set_slot("velocity", "adam_velocity", &square, &[gradient])?;
        let kept = if decay == 0.0 { a() } else { a() - a() * decay as f32 * b() };
        let step = kept - c() * (b() * d()) / (e().sqrt() + epsilon as f32);
        let correction = bias_correction.unwrap_or(rate);
        self.set_parameter("adam", &step, &[self.parameter, rate, mean, correction, square])
    }

    fn set_parameter(&mut self, name: &'static str, expression: &Expr, operands: &[NodeId]) -> Result<()> {
        let value = pointwise::apply_expression(self.graph, name, expression, operands)?;
        append_guarded_update(self.graph, self.healthy, self.parameter, value)?;
        Ok(())
    }

    /// Updates a slot; the expression's first operand is its old value. Returns the new one.
    fn set_slot(
        &mut self,
        slot: &'static str,
        name: &'static str,
        expression: &Expr,
        others: &[NodeId],
    ) -> Result<NodeId> {
        let node = self.graph.node(self.parameter);
        let (state, tensor_type) = (format!("{slot} {}", node.name), node.tensor_type.clone());
        let old = self.graph.state(&state, tensor_type)?;
        let operands: Vec<NodeId> = [old].iter().chain(others).copied().collect();
        let value = pointwise::apply_expression(self.graph, name, expression, &operands)?;
        append_guarded_update(self.graph, self.healthy, old, value)
    }
}

/// The last step of one parameter, from what it left behind.
pub struct LastStep<'a> {
    pub optimizer: &'a OptimizerSpec,
    pub clipping: Clipping,
    /// The learning rate of that step.
    pub rate: f64,
    /// That of [`bias_correction`] for that step.
    pub bias_correction: f64,
    /// Before clipping.
    pub gradient: &'a [f32],
    /// The parameter's slots after the step, in the order of [`slots`].
    pub slots: &'a [Vec<f32>],
}

impl LastStep<'_> {
    /// The L2 norm of what the step added to the parameter, whose `values` are those after it.
    pub fn norm_of_update(&self, values: &[f32]) -> f64 {
        let length = self.gradient.iter().map(|g| f64::from(*g) * f64::from(*g)).sum::<f64>().sqrt();
        let slot =
            |slot: usize, at: usize| self.slots.get(slot).and_then(|slot| slot.get(at)).map_or(0.0, |v| f64::from(*v));
        let squares = self.gradient.iter().zip(values).enumerate().map(|(at, (gradient, value))| {
            let gradient = match self.clipping {
                Clipping { norm: Some(limit), .. } => f64::from(*gradient) * limit / length.max(limit),
                Clipping { value: Some(limit), .. } => crate::tensor::limit(f64::from(*gradient), -limit, limit),
                _ => f64::from(*gradient),
            };
            let update = match *self.optimizer {
                OptimizerSpec::Sgd { momentum: 0.0, .. } => self.rate * gradient,
                OptimizerSpec::Sgd { momentum, nesterov: true, .. } => momentum * slot(0, at) - self.rate * gradient,
                OptimizerSpec::Sgd { .. } => slot(0, at),
                OptimizerSpec::RmsProp { epsilon, .. } | OptimizerSpec::Adagrad { epsilon, .. } => {
                    self.rate * gradient / (slot(0, at) + epsilon).sqrt()
                }
                OptimizerSpec::Adam { epsilon, .. } => self.adam(slot(0, at), slot(1, at), epsilon),
                OptimizerSpec::AdamW { epsilon, weight_decay, .. } => {
                    let step = self.adam(slot(0, at), slot(1, at), epsilon);
                    let before = (f64::from(*value) + step) / (1.0 - self.rate * weight_decay);
                    before - f64::from(*value)
                }
            };
            update * update
        });
        squares.sum::<f64>().sqrt()
    }

    fn adam(&self, mean: f64, square: f64, epsilon: f64) -> f64 {
        self.rate * self.bias_correction * mean / (square.sqrt() + epsilon)
    }
}
