//! GlobalAveragePooling2D: each channel becomes the mean of its whole image.

use super::common::{elements, image_extents, unchanged};
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{LayerType, Setting, Settings};
use crate::model::formula::{Explain, Formula, Recipe, Reduction, Term, range};
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

    fn shape_rule(&self, _settings: &Settings, _input: &[usize], output: &[usize]) -> Vec<String> {
        unchanged(output)
    }

    fn flops(&self, _settings: &Settings, input: &[usize], _output: &[usize]) -> u64 {
        elements(input)
    }
}

impl Explain for GlobalAveragePooling2D {
    fn formula(&self, _settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let [height, width, _] = image_extents(input).unwrap_or([1; 3]);
        let count = height * width;
        Formula {
            forward: vec![format!(r"y_c = \frac{{1}}{{{count}}} \sum_{{i,j}} x_{{i,j,c}}")],
            backward: vec![format!(r"\frac{{∂L}}{{∂x_{{i,j,c}}}} = \frac{{g_c}}{{{count}}}")],
            symbols: vec![("x", input.to_vec()), ("y", output.to_vec())],
            ranges: vec![range("i", height), range("j", width)],
        }
    }

    fn recipe(&self, _settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Recipe {
        let channels = output.first().copied().unwrap_or(1);
        let [height, width, _] = image_extents(input).unwrap_or([1; 3]);
        let terms = (0..height * width).map(|pixel| Term { input: Some(pixel * channels + at), weight: 0 });
        Recipe {
            groups: vec![terms.collect()],
            columns: width,
            reduction: Reduction::Mean,
            weight: None,
            then: Vec::new(),
        }
    }
}

impl Lower for GlobalAveragePooling2D {
    fn lower(&self, context: &mut Context<'_>, _settings: &Settings, input: NodeId) -> Result<NodeId> {
        reduce::mean(context.graph, input, &[1, 2], false)
    }
}
