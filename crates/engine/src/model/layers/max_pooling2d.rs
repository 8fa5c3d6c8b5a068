//! MaxPooling2D: each window keeps its largest value.

use super::common::{PADDING, POOL_SIZE, POOL_STRIDES, Window, image_extents};
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{LayerType, Setting, Settings};
use crate::model::formula::{Explain, Formula, Recipe, Reduction};
use crate::model::lower::{Context, Lower};
use crate::ops::pool2d::{Pool2d, PoolKind};

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

    fn shape_rule(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Vec<String> {
        let channels = output.last().copied().unwrap_or(1);
        Window::pooling(settings).shape_rule(input, output, channels.to_string())
    }

    fn flops(&self, settings: &Settings, _input: &[usize], output: &[usize]) -> u64 {
        Window::pooling(settings).pool_flops(output)
    }
}

impl Explain for MaxPooling2D {
    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let window = Window::pooling(settings);
        let forward = format!(r"y_{{i,j,c}} = \max_{{u,v}} {}", window.looks_at(input, "c"));
        // The gradient goes to the pixel that was the largest.
        let backward = r"\frac{∂L}{∂x_{p,q,c}} = \sum_{x_{p,q,c} = y_{i,j,c}} g_{i,j,c}".to_owned();
        window.pool_formula(input, output, forward, backward)
    }

    fn recipe(&self, settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Recipe {
        Window::pooling(settings).pool_recipe(input, output, at, Reduction::Max)
    }
}

impl Lower for MaxPooling2D {
    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let window = Window::pooling(settings);
        let pool = Pool2d {
            kind: PoolKind::Max,
            window: window.size,
            strides: window.strides,
            padding: window.padding(),
        };
        pool.apply(context.graph, input)
    }
}
