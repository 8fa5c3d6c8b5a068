//! AUC: the area under the ROC curve of two classes, by trapezoids between 200 thresholds as Keras's `AUC` computes it.

use super::{Basis, Batch, Metric, Sums};
use crate::data::schema::Target;
use crate::error::Result;
use crate::ir::{Graph, NodeId};
use crate::ops::layout::slice;
use crate::ops::reshape::reshape;
use crate::ops::threshold_counts::threshold_counts;

/// Keras's default.
const THRESHOLDS: usize = 200;

pub struct Auc;

impl Metric for Auc {
    fn name(&self) -> &'static str {
        "auc"
    }

    fn takes(&self, target: &Target) -> bool {
        target.class_names().len() == 2
    }

    fn basis(&self) -> Basis {
        Basis::Sums(2 * THRESHOLDS)
    }

    /// Counts by the score of the second class: the only output, or the second one.
    fn append(&self, graph: &mut Graph, batch: &Batch<'_>) -> Result<NodeId> {
        let shape = graph.tensor_type(batch.output).shape.clone();
        let (samples, column) = (shape[0], usize::from(shape.last() > 1));
        let scores = slice(graph, batch.output, &[0, column], &[samples, column + 1])?;
        let scores = reshape(graph, scores, [samples])?;
        threshold_counts(graph, [scores, batch.target.node, batch.sample_weight], THRESHOLDS)
    }

    fn value(&self, sums: &Sums<'_>) -> f64 {
        let Sums::Own { sums, .. } = sums else { return f64::NAN };
        let (positive, negative) = sums.split_at(THRESHOLDS.min(sums.len()));
        // All samples are above the first threshold.
        let share = |counts: &[f64], at: usize| {
            let all = counts.first().copied().unwrap_or_default();
            if all > 0.0 { counts.get(at).copied().unwrap_or_default() / all } else { 0.0 }
        };
        let area = |at: usize| {
            let width = share(negative, at) - share(negative, at + 1);
            width * (share(positive, at) + share(positive, at + 1)) / 2.0
        };
        (0..THRESHOLDS - 1).map(area).sum()
    }
}
