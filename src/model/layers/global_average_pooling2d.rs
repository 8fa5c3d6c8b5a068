//! GlobalAveragePooling2D: each channel becomes the mean of its whole image.

use super::common::image_extents;
use crate::error::Result;
use crate::model::catalogue::{LayerType, Setting, Settings};

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
