//! MaxPooling2D: each window keeps its largest value.

use super::common::{PADDING, POOL_SIZE, POOL_STRIDES, Window, image_extents};
use crate::error::Result;
use crate::model::catalogue::{LayerType, Setting, Settings};

pub struct MaxPooling2D;

static SETTINGS: [Setting; 3] = [POOL_SIZE, POOL_STRIDES, PADDING];

impl LayerType for MaxPooling2D {
    fn type_name(&self) -> &'static str {
        "MaxPooling2D"
    }

    fn default_name(&self) -> &'static str {
        "max_pooling2d"
    }

    fn settings(&self) -> &'static [Setting] {
        &SETTINGS
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        let [height, width, channels] = image_extents(input)?;
        let [rows, columns] = Window::pooling(settings).positions("poolSize", [height, width])?;
        Ok(vec![rows, columns, channels])
    }
}
