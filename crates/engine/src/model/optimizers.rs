//! Optimizers with the update rules of Keras 3, one file each.
//!
//! A rule is a pair of expressions: the new value of each slot, and the step, which is what a parameter loses. The same
//! expressions become nodes of the training graph ([`append_updates`]) and tell the page how far the last step went
//! ([`LastStep`]).

use std::ops::Bound;

use super::entry::{Configured, catalogue};
use super::settings::{Schema, Setting, SettingDefault, Settings};
use super::weights::MaxNorm;
use crate::error::Result;
use crate::ir::{Expr, Graph, NodeId};
use crate::ops::{pointwise, reduce};
use crate::tensor::TensorType;

/// One way to follow gradients.
pub trait Optimizer: Sync {
    fn schema(&self) -> &'static Schema;

    /// Returns the tensors that the optimizer keeps for each parameter, and how a step changes them.
    fn slots(&self, settings: &Settings) -> Vec<Slot>;

    /// Returns the step, which is subtracted from the parameter, as an expression of [`operand`]s.
    fn step(&self, settings: &Settings) -> Expr;

    /// Returns the share of the parameter, times the learning rate, that each step takes away besides.
    fn weight_decay(&self, settings: &Settings) -> f64 {
        let _ = settings;
        0.0
    }

    /// Returns the value of [`operand::bias_correction`] for the step after `steps_taken` others, for optimizers that
    /// use it.
    fn bias_correction(&self, settings: &Settings, steps_taken: u32) -> Option<f32> {
        let _ = (settings, steps_taken);
        None
    }
}

/// A tensor that an optimizer keeps for each parameter, of the parameter's shape.
#[derive(Clone, PartialEq, Debug)]
pub struct Slot {
    /// The slot of `conv2d.kernel` is the state `"<optimizer>.<name> conv2d.kernel"`.
    pub name: &'static str,
    /// In files of earlier versions it is called `"<earlier name> conv2d.kernel"`.
    pub earlier_name: &'static str,
    pub initial: f32,
    /// Its new value, as an expression of [`operand`]s.
    pub next: Expr,
}

/// Operands of the expressions of an update rule.
pub mod operand {
    use crate::ir::Expr;

    /// Returns the old value of the slot, in [`Slot::next`](super::Slot::next).
    pub fn old() -> Expr {
        Expr::input(0)
    }

    pub fn gradient() -> Expr {
        Expr::input(1)
    }

    pub fn learning_rate() -> Expr {
        Expr::input(2)
    }

    pub fn bias_correction() -> Expr {
        Expr::input(3)
    }

    /// Returns the new value of a slot by its place in [`Optimizer::slots`](super::Optimizer::slots); in
    /// [`Slot::next`](super::Slot::next) only of those before.
    pub fn slot(index: usize) -> Expr {
        Expr::input(4 + index)
    }
}

catalogue! {
    /// Every optimizer. To add one, write its file under `optimizers/` and add its line here.
    OPTIMIZERS: Optimizer for "optimizer" {
        sgd::Sgd,
        rmsprop::RmsProp,
        adagrad::Adagrad,
        adam::Adam,
        adamw::AdamW,
    }
}

/// Returns the setting that every optimizer has.
const fn learning_rate(default: f64) -> Setting {
    Setting::number("learningRate", Bound::Included(0.0), Bound::Unbounded).default(SettingDefault::Number(default))
}

/// Makes the setting of a share that a moving average keeps.
const fn share(name: &'static str, default: f64) -> Setting {
    Setting::number(name, Bound::Included(0.0), Bound::Excluded(1.0)).default(SettingDefault::Number(default))
}

const EPSILON: Setting =
    Setting::number("epsilon", Bound::Excluded(0.0), Bound::Unbounded).default(SettingDefault::Number(1e-7));

/// The input of a training step that holds the learning rate, `[]`.
pub const LEARNING_RATE: &str = "learning_rate";
/// The input of a training step that holds the [bias correction](Optimizer::bias_correction), `[]`, if the optimizer uses
/// one.
pub const BIAS_CORRECTION: &str = "bias_correction";

/// An optimizer with its settings.
pub type OptimizerSpec = Configured<dyn Optimizer>;

impl Default for OptimizerSpec {
    fn default() -> Self {
        Self::initial(&Adam)
    }
}

impl OptimizerSpec {
    pub fn learning_rate(&self) -> f64 {
        self.settings.number("learningRate")
    }

    /// Returns the same optimizer at another learning rate.
    ///
    /// # Errors
    /// `bad-setting` if it is negative or no number.
    pub fn with_learning_rate(&self, rate: f64) -> Result<Self> {
        self.with("learningRate", Some(rate.into()))
    }

