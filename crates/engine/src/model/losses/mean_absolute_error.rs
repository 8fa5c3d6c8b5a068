//! MeanAbsoluteError: the mean of the absolute differences from the target.

use super::Loss;
use crate::data::schema::Target;
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

    fn takes(&self, _target: &Target, _outputs: usize) -> bool {
        true
    }

    fn append(&self, graph: &mut Graph, _settings: &Settings, output: NodeId, target: NodeId) -> Result<NodeId> {
        let difference = pointwise::sub(graph, output, target)?;
        let distances = pointwise::abs(graph, difference)?;
        reduce::mean(graph, distances, &[1], false)
    }
}
