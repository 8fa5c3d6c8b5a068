//! BatchNormalization: each channel is shifted and scaled to mean 0 and variance 1, then by learned numbers (Ioffe and Szegedy 2015).

use std::ops::Bound;

use super::common::{BETA_INITIALIZER, GAMMA_INITIALIZER, L1, L2, MAX_NORM, elements, gamma_and_beta};
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Schema, Setting, SettingDefault, Settings, WeightSpec};
use crate::model::formula::{Derivation, Formula, Step, number};
use crate::model::initializers::{Ones, Zeros};
use crate::model::lower::{Context, Mode};
use crate::ops::batch_normalization::{Affine, by_batch, by_masked_batch, by_statistics, moving};

pub struct BatchNormalization;

static SCHEMA: Schema = Schema {
    type_name: "BatchNormalization",
    settings: &[
        Setting::number("momentum", Bound::Included(0.0), Bound::Included(1.0)).default(SettingDefault::Number(0.99)),
        Setting::number("epsilon", Bound::Included(1e-12), Bound::Included(1.0)).default(SettingDefault::Number(0.001)),
        Setting::flag("center", true),
        Setting::flag("scale", true),
        BETA_INITIALIZER,
        GAMMA_INITIALIZER,
        L1,
        L2,
        MAX_NORM,
    ],
};

impl UnaryLayer for BatchNormalization {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn passes_mask(&self, _settings: &Settings) -> bool {
        true
    }

    fn output_shape(&self, _settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        Ok(input.to_vec())
    }

    fn weights(&self, settings: &Settings, input: &[usize]) -> Vec<WeightSpec> {
        let shape = vec![input.last().copied().unwrap_or(1)];
        let mut weights = gamma_and_beta(settings, &shape);
        weights.push(WeightSpec::new("moving_mean", shape.clone(), &Zeros).untrained());
        weights.push(WeightSpec::new("moving_variance", shape, &Ones).untrained());
        weights
    }

    fn flops(&self, _settings: &Settings, _input: &[usize], output: &[usize]) -> u64 {
        // Mean, variance, gamma and beta come to one factor and one summand a channel.
        2 * elements(output)
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let epsilon = number(settings.number("epsilon"));
        let gamma = if settings.flag("scale") { "γ_c\\," } else { "" };
        let beta = if settings.flag("center") { " + β_c" } else { "" };
        let normalized = format!(r"\frac{{x - μ_c}}{{\sqrt{{σ_c^2 + {epsilon}}}}}");
        let mut backward = Vec::new();
        if settings.flag("scale") {
            backward.push(r"\frac{∂L}{∂γ_c} = \sum g\,h".to_owned());
        }
        if settings.flag("center") {
            backward.push(r"\frac{∂L}{∂β_c} = \sum g".to_owned());
        }
        // With the batch's own mean and variance, which depend on x as well; M numbers make a channel of a batch.
        let scale = if settings.flag("scale") { "γ_c" } else { "1" };
        let root = format!(r"\frac{{{scale}}}{{\sqrt{{σ_c^2 + {epsilon}}}}}");
        backward.push(format!(r"\frac{{∂L}}{{∂x}} = {root} (g - \frac{{\sum g}}{{M}} - h \frac{{\sum g\,h}}{{M}})"));
        Formula {
            forward: vec![format!("h = {normalized}"), format!("y = {gamma}h{beta}")],
            backward,
            symbols: vec![
                ("x", input.to_vec()),
                ("μ", vec![input.last().copied().unwrap_or(1)]),
                ("y", output.to_vec()),
            ],
            ranges: Vec::new(),
        }
    }

    fn derivation(&self, settings: &Settings, _input: &[usize], output: &[usize], at: usize) -> Derivation {
        let at_channel = at % output.last().copied().unwrap_or(1).max(1);
        let mut derivation = Derivation::copy(at);
        derivation.steps = vec![
            Step::Subtract { weight: "moving_mean", at: at_channel },
            Step::DivideByRoot { weight: "moving_variance", at: at_channel, epsilon: settings.number("epsilon") },
        ];
        if settings.flag("scale") {
            derivation.steps.push(Step::Multiply { weight: "gamma", at: at_channel });
        }
        if settings.flag("center") {
            derivation.steps.push(Step::Add { weight: "beta", at: at_channel });
        }
        derivation
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let epsilon = settings.number("epsilon") as f32;
        let affine = Affine { gamma: context.optional_weight("gamma"), beta: context.optional_weight("beta") };
        let mean = context.weight("moving_mean")?;
        let variance = context.weight("moving_variance")?;
        if context.mode == Mode::Inference {
            return by_statistics(context.graph, input, affine, mean, variance, epsilon);
        }
        let normalized = match context.mask() {
            Some(mask) => by_masked_batch(context.graph, input, mask, affine, epsilon)?,
            None => by_batch(context.graph, input, affine, epsilon)?,
        };
        let momentum = settings.number("momentum") as f32;
        for (weight, batch) in [(mean, normalized.mean), (variance, normalized.variance)] {
            let next = moving(context.graph, weight, batch, momentum)?;
            context.update(weight, next);
        }
        Ok(normalized.output)
    }
}
