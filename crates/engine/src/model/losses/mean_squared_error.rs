//! MeanSquaredError: the mean of the squared differences from a one-hot target.

use super::{Loss, one_hot_target};
use crate::error::Result;
use crate::ir::{Graph, NodeId};
use crate::model::settings::{Schema, Settings};
use crate::ops::{pointwise, reduce};

pub struct MeanSquaredError;

static SCHEMA: Schema = Schema { type_name: "mean_squared_error", settings: &[] };

impl Loss for MeanSquaredError {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn append(&self, graph: &mut Graph, _settings: &Settings, output: NodeId, labels: NodeId) -> Result<NodeId> {
        let target = one_hot_target(graph, output, labels)?;
        let difference = pointwise::sub(graph, output, target)?;
        let squares = pointwise::square(graph, difference)?;
        reduce::mean(graph, squares, &[1], false)
    }
}
