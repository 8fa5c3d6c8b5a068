//! The common part of pooling layers: each window of a channel becomes one number.

use super::common::{MAX_WINDOW, PADDING, Window, WindowPadding, elements};
use super::convolution::{image_as_sequence, sequence_as_image};
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings};
use crate::model::formula::{Derivation, Formula, Reduction};
use crate::model::lower::Context;
use crate::ops::pool2d::{Pool2d, PoolKind};

/// Settings of layers that pool images.
pub const IMAGE_SETTINGS: &[Setting] = &[
    Setting::pair("poolSize", 1, MAX_WINDOW).default(SettingDefault::Pair(2.0, 2.0)).card(Card::Always),
    // Left out, the window moves by its own size.
    Setting::pair("strides", 1, MAX_WINDOW).default(SettingDefault::Absent).card(Card::IfChanged("/")),
    PADDING,
];

/// Settings of layers that pool sequences.
pub const SEQUENCE_SETTINGS: &[Setting] = &[
    Setting::integer("poolSize", 1, MAX_WINDOW as i64).default(SettingDefault::Number(2.0)).card(Card::Always),
    Setting::integer("strides", 1, MAX_WINDOW as i64).default(SettingDefault::Absent).card(Card::IfChanged("/")),
    PADDING,
];

/// A layer that pools.
pub trait Pooling: Sync {
    const SCHEMA: &'static Schema;
    const KIND: PoolKind;
    /// The input is a sequence, not an image.
    const IS_SEQUENCE: bool;
}

fn window<P: Pooling>(settings: &Settings) -> Window {
    let [size, strides] = if P::IS_SEQUENCE {
        let size = [1, settings.integer("poolSize")];
        [size, settings.get("strides").map_or(size, |_| [1, settings.integer("strides")])]
    } else {
        let size = settings.pair("poolSize");
        [size, settings.optional_pair("strides").unwrap_or(size)]
    };
    Window { is_sequence: P::IS_SEQUENCE, size, strides, dilation: [1, 1], padding: WindowPadding::of(settings) }
}

impl<P: Pooling> UnaryLayer for P {
    fn schema(&self) -> &'static Schema {
        P::SCHEMA
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        let window = window::<P>(settings);
        let [height, width, channels] = window.image(input)?;
        Ok(window.output(window.positions("poolSize", [height, width])?, channels))
    }

    fn shape_rule(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Vec<String> {
        let channels = output.last().copied().unwrap_or(1);
        window::<P>(settings).shape_rule(input, output, channels.to_string())
    }

    /// Counts one operation for every number in a window.
    fn flops(&self, settings: &Settings, _input: &[usize], output: &[usize]) -> u64 {
        let [height, width] = window::<P>(settings).size;
        elements(output) * height as u64 * width as u64
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let window = window::<P>(settings);
        let pool = Pool2d { kind: P::KIND, window: window.size, strides: window.strides, padding: window.op_padding() };
        if !P::IS_SEQUENCE {
            return pool.apply(context.graph, input);
        }
        let image = sequence_as_image(context.graph, &window, input)?;
        let pooled = pool.apply(context.graph, image)?;
        image_as_sequence(context.graph, pooled)
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let window = window::<P>(settings);
        let (at, offset, pixel) = (window.position(), window.offset(), window.pixel());
        let seen = window.looks_at(input, "c");
        let (forward, backward) = match P::KIND {
            // The gradient goes to the pixel that was the largest.
            PoolKind::Max => (
                format!(r"y_{{{at},c}} = \max_{{{offset}}} {seen}"),
                format!(r"\frac{{∂L}}{{∂x_{{{pixel},c}}}} = \sum_{{x_{{{pixel},c}} = y_{{{at},c}}}} g_{{{at},c}}"),
            ),
            PoolKind::Average => {
                // With padding, windows at the border see fewer pixels: N is their number.
                let count = match window.padding {
                    WindowPadding::Valid => (window.size[0] * window.size[1]).to_string(),
                    _ => format!("N_{{{at}}}"),
                };
                let reads = window.seen_from(input);
                (
                    format!(r"y_{{{at},c}} = \frac{{1}}{{{count}}} \sum_{{{offset}}} {seen}"),
                    format!(r"\frac{{∂L}}{{∂x_{{{pixel},c}}}} = \sum_{{{reads}}} \frac{{g_{{{at},c}}}}{{{count}}}"),
                )
            }
        };
        Formula {
            forward: vec![forward],
            backward: vec![backward],
            symbols: vec![("x", input.to_vec()), ("y", output.to_vec())],
            ranges: window.ranges(),
        }
    }

    fn derivation(&self, settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Derivation {
        let window = window::<P>(settings);
        let channel = at % output.last().copied().unwrap_or(1).max(1);
        Derivation {
            groups: vec![window.terms(input, output, at, channel, |_, _| 0)],
            columns: window.size[1],
            reduction: match P::KIND {
                PoolKind::Max => Reduction::Max,
                PoolKind::Average => Reduction::Mean,
            },
            ..Derivation::default()
        }
    }
}
