//! ZeroPadding2D: zeros around the image.

use super::common::{MAX_WINDOW, image_extents};
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings};
use crate::model::formula::{Derivation, Formula, Term, index, place};
use crate::model::lower::Context;
use crate::ops::layout::pad;

pub struct ZeroPadding2D;

static SCHEMA: Schema = Schema {
    type_name: "ZeroPadding2D",
    settings: &[Setting::sides("padding", MAX_WINDOW).default(SettingDefault::Sides(1.0)).card(Card::Always)],
};

impl UnaryLayer for ZeroPadding2D {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        let [height, width, channels] = image_extents(input)?;
        let [[top, bottom], [left, right]] = settings.sides("padding");
        Ok(vec![top + height + bottom, left + width + right, channels])
    }

    fn shape_rule(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Vec<String> {
        let sides = settings.sides("padding");
        let rule =
            |axis: usize| format!("{} + {} + {} = {}", sides[axis][0], input[axis], sides[axis][1], output[axis]);
        vec![rule(0), rule(1), output[2].to_string()]
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let [[top, _], [left, _]] = settings.sides("padding");
        Formula {
            forward: vec![format!("y_{{i+{top},j+{left},c}} = x_{{i,j,c}}")],
            backward: vec![format!(r"\frac{{∂L}}{{∂x_{{i,j,c}}}} = g_{{i+{top},j+{left},c}}")],
            symbols: vec![("x", input.to_vec()), ("y", output.to_vec())],
            ranges: Vec::new(),
        }
    }

    fn derivation(&self, settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Derivation {
        let [[top, _], [left, _]] = settings.sides("padding");
        let mut derivation = Derivation::copy(at);
        let place = place(output, at);
        let inner = place[0].checked_sub(top).zip(place[1].checked_sub(left));
        let inner = inner.filter(|(row, column)| *row < input[0] && *column < input[1]);
        let input = inner.map(|(row, column)| index(input, &[row, column, place[2]]));
        derivation.groups = vec![vec![Term { input, weight: 0 }]];
        derivation
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let [[top, bottom], [left, right]] = settings.sides("padding");
        pad(context.graph, input, &[0, top, left, 0], &[0, bottom, right, 0])
    }
}
