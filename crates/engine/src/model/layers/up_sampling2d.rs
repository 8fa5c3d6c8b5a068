//! UpSampling2D: each pixel is repeated down and right.

use super::common::{MAX_WINDOW, image_extents};
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings};
use crate::model::formula::{Derivation, Formula, index, place, range};
use crate::model::lower::Context;
use crate::ops::pointwise;
use crate::ops::reshape::reshape;
use crate::tensor::{HostTensor, TensorType};

pub struct UpSampling2D;

static SCHEMA: Schema = Schema {
    type_name: "UpSampling2D",
    settings: &[Setting::pair("size", 1, MAX_WINDOW).default(SettingDefault::Pair(2.0, 2.0)).card(Card::Always)],
};

impl UnaryLayer for UpSampling2D {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        let [height, width, channels] = image_extents(input)?;
        let [down, right] = settings.pair("size");
        Ok(vec![height.saturating_mul(down), width.saturating_mul(right), channels])
    }

    fn shape_rule(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Vec<String> {
        let size = settings.pair("size");
        let rule = |axis: usize| format!("{} × {} = {}", input[axis], size[axis], output[axis]);
        vec![rule(0), rule(1), output[2].to_string()]
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let [down, right] = settings.pair("size");
        let pixel = format!("{{{down}p+u,{right}q+v,c}}");
        Formula {
            forward: vec![format!("y_{pixel} = x_{{p,q,c}}")],
            backward: vec![format!(r"\frac{{∂L}}{{∂x_{{p,q,c}}}} = \sum_{{u,v}} g_{pixel}")],
            symbols: vec![("x", input.to_vec()), ("y", output.to_vec())],
            ranges: vec![range("u", down), range("v", right)],
        }
    }

    fn derivation(&self, settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Derivation {
        let [down, right] = settings.pair("size");
        let place = place(output, at);
        Derivation::copy(index(input, &[place[0] / down, place[1] / right, place[2]]))
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let [down, right] = settings.pair("size");
        let [batch, height, width, channels] = match *context.graph.tensor_type(input).shape.dims() {
            [batch, height, width, channels] => [batch, height, width, channels],
            _ => return Ok(input),
        };
        // A product with ones repeats along the axes where the pixels have the extent 1.
        let mut ones = HostTensor::zeros(TensorType::f32([1, down, 1, right, 1]));
        ones.words_mut().fill(1.0);
        let ones = context.graph.constant(ones);
        let pixels = reshape(context.graph, input, [batch * height, 1, width, 1, channels])?;
        let repeated = pointwise::mul(context.graph, pixels, ones)?;
        reshape(context.graph, repeated, [batch, height * down, width * right, channels])
    }
}
