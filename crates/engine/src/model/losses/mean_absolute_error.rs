//! MeanAbsoluteError: the mean of the absolute differences from a one-hot target.

use super::{Loss, one_hot_target};
use crate::error::Result;
use crate::ir::{Graph, NodeId};
use crate::model::settings::{Schema, Settings};
use crate::ops::{pointwise, reduce};

pub struct MeanAbsoluteError;

static SCHEMA: Schema = Schema { type_name: "mean_absolute_error", settings: &[] };

impl Loss for MeanAbsoluteError {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn append(&self, graph: &mut Graph, _settings: &Settings, output: NodeId, labels: NodeId) -> Result<NodeId> {
        let target = one_hot_target(graph, output, labels)?;
        let difference = pointwise::sub(graph, output, target)?;
        let distances = pointwise::abs(graph, difference)?;
        reduce::mean(graph, distances, &[1], false)
    }
}
