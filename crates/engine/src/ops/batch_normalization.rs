//! Batch normalisation (Ioffe and Szegedy 2015) over all axes but the last, composed of other ops.
//!
//! Its gradient, also through the batch's mean and variance, follows from theirs.

use super::reshape::reshape;
use super::{pointwise, reduce};
use crate::error::Result;
use crate::ir::{Expr, Graph, NodeId};

/// Scale and offset, `[C]` each; Keras omits them with `scale=False`, `center=False`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Affine {
    pub gamma: Option<NodeId>,
    pub beta: Option<NodeId>,
}

/// Normalisation by the batch's own statistics.
#[derive(Clone, Copy, Debug)]
pub struct Normalized {
    /// `gamma * (x - mean) / sqrt(variance + epsilon) + beta`, in the input's shape.
    pub output: NodeId,
    /// `[C]`.
    pub mean: NodeId,
    /// `[C]`; divided by the number of values, not by one less, as in Keras.
    pub variance: NodeId,
}

/// Appends a normalisation of `[...,C]` by the statistics of the batch, for training.
///
/// # Errors
/// If gamma or beta are not `[C]`.
pub fn by_batch(graph: &mut Graph, x: NodeId, affine: Affine, epsilon: f32) -> Result<Normalized> {
    let axes: Vec<usize> = (0..graph.tensor_type(x).shape.rank().saturating_sub(1)).collect();
    let mean = reduce::mean(graph, x, &axes, false)?;
    let centred = pointwise::sub(graph, x, mean)?;
    let squares = pointwise::square(graph, centred)?;
    let variance = reduce::mean(graph, squares, &axes, false)?;
    let output = scale(graph, centred, variance, affine, epsilon)?;
    Ok(Normalized { output, mean, variance })
}

/// Appends a normalisation of `[N,T,C]` by the statistics of the steps that the mask `[N,T]` counts, for training. The other
/// steps are normalised by them as well.
///
/// # Errors
/// If gamma or beta are not `[C]`, or the mask is not `[N,T]`.
pub fn by_masked_batch(graph: &mut Graph, x: NodeId, mask: NodeId, affine: Affine, epsilon: f32) -> Result<Normalized> {
    let axes: Vec<usize> = (0..graph.tensor_type(x).shape.rank().saturating_sub(1)).collect();
    let shape = [graph.tensor_type(mask).shape.dims(), &[1]].concat();
    let factors = reshape(graph, mask, shape)?;
    let count = reduce::sum(graph, mask, &axes, false)?;
    // Keras adds its own epsilon, whatever that of the layer is.
    let count = pointwise::apply_expression(graph, "stable", &(Expr::input(0) + 1e-7), &[count])?;
    let mean_of = |graph: &mut Graph, values: NodeId| {
        let counted = pointwise::mul(graph, values, factors)?;
        let sum = reduce::sum(graph, counted, &axes, false)?;
        pointwise::div(graph, sum, count)
    };
    let mean = mean_of(graph, x)?;
    let centred = pointwise::sub(graph, x, mean)?;
    let squares = pointwise::square(graph, centred)?;
    let variance = mean_of(graph, squares)?;
    let output = scale(graph, centred, variance, affine, epsilon)?;
    Ok(Normalized { output, mean, variance })
}

/// Appends a normalisation of `[...,C]` by given statistics, `[C]` each, for inference.
///
/// # Errors
/// If a parameter is not `[C]`.
pub fn by_statistics(
    graph: &mut Graph,
    x: NodeId,
    affine: Affine,
    mean: NodeId,
    variance: NodeId,
    epsilon: f32,
) -> Result<NodeId> {
    let centred = pointwise::sub(graph, x, mean)?;
    scale(graph, centred, variance, affine, epsilon)
}

/// Appends the next value of a moving statistic: `moving * momentum + batch * (1 - momentum)`.
///
/// # Errors
/// If the shapes differ.
pub fn moving(graph: &mut Graph, moving: NodeId, batch: NodeId, momentum: f32) -> Result<NodeId> {
    let next = Expr::input(0) * momentum + Expr::input(1) * (1.0 - momentum);
    pointwise::apply_expression(graph, "moving", &next, &[moving, batch])
}

fn scale(graph: &mut Graph, centred: NodeId, variance: NodeId, affine: Affine, epsilon: f32) -> Result<NodeId> {
    let epsilon = graph.scalar(epsilon);
    let stable = pointwise::add(graph, variance, epsilon)?;
    let mut factor = pointwise::rsqrt(graph, stable)?;
    if let Some(gamma) = affine.gamma {
        factor = pointwise::mul(graph, factor, gamma)?;
    }
    let scaled = pointwise::mul(graph, centred, factor)?;
    match affine.beta {
        Some(beta) => pointwise::add(graph, scaled, beta),
        None => Ok(scaled),
    }
}
