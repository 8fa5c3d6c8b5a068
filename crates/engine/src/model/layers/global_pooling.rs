//! Layers that pool the whole of each channel into one number.

use super::common::{elements, image_extents, sequence_extents};
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::{Expr, Graph, NodeId};
use crate::model::catalogue::{Schema, Settings};
use crate::model::formula::{Derivation, Formula, Reduction, Term, range};
use crate::model::lower::Context;
use crate::ops::pool2d::PoolKind;
use crate::ops::reshape::reshape;
use crate::ops::{pointwise, reduce};

/// A layer that pools whole channels.
pub struct GlobalPooling {
    pub schema: &'static Schema,
    pub kind: PoolKind,
    /// The input is a sequence `[L,C]`, not an image `[H,W,C]`.
    pub is_sequence: bool,
}

/// Appends the mean `[N,C]` of the steps of `[N,T,C]` that the mask `[N,T]` counts. Without any it is 0; Keras would give 0/0.
fn masked_mean(graph: &mut Graph, x: NodeId, mask: NodeId) -> Result<NodeId> {
    let shape = [graph.tensor_type(mask).shape.dims(), &[1]].concat();
    let factors = reshape(graph, mask, shape)?;
    let counted = pointwise::mul(graph, x, factors)?;
    let sum = reduce::sum(graph, counted, &[1], false)?;
    let count = reduce::sum(graph, mask, &[1], true)?;
    let count = pointwise::apply_expression(graph, "at_least_one", &Expr::input(0).max(1.0), &[count])?;
    pointwise::div(graph, sum, count)
}

impl UnaryLayer for GlobalPooling {
    fn schema(&self) -> &'static Schema {
        self.schema
    }

    fn output_shape(&self, _settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        if self.is_sequence {
            sequence_extents(input).map(|[_, channels]| vec![channels])
        } else {
            image_extents(input).map(|[_, _, channels]| vec![channels])
        }
    }

    fn flops(&self, _settings: &Settings, input: &[usize], _output: &[usize]) -> u64 {
        elements(input)
    }

    fn formula(&self, _settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let places = &input[..input.len().saturating_sub(1)];
        let count: usize = places.iter().product();
        let at = if self.is_sequence { "i" } else { "i,j" };
        let (forward, backward) = match self.kind {
            // Equal largest numbers share the gradient.
            PoolKind::Max => (
                format!(r"y_c = \max_{{{at}}} x_{{{at},c}}"),
                format!(r"\frac{{∂L}}{{∂x_{{{at},c}}}} = \frac{{g_c\,[x_{{{at},c}} = y_c]}}{{N_c}}"),
            ),
            PoolKind::Average => (
                format!(r"y_c = \frac{{1}}{{{count}}} \sum_{{{at}}} x_{{{at},c}}"),
                format!(r"\frac{{∂L}}{{∂x_{{{at},c}}}} = \frac{{g_c}}{{{count}}}"),
            ),
        };
        Formula {
            forward: vec![forward],
            backward: vec![backward],
            symbols: vec![("x", input.to_vec()), ("y", output.to_vec())],
            ranges: ["i", "j"].iter().zip(places).map(|(letter, extent)| range(letter, *extent)).collect(),
        }
    }

    fn derivation(&self, _settings: &Settings, input: &[usize], _output: &[usize], at: usize) -> Derivation {
        let channels = input.last().copied().unwrap_or(1).max(1);
        let places = input.iter().product::<usize>() / channels;
        Derivation {
            groups: vec![(0..places).map(|place| Term { input: Some(place * channels + at), weight: 0 }).collect()],
            columns: if self.is_sequence { 1 } else { input.get(1).copied().unwrap_or(1) },
            reduction: match self.kind {
                PoolKind::Max => Reduction::Max,
                PoolKind::Average => Reduction::Mean,
            },
            ..Derivation::default()
        }
    }

    fn lower(&self, context: &mut Context<'_>, _settings: &Settings, input: NodeId) -> Result<NodeId> {
        if let (PoolKind::Average, true, Some(mask)) = (self.kind, self.is_sequence, context.mask()) {
            return masked_mean(context.graph, input, mask);
        }
        let axes: &[usize] = if self.is_sequence { &[1] } else { &[1, 2] };
        match self.kind {
            PoolKind::Max => reduce::max(context.graph, input, axes, false),
            PoolKind::Average => reduce::mean(context.graph, input, axes, false),
        }
    }
}
