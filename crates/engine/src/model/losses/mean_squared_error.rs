//! MeanSquaredError: the mean of the squared differences from the target.

use super::Loss;
use crate::data::schema::Target;
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

    fn takes(&self, _target: &Target, _outputs: usize) -> bool {
        true
    }

    fn append(&self, graph: &mut Graph, _settings: &Settings, output: NodeId, target: NodeId) -> Result<NodeId> {
        let difference = pointwise::sub(graph, output, target)?;
        let squares = pointwise::square(graph, difference)?;
        reduce::mean(graph, squares, &[1], false)
    }
}