    /// Returns true if the two differ at most in their learning rates.
    pub fn has_same_rule(&self, other: &Self) -> bool {
        let rest = |optimizer: &Self| {
            let given = optimizer.settings.given().filter(|(name, _)| *name != "learningRate");
            given.map(|(name, value)| (name, value.clone())).collect::<Vec<_>>()
        };
        self.type_name() == other.type_name() && rest(self) == rest(other)
    }

    /// Returns what the optimizer keeps for each parameter.
    pub fn slots(&self) -> Vec<Slot> {
        self.entry.slots(&self.settings)
    }

    /// Returns the name of the state that holds a parameter's slot, `adam.m conv2d.kernel`.
    pub fn slot_state(&self, slot: &Slot, parameter: &str) -> String {
        format!("{}.{} {parameter}", self.type_name().to_lowercase(), slot.name)
    }

    /// Returns true if a model that trained with `old` can go on with this optimizer: same type, same slots.
    pub fn keeps_state_of(&self, old: &Self) -> bool {
        let names = |optimizer: &Self| optimizer.slots().iter().map(|slot| slot.name).collect::<Vec<_>>();
        self.type_name() == old.type_name() && names(self) == names(old)
    }

    /// Returns the value of [`BIAS_CORRECTION`] for the step after `steps_taken` others; 1 for optimizers without.
    pub fn bias_correction(&self, steps_taken: u32) -> f32 {
        self.entry.bias_correction(&self.settings, steps_taken).unwrap_or(1.0)
    }
}

/// The limits of gradients before the update; at most one of the two, as in Keras.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Clipping {
    /// Each gradient is scaled so that its L2 norm is at most this.
    pub norm: Option<f64>,
    /// Each element is limited to plus or minus this.
    pub value: Option<f64>,
}

impl Clipping {
    /// Returns the clipped gradient as an expression of the gradient and the sum of its squares.
    fn expression(self) -> Option<Expr> {
        let (gradient, squares) = (Expr::input(0), Expr::input(1));
        match self {
            Self { norm: Some(limit), .. } => Some(gradient * limit as f32 / squares.sqrt().max(limit as f32)),
            Self { value: Some(limit), .. } => Some(gradient.max(-limit as f32).min(limit as f32)),
            _ => None,
        }
    }
}

/// A trained weight in a graph.
#[derive(Clone, Copy)]
pub struct Parameter<'a> {
    /// The weight's state.
    pub node: NodeId,
    pub gradient: NodeId,
    /// The limit of its norms after the update.
    pub max_norm: Option<&'a MaxNorm>,
}

