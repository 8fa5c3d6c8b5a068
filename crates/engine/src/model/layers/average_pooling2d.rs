//! AveragePooling2D: each window becomes its mean.

use super::common::{PADDING, POOL_SIZE, POOL_STRIDES, Window, image_extents};
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{LayerType, Setting, Settings};
use crate::model::formula::{Explain, Formula, Recipe, Reduction};
use crate::model::lower::{Context, Lower};
use crate::ops::pool2d::{Pool2d, PoolKind};

pub struct AveragePooling2D;

static SETTINGS: [Setting; 3] = [POOL_SIZE, POOL_STRIDES, PADDING];

impl LayerType for AveragePooling2D {
    fn type_name(&self) -> &'static str {
        "AveragePooling2D"
    }

    fn default_name(&self) -> &'static str {
        "average_pooling2d"
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

impl Explain for AveragePooling2D {
    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let window = Window::pooling(settings);
        // With padding, windows at the border see fewer pixels: N is how many.
        let count = if window.same_padding { "N_{i,j}".to_owned() } else { (window.size[0] * window.size[1]).to_string() };
        let forward = format!(r"y_{{i,j,c}} = \frac{{1}}{{{count}}} \sum_{{u,v}} {}", window.looks_at(input, "c"));
        let seen = window.seen_from(input);
        let backward = format!(r"\frac{{∂L}}{{∂x_{{p,q,c}}}} = \sum_{{{seen}}} \frac{{g_{{i,j,c}}}}{{{count}}}");
        window.pool_formula(input, output, forward, backward)
    }

    fn recipe(&self, settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Recipe {
        Window::pooling(settings).pool_recipe(input, output, at, Reduction::Mean)
    }
}

impl Lower for AveragePooling2D {
    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let window = Window::pooling(settings);
        let pool = Pool2d {
            kind: PoolKind::Average,
            window: window.size,
            strides: window.strides,
            padding: window.padding(),
        };
        pool.apply(context.graph, input)
    }
}
