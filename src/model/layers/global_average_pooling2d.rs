//! GlobalAveragePooling2D: each channel becomes the mean of its whole image.

use super::common::image_extents;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{LayerType, Setting, Settings};
use crate::model::lower::{Context, Lower};
use crate::ops::reduce;

pub struct GlobalAveragePooling2D;

impl LayerType for GlobalAveragePooling2D {
    fn type_name(&self) -> &'static str {
        "GlobalAveragePooling2D"
    }

    fn default_name(&self) -> &'static str {
        "global_average_pooling2d"
    }

    fn settings(&self) -> &'static [Setting] {
        &[]
    }

    fn output_shape(&self, _settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        image_extents(input).map(|[_, _, channels]| vec![channels])
    }
}

impl Lower for GlobalAveragePooling2D {
    fn lower(&self, context: &mut Context<'_>, _settings: &Settings, input: NodeId) -> Result<NodeId> {
        reduce::mean(context.graph, input, &[1, 2], false)
    }
}
