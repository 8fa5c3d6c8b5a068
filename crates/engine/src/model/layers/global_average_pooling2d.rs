//! GlobalAveragePooling2D: each channel becomes the mean of its whole image.

use super::unary::UnaryLayer;
use super::common::{elements, image_extents};
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Schema, Settings};
use crate::model::formula::{Derivation, Formula, Reduction, Term, range};
use crate::model::lower::Context;
use crate::ops::reduce;

pub struct GlobalAveragePooling2D;

static SCHEMA: Schema = Schema { type_name: "GlobalAveragePooling2D", settings: &[] };

impl UnaryLayer for GlobalAveragePooling2D {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, _settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        image_extents(input).map(|[_, _, channels]| vec![channels])
    }

    fn flops(&self, _settings: &Settings, input: &[usize], _output: &[usize]) -> u64 {
        elements(input)
    }

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

    fn derivation(&self, _settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Derivation {
        let channels = output.first().copied().unwrap_or(1);
        let [height, width, _] = image_extents(input).unwrap_or([1; 3]);
        let terms = (0..height * width).map(|pixel| Term { input: Some(pixel * channels + at), weight: 0 });
        Derivation {
            groups: vec![terms.collect()],
            columns: width,
            reduction: Reduction::Mean,
            weight: None,
            steps: Vec::new(),
        }
    }

    fn lower(&self, context: &mut Context<'_>, _settings: &Settings, input: NodeId) -> Result<NodeId> {
        reduce::mean(context.graph, input, &[1, 2], false)
    }
}
