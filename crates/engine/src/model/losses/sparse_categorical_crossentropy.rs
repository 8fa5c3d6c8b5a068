//! SparseCategoricalCrossentropy: minus the logarithm of the probability of the right class.

use super::{Loss, clip, logits};
use crate::data::schema::Target;
use crate::error::Result;
use crate::ir::{Graph, NodeId};
use crate::model::settings::{Schema, Settings};
use crate::ops::pointwise;
use crate::ops::softmax_cross_entropy::softmax_cross_entropy;

pub struct SparseCategoricalCrossentropy;

static SCHEMA: Schema = Schema { type_name: "sparse_categorical_crossentropy", settings: &[] };

impl Loss for SparseCategoricalCrossentropy {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn takes(&self, target: &Target, outputs: usize) -> bool {
        matches!(target, Target::Class { .. }) && outputs > 1
    }

    fn takes_labels(&self) -> bool {
        true
    }

    fn append(&self, graph: &mut Graph, settings: &Settings, output: NodeId, target: NodeId) -> Result<NodeId> {
        match logits(graph, output) {
            Some(logits) => softmax_cross_entropy(graph, logits, target),
            None => self.append_to_output(graph, settings, output, target),
        }
    }

    fn takes_logits(&self) -> bool {
        true
    }

    /// Keras takes any output for probabilities, and normalises them.
    fn append_to_output(
        &self,
        graph: &mut Graph,
        _settings: &Settings,
        output: NodeId,
        target: NodeId,
    ) -> Result<NodeId> {
        let probabilities = clip(graph, output)?;
        let logits = pointwise::log(graph, probabilities)?;
        softmax_cross_entropy(graph, logits, target)
    }
}
