//! LayerNormalization: the numbers along some axes of each example, usually the last, are shifted and scaled to mean 0 and
//! variance 1, then by learned numbers (Ba, Kiros and Hinton 2016).

use std::ops::Bound;

use super::common::{BETA_INITIALIZER, GAMMA_INITIALIZER, L1, L2, MAX_NORM, elements, example_axis, gamma_and_beta};
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings, WeightSpec};
use crate::model::formula::{Derivation, Formula, Reduction, Step, Term, index, number, place};
use crate::model::lower::Context;
use crate::ops::reshape::reshape;
use crate::ops::{pointwise, reduce};

pub struct LayerNormalization;

static SCHEMA: Schema = Schema {
    type_name: "LayerNormalization",
    settings: &[
        // The batch's axis counts, as in Keras: 1 is the first of an example, -1 the last.
        Setting::integers("axis", -4, 4, 4).default(SettingDefault::Numbers(&[-1.0])).card(Card::IfChanged("axis ")),
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

/// Returns the axes within one example, in ascending order.
///
/// # Errors
/// `bad-setting` if the input lacks one of them, or it is that of the batch.
fn checked_axes(settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
    let mut axes =
        settings.integers("axis").iter().map(|axis| example_axis(*axis, input)).collect::<Result<Vec<_>>>()?;
    axes.sort_unstable();
    axes.dedup();
    Ok(axes)
}

/// Returns the axes of an input that has them.
fn axes(settings: &Settings, input: &[usize]) -> Vec<usize> {
    checked_axes(settings, input).unwrap_or_default()
}

/// Returns the extents along the axes.
fn extents(settings: &Settings, input: &[usize]) -> Vec<usize> {
    axes(settings, input).into_iter().map(|axis| input[axis]).collect()
}

impl UnaryLayer for LayerNormalization {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn passes_mask(&self, _settings: &Settings) -> bool {
        true
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        checked_axes(settings, input)?;
        Ok(input.to_vec())
    }

    fn weights(&self, settings: &Settings, input: &[usize]) -> Vec<WeightSpec> {
        gamma_and_beta(settings, &extents(settings, input))
    }

    /// Counts mean, variance, and the shift and scale of each number.
    fn flops(&self, settings: &Settings, _input: &[usize], output: &[usize]) -> u64 {
        let affine = u64::from(settings.flag("scale")) + u64::from(settings.flag("center"));
        elements(output) * (5 + affine)
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let epsilon = number(settings.number("epsilon"));
        let count: usize = extents(settings, input).iter().product();
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
        let axes = axes(settings, input);
        let along = |place: &[usize]| axes.iter().map(|axis| place[*axis]).collect::<Vec<_>>();
        let across = |place: &[usize]| {
            (0..input.len()).filter(|axis| !axes.contains(axis)).map(|axis| place[axis]).collect::<Vec<_>>()
        };
        let own = place(input, at);
        let channel = index(&extents(settings, input), &along(&own));
        let together = (0..input.iter().product()).filter(|other| across(&place(input, *other)) == across(&own));
        let terms = together.map(|at| Term { input: Some(at), weight: 0 }).collect();
        let mut steps =
            vec![Step::SubtractFromInput { at }, Step::DivideByDeviation { epsilon: settings.number("epsilon") }];
        if settings.flag("scale") {
            steps.push(Step::Multiply { weight: "gamma", at: channel });
        }
        if settings.flag("center") {
            steps.push(Step::Add { weight: "beta", at: channel });
        }
        Derivation { groups: vec![terms], columns: 1, reduction: Reduction::Mean, steps, ..Derivation::default() }
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let (gamma, beta) = (context.optional_weight("gamma"), context.optional_weight("beta"));
        let graph = &mut *context.graph;
        let dims = graph.tensor_type(input).shape.dims().to_vec();
        let axes: Vec<usize> = axes(settings, &dims[1..]).into_iter().map(|axis| axis + 1).collect();
        // A weight lies along the axes, and is the same along the others.
        let shape: Vec<usize> = (0..dims.len()).map(|axis| if axes.contains(&axis) { dims[axis] } else { 1 }).collect();
        let mean = reduce::mean(graph, input, &axes, true)?;
        let centred = pointwise::sub(graph, input, mean)?;
        let squares = pointwise::square(graph, centred)?;
        let variance = reduce::mean(graph, squares, &axes, true)?;
        let epsilon = graph.scalar(settings.number("epsilon") as f32);
        let stable = pointwise::add(graph, variance, epsilon)?;
        let factor = pointwise::rsqrt(graph, stable)?;
        let mut output = pointwise::mul(graph, centred, factor)?;
        if let Some(gamma) = gamma {
            let gamma = reshape(graph, gamma, shape.clone())?;
            output = pointwise::mul(graph, output, gamma)?;
        }
        match beta {
            Some(beta) => {
                let beta = reshape(graph, beta, shape)?;
                pointwise::add(graph, output, beta)
            }
            None => Ok(output),
        }
    }
}
