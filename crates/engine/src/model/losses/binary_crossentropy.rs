//! BinaryCrossentropy: the mean cross-entropy of each output on its own against a target of 0 and 1, as a one-hot row is.

use super::{Loss, clip};
use crate::data::schema::Target;
use crate::error::Result;
use crate::ir::{Graph, NodeId};
use crate::model::settings::{Schema, Settings};
use crate::ops::{pointwise, reduce};

pub struct BinaryCrossentropy;

static SCHEMA: Schema = Schema { type_name: "binary_crossentropy", settings: &[] };

impl Loss for BinaryCrossentropy {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn takes(&self, target: &Target, _outputs: usize) -> bool {
        matches!(target, Target::Class { .. } | Target::Input)
    }

    /// Appends `-(t log p + (1 - t) log(1 - p))`.
    fn append(&self, graph: &mut Graph, _settings: &Settings, output: NodeId, target: NodeId) -> Result<NodeId> {
        let probabilities = clip(graph, output)?;
        let logarithm = pointwise::log(graph, probabilities)?;
        let yes = pointwise::mul(graph, target, logarithm)?;
        let one = graph.scalar(1.0);
        let (other_target, other) = (pointwise::sub(graph, one, target)?, pointwise::sub(graph, one, probabilities)?);
        let logarithm = pointwise::log(graph, other)?;
        let no = pointwise::mul(graph, other_target, logarithm)?;
        let sum = pointwise::add(graph, yes, no)?;
        let entropy = pointwise::neg(graph, sum)?;
        reduce::mean(graph, entropy, &[1], false)
    }
}
