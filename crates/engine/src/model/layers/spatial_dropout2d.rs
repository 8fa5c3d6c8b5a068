//! SpatialDropout2D: while training, random whole channels become zero and the rest grow so that the mean stays
//! (Tompson et al. 2015).

use super::common::image_extents;
use super::dropout::RATE;
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Schema, Settings};
use crate::model::formula::{Formula, number};
use crate::model::lower::{Context, Mode};
use crate::ops::dropout::dropout;
use crate::ops::pointwise;
use crate::tensor::{HostTensor, TensorType};

pub struct SpatialDropout2D;

static SCHEMA: Schema = Schema { type_name: "SpatialDropout2D", settings: &[RATE] };

impl UnaryLayer for SpatialDropout2D {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, _settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        image_extents(input).map(Vec::from)
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let rate = number(settings.number("rate"));
        Formula {
            forward: vec![
                format!(r"y_{{i,j,c}} = \frac{{m_c\,x_{{i,j,c}}}}{{1 - {rate}}},\, P(m_c = 0) = {rate}"),
                "y_{i,j,c} = x_{i,j,c}".to_owned(),
            ],
            backward: vec![format!(r"\frac{{∂L}}{{∂x_{{i,j,c}}}} = \frac{{m_c\,g_{{i,j,c}}}}{{1 - {rate}}}")],
            symbols: vec![("x", input.to_vec()), ("y", output.to_vec())],
            ranges: Vec::new(),
        }
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let rate = settings.number("rate") as f32;
        let Mode::Training { key } = context.mode else { return Ok(input) };
        let (batch, channels) = match *context.graph.tensor_type(input).shape.dims() {
            [batch, .., channels] if rate > 0.0 => (batch, channels),
            _ => return Ok(input),
        };
        let mut ones = HostTensor::zeros(TensorType::f32([batch, 1, 1, channels]));
        ones.words_mut().fill(1.0);
        let ones = context.graph.constant(ones);
        // The same factor for all pixels of a channel: 0, or one over the kept share.
        let factors = dropout(context.graph, ones, key, rate, context.layer)?;
        pointwise::mul(context.graph, input, factors)
    }
}