/// Appends the updates of all parameters from their gradients.
///
/// `is_finite`, a scalar, is 1 if loss and gradients are numbers and 0 if one is not; then every state keeps its old value.
/// Adds the inputs [`LEARNING_RATE`] and, if the optimizer uses it, [`BIAS_CORRECTION`].
///
/// # Errors
/// If shapes do not fit, or a slot's name is taken.
pub fn append_updates(
    graph: &mut Graph,
    optimizer: &OptimizerSpec,
    clipping: Clipping,
    parameters: &[Parameter<'_>],
    is_finite: NodeId,
) -> Result<()> {
    let learning_rate = graph.input(LEARNING_RATE, TensorType::f32([]))?;
    let bias_correction = match optimizer.entry.bias_correction(&optimizer.settings, 0) {
        Some(_) => graph.input(BIAS_CORRECTION, TensorType::f32([]))?,
        // No expression reads it.
        None => learning_rate,
    };
    // All gradients are clipped first, so that all updates can run together.
    let mut clipped = Vec::with_capacity(parameters.len());
    for parameter in parameters {
        graph.set_layer(graph.node(parameter.node).layer);
        let gradient = clip(graph, clipping, parameter.gradient)?;
        clipped.push(Parameter { gradient, ..*parameter });
    }
    for parameter in clipped {
        graph.set_layer(graph.node(parameter.node).layer);
        append_update(graph, optimizer, parameter, [learning_rate, bias_correction], is_finite)?;
    }
    graph.set_layer(None);
    Ok(())
}

/// Appends the update of one parameter and its slots.
fn append_update(
    graph: &mut Graph,
    optimizer: &OptimizerSpec,
    Parameter { node: parameter, gradient, max_norm }: Parameter<'_>,
    [learning_rate, bias_correction]: [NodeId; 2],
    is_finite: NodeId,
) -> Result<()> {
    let node = graph.node(parameter);
    let (name, tensor_type) = (node.name.clone(), node.tensor_type.clone());
    let mut operands = vec![parameter, gradient, learning_rate, bias_correction];
    for slot in optimizer.slots() {
        let old = graph.state(&optimizer.slot_state(&slot, &name), tensor_type.clone())?;
        operands[0] = old;
        let value = pointwise::apply_expression(graph, slot.name, &slot.next, &operands)?;
        operands.push(append_guarded_update(graph, is_finite, old, value)?);
    }
    operands[0] = parameter;
    let decay = optimizer.entry.weight_decay(&optimizer.settings);
    let kept = match decay {
        0.0 => operand::old(),
        _ => operand::old() - operand::old() * decay as f32 * operand::learning_rate(),
    };
    let value = kept - optimizer.entry.step(&optimizer.settings);
    let value = pointwise::apply_expression(graph, optimizer.type_name(), &value, &operands)?;
    let value = match max_norm {
        Some(max_norm) => limit_norms(graph, value, max_norm)?,
        None => value,
    };
    append_guarded_update(graph, is_finite, parameter, value)?;
    Ok(())
}

/// Appends `select(is_finite, value, old)` and makes it the next value of the state `old`. Returns it.
///
/// # Errors
/// If the types differ.
pub fn append_guarded_update(graph: &mut Graph, is_finite: NodeId, old: NodeId, value: NodeId) -> Result<NodeId> {
    let guarded = Expr::input(0).select(Expr::input(1), Expr::input(2));
    let value = pointwise::apply_expression(graph, "keep_if_not_a_number", &guarded, &[is_finite, value, old])?;
    graph.add_update(old, value)?;
    Ok(value)
}

/// Appends the weight with norms of at most the limit, by the formula of Keras's `MaxNorm`.
fn limit_norms(graph: &mut Graph, weight: NodeId, max_norm: &MaxNorm) -> Result<NodeId> {
    // Keras's `backend.epsilon()`.
    const EPSILON: f32 = 1e-7;
    let squares = pointwise::square(graph, weight)?;
    let sum = reduce::sum(graph, squares, &max_norm.axes, true)?;
    let norm = Expr::input(1).sqrt();
    let limited = Expr::input(0) * (norm.clone().min(max_norm.limit) / (norm + EPSILON));
    pointwise::apply_expression(graph, "max_norm", &limited, &[weight, sum])
}

/// Appends Keras's `clipnorm` or `clipvalue`.
fn clip(graph: &mut Graph, clipping: Clipping, gradient: NodeId) -> Result<NodeId> {
    let Some(clipped) = clipping.expression() else { return Ok(gradient) };
    if !clipped.reads(1) {
        return pointwise::apply_expression(graph, "clip_value", &clipped, &[gradient]);
    }
    let axes: Vec<usize> = (0..graph.tensor_type(gradient).shape.rank()).collect();
    let squares = pointwise::square(graph, gradient)?;
    let sum = reduce::sum(graph, squares, &axes, false)?;
    pointwise::apply_expression(graph, "clip_norm", &clipped, &[gradient, sum])
}

/// The last step of one parameter, from what it left behind.
pub struct LastStep<'a> {
    pub optimizer: &'a OptimizerSpec,
    pub clipping: Clipping,
    /// The learning rate of that step.
    pub rate: f64,
    /// The [bias correction](OptimizerSpec::bias_correction) of that step.
    pub bias_correction: f64,
    /// Before clipping.
    pub gradient: &'a [f32],
    /// The parameter's slots after the step, in the order of [`OptimizerSpec::slots`].
    pub slots: &'a [Vec<f32>],
}

impl LastStep<'_> {
    /// Returns the L2 norm of the parameter's change, from its `values` after the step, as far as the optimizer made it: a limit
    /// of norms comes after it.
    pub fn norm_of_update(&self, values: &[f32]) -> f64 {
        let step = self.optimizer.entry.step(&self.optimizer.settings);
        let kept = 1.0 - self.rate * self.optimizer.entry.weight_decay(&self.optimizer.settings);
        let squares: f64 = self.gradient.iter().map(|g| f64::from(*g) * f64::from(*g)).sum();
        let clipped = self.clipping.expression();
        let changes = self.gradient.iter().zip(values).enumerate().map(|(at, (gradient, value))| {
            let gradient = clipped.as_ref().map_or(*gradient, |clipped| clipped.evaluate(&[*gradient, squares as f32]));
            let mut operands = vec![0.0, gradient, self.rate as f32, self.bias_correction as f32];
            operands.extend(self.slots.iter().map(|slot| slot.get(at).copied().unwrap_or_default()));
            let (step, value) = (f64::from(step.evaluate(&operands)), f64::from(*value));
            let before = (value + step) / kept;
            // Without weight decay the step is the change; the difference would lose digits.
            if kept == 1.0 { step } else { before - value }
        });
        changes.map(|change| change * change).sum::<f64>().sqrt()
    }
}
