//! LayerNormalization: the numbers of each example's last axis are shifted and scaled to mean 0 and variance 1, then by
//! learned numbers (Ba, Kiros and Hinton 2016).

use std::ops::Bound;

use super::common::elements;
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Schema, Setting, SettingDefault, Settings, WeightSpec};
use crate::model::formula::{Derivation, Formula, Reduction, Step, Term, number};
use crate::model::initializers::{Initializer, Ones, Zeros};
use crate::model::lower::Context;
use crate::ops::{pointwise, reduce};

pub struct LayerNormalization;

static SCHEMA: Schema = Schema {
    type_name: "LayerNormalization",
    settings: &[
        Setting::number("epsilon", Bound::Included(1e-12), Bound::Included(1.0)).default(SettingDefault::Number(0.001)),
        Setting::flag("center", true),
        Setting::flag("scale", true),
    ],
};

impl UnaryLayer for LayerNormalization {
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
        let weight = |name, initializer: &'static dyn Initializer| WeightSpec {
            name,
            shape: shape.clone(),
            initializer,
            trainable: true,
            l2: 0.0,
        };
        let gamma = settings.flag("scale").then(|| weight("gamma", &Ones));
        let beta = settings.flag("center").then(|| weight("beta", &Zeros));
        gamma.into_iter().chain(beta).collect()
    }

    /// Counts mean, variance, and the shift and scale of each number.
    fn flops(&self, settings: &Settings, _input: &[usize], output: &[usize]) -> u64 {
        let affine = u64::from(settings.flag("scale")) + u64::from(settings.flag("center"));
        elements(output) * (5 + affine)
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let epsilon = number(settings.number("epsilon"));
        let count = input.last().copied().unwrap_or(1);
        let (gamma, beta) = (settings.flag("scale"), settings.flag("center"));
        let scale = if gamma { "γ_c\\," } else { "" };
        let shift = if beta { " + β_c" } else { "" };
        let mut backward = Vec::new();
        if gamma {
            backward.push(r"\frac{∂L}{∂γ_c} = \sum g_c\,h_c".to_owned());
        }
        if beta {
            backward.push(r"\frac{∂L}{∂β_c} = \sum g_c".to_owned());
        }
        backward.push(format!(r"\frac{{∂L}}{{∂h_c}} = {}", if gamma { r"γ_c\,g_c" } else { "g_c" }));
        // With δ for the gradient of h; mean and variance depend on x as well.
        backward.push(format!(
            r"\frac{{∂L}}{{∂x_c}} = \frac{{1}}{{\sqrt{{σ^2 + {epsilon}}}}} (δ_c - \frac{{\sum δ}}{{{count}}} - h_c \frac{{\sum δ\,h}}{{{count}}})"
        ));
        Formula {
            forward: vec![
                format!(r"μ = \frac{{1}}{{{count}}} \sum_c x_c"),
                format!(r"σ^2 = \frac{{1}}{{{count}}} \sum_c (x_c - μ)^2"),
                format!(r"h_c = \frac{{x_c - μ}}{{\sqrt{{σ^2 + {epsilon}}}}}"),
                format!("y_c = {scale}h_c{shift}"),
            ],
            backward,
            symbols: vec![("x", input.to_vec()), ("y", output.to_vec())],
            ranges: Vec::new(),
        }
    }

    fn derivation(&self, settings: &Settings, input: &[usize], _output: &[usize], at: usize) -> Derivation {
        let count = input.last().copied().unwrap_or(1).max(1);
        let (first, channel) = (at / count * count, at % count);
        let mut steps = vec![
            Step::SubtractFromInput { at },
            Step::DivideByDeviation { epsilon: settings.number("epsilon") },
        ];
        if settings.flag("scale") {
            steps.push(Step::Multiply { weight: "gamma", at: channel });
        }
        if settings.flag("center") {
            steps.push(Step::Add { weight: "beta", at: channel });
        }
        let terms = (first..first + count).map(|at| Term { input: Some(at), weight: 0 }).collect();
        Derivation { groups: vec![terms], columns: 1, reduction: Reduction::Mean, weight: None, steps }
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let (gamma, beta) = (context.optional_weight("gamma"), context.optional_weight("beta"));
        let graph = &mut *context.graph;
        let last = graph.tensor_type(input).shape.rank() - 1;
        let mean = reduce::mean(graph, input, &[last], true)?;
        let centred = pointwise::sub(graph, input, mean)?;
        let squares = pointwise::square(graph, centred)?;
        let variance = reduce::mean(graph, squares, &[last], true)?;
        let epsilon = graph.scalar(settings.number("epsilon") as f32);
        let stable = pointwise::add(graph, variance, epsilon)?;
        let factor = pointwise::rsqrt(graph, stable)?;
        let mut output = pointwise::mul(graph, centred, factor)?;
        if let Some(gamma) = gamma {
            output = pointwise::mul(graph, output, gamma)?;
        }
        match beta {
            Some(beta) => pointwise::add(graph, output, beta),
            None => Ok(output),
        }
    }
}
