//! MeanAbsoluteError: the mean distance of the outputs from the target.

use super::{Basis, Batch, Metric, Sums};
use crate::data::schema::Target;
use crate::error::Result;
use crate::ir::{Expr, Graph, NodeId};
use crate::ops::reshape::flatten;
use crate::ops::{pointwise, reduce};

pub struct MeanAbsoluteError;

impl Metric for MeanAbsoluteError {
    fn name(&self) -> &'static str {
        "mean_absolute_error"
    }

    fn takes(&self, _target: &Target) -> bool {
        true
    }

    fn basis(&self) -> Basis {
        Basis::Sums(1)
    }

    fn append(&self, graph: &mut Graph, batch: &Batch<'_>) -> Result<NodeId> {
        let target = batch.target.numbers(graph, batch.output)?;
        let (output, target) = (flatten(graph, batch.output)?, flatten(graph, target)?);
        let distance = (Expr::input(0) - Expr::input(1)).abs();
        let distances = pointwise::apply_expression(graph, "distance", &distance, &[output, target])?;
        let means = reduce::mean(graph, distances, &[1], false)?;
        let counted = Expr::input(0) * Expr::input(1).greater(0.0);
        let counted = pointwise::apply_expression(graph, "count", &counted, &[means, batch.sample_weight])?;
        reduce::sum(graph, counted, &[0], true)
    }

    fn value(&self, sums: &Sums<'_>) -> f64 {
        match sums {
            Sums::Own { sums, samples } => sums.first().copied().unwrap_or(f64::NAN) / samples.max(1.0),
            Sums::Confusion(_) => f64::NAN,
        }
    }
}
