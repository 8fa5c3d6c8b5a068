//! Flatten: the image becomes one long vector.

use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{LayerType, Setting, Settings};
use crate::model::lower::{Context, Lower};
use crate::ops::reshape::flatten;

pub struct Flatten;

impl LayerType for Flatten {
    fn type_name(&self) -> &'static str {
        "Flatten"
    }

    fn default_name(&self) -> &'static str {
        "flatten"
    }

    fn settings(&self) -> &'static [Setting] {
        &[]
    }

    fn output_shape(&self, _settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        Ok(vec![input.iter().product()])
    }
}

impl Lower for Flatten {
    fn lower(&self, context: &mut Context<'_>, _settings: &Settings, input: NodeId) -> Result<NodeId> {
        flatten(context.graph, input)
    }
}
