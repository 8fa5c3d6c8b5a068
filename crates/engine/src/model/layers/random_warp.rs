//! The common part of layers that show each image through an affine map of its own, drawn anew in every training step.

use std::ops::Bound;

use super::common::{elements, image_extents};
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::{Expr, Graph, NodeId};
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings};
use crate::model::formula::{Formula, number};
use crate::model::lower::{Context, Mode};
use crate::ops::affine_warp::{AffineWarp, FillMode, Interpolation, MAP, affine_warp};
use crate::ops::layout::{concat, slice};
use crate::ops::pointwise;
use crate::ops::random_uniform::random_uniform;
use crate::tensor::{HostTensor, TensorType};

pub const FILL_MODE: Setting =
    Setting::choice("fillMode", &["reflect", "constant", "wrap", "nearest"], "reflect").card(Card::IfChanged(""));

pub const INTERPOLATION: Setting = Setting::choice("interpolation", &["nearest", "bilinear"], "bilinear");

pub const FILL_VALUE: Setting =
    Setting::number("fillValue", Bound::Unbounded, Bound::Unbounded).default(SettingDefault::Number(0.0));

/// A layer that shows images through random affine maps.
pub struct RandomWarp {
    pub schema: &'static Schema,
    pub draw: fn(&Settings, Extents) -> Draw,
    /// Returns the formulas of the map and of the numbers in it.
    pub formulas: fn(&Settings, Extents) -> Vec<String>,
}

/// Extents of an image.
#[derive(Clone, Copy, Debug)]
pub struct Extents {
    pub height: f32,
    pub width: f32,
}

/// The way from uniform random numbers to the map of an image.
pub struct Draw {
    /// Random numbers of an image, from 0 to less than 1.
    pub count: usize,
    /// Numbers that follow from them.
    pub numbers: Vec<Expr>,
    /// The map, as [`AffineWarp`] takes it, from the numbers.
    pub map: [Expr; MAP],
}

/// Returns the range that a setting gives; a single number stands for what lies between it and its negative, as in Keras.
pub fn range_of(settings: &Settings, name: &str) -> [f64; 2] {
    settings.range(name, |number| [-number, number])
}

/// Returns a number of a range, from a uniform random number.
pub fn within([low, high]: [f64; 2], random: Expr) -> Expr {
    random * (high - low) as f32 + low as f32
}

/// Formats a uniform distribution: `U(-0.1, 0.1)`.
pub fn distribution([low, high]: [f64; 2]) -> String {
    format!("U({}, {})", number(low), number(high))
}

fn extents(input: &[usize]) -> Extents {
    let [height, width] = [0, 1].map(|axis| input.get(axis).copied().unwrap_or(1) as f32);
    Extents { height, width }
}

fn warp(settings: &Settings) -> AffineWarp {
    AffineWarp {
        interpolation: match settings.choice("interpolation") {
            "bilinear" => Interpolation::Bilinear,
            _ => Interpolation::Nearest,
        },
        fill: match settings.choice("fillMode") {
            "constant" => FillMode::Constant(settings.number("fillValue") as f32),
            "wrap" => FillMode::Wrap,
            "nearest" => FillMode::Nearest,
            _ => FillMode::Reflect,
        },
    }
}

/// Appends a column `[N,1]` of the values of an expression over columns.
fn column(graph: &mut Graph, expression: &Expr, columns: &[NodeId], batch: usize) -> Result<NodeId> {
    if let Expr::Constant(value) = *expression {
        let mut constant = HostTensor::zeros(TensorType::f32([batch, 1]));
        constant.words_mut().fill(value);
        return Ok(graph.constant(constant));
    }
    pointwise::apply_expression(graph, "affine_map", expression, columns)
}

/// Appends the maps `[N,6]`.
fn append_maps(graph: &mut Graph, draw: &Draw, random: NodeId) -> Result<NodeId> {
    let batch = graph.tensor_type(random).shape[0];
    let randoms =
        (0..draw.count).map(|at| slice(graph, random, &[0, at], &[batch, at + 1])).collect::<Result<Vec<_>>>()?;
    let numbers =
        draw.numbers.iter().map(|number| column(graph, number, &randoms, batch)).collect::<Result<Vec<_>>>()?;
    let columns = draw.map.iter().map(|part| column(graph, part, &numbers, batch)).collect::<Result<Vec<_>>>()?;
    concat(graph, &columns, 1)
}

impl UnaryLayer for RandomWarp {
    fn schema(&self) -> &'static Schema {
        self.schema
    }

    fn output_shape(&self, _settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        image_extents(input).map(Vec::from)
    }

    /// Counts the place of each pixel, and the shares of four pixels in each number. In inference the layer does nothing.
    fn flops(&self, settings: &Settings, _input: &[usize], output: &[usize]) -> u64 {
        let of_pixel = 8 * elements(&output[..2]);
        if settings.choice("interpolation") == "bilinear" { of_pixel + 7 * elements(output) } else { of_pixel }
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let share = match settings.choice("interpolation") {
            "bilinear" => r"\max(0, 1 - |i′ - p|)\,\max(0, 1 - |j′ - q|)",
            _ => r"[i′ ≈ p]\,[j′ ≈ q]",
        };
        let mut forward =
            vec![r"y_{i,j,c} = \sum_{p,q} s_{i,j,p,q}\,x_{p,q,c}".to_owned(), format!("s_{{i,j,p,q}} = {share}")];
        forward.extend((self.formulas)(settings, extents(input)));
        forward.push("y = x".to_owned());
        Formula {
            forward,
            backward: vec![r"\frac{∂L}{∂x_{p,q,c}} = \sum_{i,j} s_{i,j,p,q}\,g_{i,j,c}".to_owned()],
            symbols: vec![("x", input.to_vec()), ("y", output.to_vec())],
            ranges: Vec::new(),
        }
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let Mode::Training { key } = context.mode else { return Ok(input) };
        let dims = context.graph.tensor_type(input).shape.dims().to_vec();
        let draw = (self.draw)(settings, extents(&dims[1..]));
        let random = random_uniform(context.graph, key, [dims[0], draw.count], context.layer)?;
        let maps = append_maps(context.graph, &draw, random)?;
        affine_warp(context.graph, input, maps, warp(settings))
    }
}
