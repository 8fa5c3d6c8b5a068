//! Cropping2D: the image without pixels at its sides.

use super::common::{MAX_WINDOW, image_extents};
use super::unary::UnaryLayer;
use crate::error::{ModelError, Result};
use crate::ir::NodeId;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings};
use crate::model::formula::{Derivation, Formula, index, place};
use crate::model::lower::Context;
use crate::ops::layout::slice;

pub struct Cropping2D;

static SCHEMA: Schema = Schema {
    type_name: "Cropping2D",
    settings: &[Setting::sides("cropping", MAX_WINDOW)
        .default(SettingDefault::Sides(0.0))
        .initial(SettingDefault::Sides(1.0))
        .card(Card::Always)],
};

impl UnaryLayer for Cropping2D {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        let [height, width, channels] = image_extents(input)?;
        let [[top, bottom], [left, right]] = settings.sides("cropping");
        let left_over =
            |extent: usize, before: usize, after: usize| extent.checked_sub(before + after).filter(|left| *left > 0);
        let cropped = left_over(height, top, bottom).zip(left_over(width, left, right));
        let (rows, columns) = cropped.ok_or_else(|| ModelError::NothingLeft {
            vertical: top + bottom,
            horizontal: left + right,
            input: format!("{height}×{width}"),
        })?;
        Ok(vec![rows, columns, channels])
    }

    fn shape_rule(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Vec<String> {
        let sides = settings.sides("cropping");
        let rule =
            |axis: usize| format!("{} - {} - {} = {}", input[axis], sides[axis][0], sides[axis][1], output[axis]);
        vec![rule(0), rule(1), output[2].to_string()]
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let [[top, _], [left, _]] = settings.sides("cropping");
        Formula {
            forward: vec![format!("y_{{i,j,c}} = x_{{i+{top},j+{left},c}}")],
            backward: vec![format!(r"\frac{{∂L}}{{∂x_{{i+{top},j+{left},c}}}} = g_{{i,j,c}}")],
            symbols: vec![("x", input.to_vec()), ("y", output.to_vec())],
            ranges: Vec::new(),
        }
    }

    fn derivation(&self, settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Derivation {
        let [[top, _], [left, _]] = settings.sides("cropping");
        let place = place(output, at);
        Derivation::copy(index(input, &[place[0] + top, place[1] + left, place[2]]))
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let [[top, bottom], [left, right]] = settings.sides("cropping");
        let end = match *context.graph.tensor_type(input).shape.dims() {
            [batch, height, width, channels] => [batch, height - bottom, width - right, channels],
            _ => return Ok(input),
        };
        slice(context.graph, input, &[0, top, left, 0], &end)
    }
}
