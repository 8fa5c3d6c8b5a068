//! The common part of pooling layers: each window of a channel becomes one number.

use super::common::{MAX_WINDOW, PADDING, Window, elements, image_extents};
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings};
use crate::model::formula::{Derivation, Formula, Reduction};
use crate::model::lower::Context;
use crate::ops::pool2d::{Pool2d, PoolKind};

pub const SETTINGS: &[Setting] = &[
    Setting::pair("poolSize", 1, MAX_WINDOW).default(SettingDefault::Pair(2.0, 2.0)).card(Card::Always),
    // Left out, the window moves by its own size.
    Setting::pair("strides", 1, MAX_WINDOW).default(SettingDefault::Absent).card(Card::IfChanged("/")),
    PADDING,
];

/// A layer that pools.
pub trait Pooling: Sync {
    const SCHEMA: &'static Schema;
    const KIND: PoolKind;
    const REDUCTION: Reduction;

    /// Returns the output and the gradient of the input as formulas.
    fn formulas(window: &Window, input: &[usize]) -> [String; 2];
}

fn window(settings: &Settings) -> Window {
    let size = settings.pair("poolSize");
    Window {
        size,
        strides: settings.optional_pair("strides").unwrap_or(size),
        dilation: [1, 1],
        same_padding: settings.choice("padding") == "same",
    }
}

impl<P: Pooling> UnaryLayer for P {
    fn schema(&self) -> &'static Schema {
        P::SCHEMA
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        let [height, width, channels] = image_extents(input)?;
        let [rows, columns] = window(settings).positions("poolSize", [height, width])?;
        Ok(vec![rows, columns, channels])
    }

    fn shape_rule(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Vec<String> {
        let channels = output.last().copied().unwrap_or(1);
        window(settings).shape_rule(input, output, channels.to_string())
    }

    /// Counts one operation for every number in a window.
    fn flops(&self, settings: &Settings, _input: &[usize], output: &[usize]) -> u64 {
        let [height, width] = window(settings).size;
        elements(output) * height as u64 * width as u64
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let window = window(settings);
        let pool = Pool2d { kind: P::KIND, window: window.size, strides: window.strides, padding: window.padding() };
        pool.apply(context.graph, input)
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let window = window(settings);
        let [forward, backward] = P::formulas(&window, input);
        Formula {
            forward: vec![forward],
            backward: vec![backward],
            symbols: vec![("x", input.to_vec()), ("y", output.to_vec())],
            ranges: window.ranges(),
        }
    }

    fn derivation(&self, settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Derivation {
        let window = window(settings);
        let channel = at % output.last().copied().unwrap_or(1).max(1);
        Derivation {
            groups: vec![window.terms(input, output, at, channel, |_, _| 0)],
            columns: window.size[1],
            reduction: P::REDUCTION,
            weight: None,
            steps: Vec::new(),
        }
    }
}
