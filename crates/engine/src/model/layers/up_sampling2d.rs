//! UpSampling2D: each pixel is repeated down and right, or new pixels are set between the old ones.

use super::common::{MAX_WINDOW, elements, image_extents};
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::{Graph, NodeId};
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings};
use crate::model::formula::{Derivation, Formula, Reduction, Term, index, place, range};
use crate::model::lower::Context;
use crate::ops::layout::{concat, slice};
use crate::ops::pointwise;
use crate::ops::reshape::reshape;
use crate::tensor::{HostTensor, TensorType};

pub struct UpSampling2D;

static SCHEMA: Schema = Schema {
    type_name: "UpSampling2D",
    settings: &[
        Setting::pair("size", 1, MAX_WINDOW).default(SettingDefault::Pair(2.0, 2.0)).card(Card::Always),
        Setting::choice("interpolation", &["nearest", "bilinear"], "nearest").card(Card::IfChanged("")),
    ],
};

/// Returns the shares that the pixels before and behind and the pixel itself have in the new pixel `at` of a pixel. Old and new
/// ones share their middle, and a new one between the middles of two old ones takes more of the nearer.
fn shares(factor: usize, at: usize) -> [f32; 3] {
    let offset = (at as f32 + 0.5) / factor as f32 - 0.5;
    [(-offset).max(0.0), offset.max(0.0), 1.0 - offset.abs()]
}

/// Appends `[N,H,W,C]` with `factor` pixels for each along an axis, bilinearly.
fn interpolate(graph: &mut Graph, x: NodeId, axis: usize, factor: usize) -> Result<NodeId> {
    if factor == 1 {
        return Ok(x);
    }
    let dims = graph.tensor_type(x).shape.dims().to_vec();
    let extent = dims[axis];
    let [outer, inner] = [&dims[..axis], &dims[axis + 1..]].map(|dims| dims.iter().product::<usize>());
    let pixels = reshape(graph, x, [outer, extent, inner])?;
    let mut part = |from: usize, to: usize| slice(graph, pixels, &[0, from, 0], &[outer, to, inner]);
    let (first, but_last) = (part(0, 1)?, part(0, extent - 1)?);
    let (last, but_first) = (part(extent - 1, extent)?, part(1, extent)?);
    // A pixel at the border is its own neighbour.
    let before = concat(graph, &[first, but_last], 1)?;
    let behind = concat(graph, &[but_first, last], 1)?;
    let mut sum = None;
    for (number, neighbours) in [before, behind, pixels].into_iter().enumerate() {
        let mut own = HostTensor::zeros(TensorType::f32([1, 1, factor, 1]));
        own.words_mut().iter_mut().enumerate().for_each(|(at, share)| *share = shares(factor, at)[number]);
        let own = graph.constant(own);
        // A product repeats along the axis where the pixels have the extent 1.
        let neighbours = reshape(graph, neighbours, [outer, extent, 1, inner])?;
        let part = pointwise::mul(graph, neighbours, own)?;
        sum = Some(match sum {
            Some(sum) => pointwise::add(graph, sum, part)?,
            None => part,
        });
    }
    let output = [&dims[..axis], &[extent * factor], &dims[axis + 1..]].concat();
    reshape(graph, sum.unwrap_or(pixels), output)
}

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

    /// Counts the products and sums of both axes; a repeated pixel costs nothing.
    fn flops(&self, settings: &Settings, input: &[usize], output: &[usize]) -> u64 {
        let [down, _] = settings.pair("size");
        match settings.choice("interpolation") {
            "bilinear" => 3 * (elements(input) * down as u64 + elements(output)),
            _ => 0,
        }
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let [down, right] = settings.pair("size");
        let pixel = format!("{{{down}p+u,{right}q+v,c}}");
        let (forward, backward) = match settings.choice("interpolation") {
            "bilinear" => {
                let share = |letter: &str, at: &str, size: usize| {
                    format!(r"\max(0, 1 - |{letter} + 0.5 - rac{{{at} + 0.5}}{{{size}}}|)")
                };
                let shares = format!(r"{}\,{}", share("p", "i", down), share("q", "j", right));
                (
                    vec![
                        format!(r"y_{{i,j,c}} = \sum_{{p,q}} s_{{i,j,p,q}}\,x_{{p,q,c}}"),
                        format!("s_{{i,j,p,q}} = {shares}"),
                    ],
                    r"rac{∂L}{∂x_{p,q,c}} = \sum_{i,j} s_{i,j,p,q}\,g_{i,j,c}".to_owned(),
                )
            }
            _ => (
                vec![format!("y_{pixel} = x_{{p,q,c}}")],
                format!(r"rac{{∂L}}{{∂x_{{p,q,c}}}} = \sum_{{u,v}} g_{pixel}"),
            ),
        };
        let ranges = match settings.choice("interpolation") {
            "bilinear" => vec![range("i", output[0]), range("j", output[1])],
            _ => vec![range("u", down), range("v", right)],
        };
        let symbols = vec![("x", input.to_vec()), ("y", output.to_vec())];
        Formula { forward, backward: vec![backward], symbols, ranges }
    }

    fn derivation(&self, settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Derivation {
        let size = settings.pair("size");
        let place = place(output, at);
        let own = [0, 1].map(|axis| place[axis] / size[axis]);
        if settings.choice("interpolation") == "nearest" {
            return Derivation::copy(index(input, &[own[0], own[1], place[2]]));
        }
        let along = |axis: usize| {
            let [before, behind, itself] = shares(size[axis], place[axis] % size[axis]);
            let neighbours = [own[axis].saturating_sub(1), (own[axis] + 1).min(input[axis] - 1), own[axis]];
            neighbours.into_iter().zip([before, behind, itself]).filter(|(_, share)| *share > 0.0)
        };
        let mut derivation =
            Derivation { groups: vec![Vec::new()], columns: 1, reduction: Reduction::Sum, ..Derivation::default() };
        for (row, of_row) in along(0) {
            for (column, of_column) in along(1) {
                let weight = derivation.shares.len();
                derivation.groups[0].push(Term { input: Some(index(input, &[row, column, place[2]])), weight });
                derivation.shares.push(of_row * of_column);
            }
        }
        derivation
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let [down, right] = settings.pair("size");
        if settings.choice("interpolation") == "bilinear" {
            let rows = interpolate(context.graph, input, 1, down)?;
            return interpolate(context.graph, rows, 2, right);
        }
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
