//! Parts that several layers share: settings, and the geometry of windows that slide over an image.

use std::ops::Bound;

use crate::error::{ModelError, Result};
use crate::model::catalogue::{Card, Setting, SettingDefault, Settings, WeightSpec, shape_text};
use crate::model::formula::{Term, index, looks_at, place, range};
use crate::model::initializers::{self, GlorotUniform, Initializer};
use crate::ops::window::Padding;

/// The largest window, stride or dilation.
pub const MAX_WINDOW: u32 = 1024;

pub const FILTERS: Setting =
    Setting::integer("filters", 1, 65_536).initial(SettingDefault::Number(32.0)).card(Card::Always);

/// Height and width of a kernel on an image.
pub const KERNEL_SIZE: Setting =
    Setting::pair("kernelSize", 1, MAX_WINDOW).initial(SettingDefault::Pair(3.0, 3.0)).card(Card::Always);

pub const STRIDES: Setting =
    Setting::pair("strides", 1, MAX_WINDOW).default(SettingDefault::Pair(1.0, 1.0)).card(Card::IfChanged("/"));

pub const DILATION_RATE: Setting = Setting::pair("dilationRate", 1, MAX_WINDOW).default(SettingDefault::Pair(1.0, 1.0));

pub const PADDING: Setting = Setting::choice("padding", &["valid", "same"], "valid");

pub const USE_BIAS: Setting = Setting::flag("useBias", true);

pub const KERNEL_INITIALIZER: Setting = Setting::choice("kernelInitializer", initializers::NAMES, "glorot_uniform");

/// Results of each channel of a depthwise convolution.
pub const DEPTH_MULTIPLIER: Setting =
    Setting::integer("depthMultiplier", 1, 1024).default(SettingDefault::Number(1.0)).card(Card::IfChanged("×"));

pub const DEPTHWISE_INITIALIZER: Setting =
    Setting::choice("depthwiseInitializer", initializers::NAMES, "glorot_uniform");

pub const BIAS_INITIALIZER: Setting = Setting::choice("biasInitializer", initializers::NAMES, "zeros");

pub const BETA_INITIALIZER: Setting = Setting::choice("betaInitializer", initializers::NAMES, "zeros");

pub const GAMMA_INITIALIZER: Setting = Setting::choice("gammaInitializer", initializers::NAMES, "ones");

const fn factor(name: &'static str) -> Setting {
    Setting::number(name, Bound::Included(0.0), Bound::Included(1e6)).default(SettingDefault::Number(0.0))
}

/// Adds this factor times the sum of the sizes of the kernel weights to the loss.
pub const L1: Setting = factor("l1");

/// Adds this factor times the sum of the squared kernel weights to the loss.
pub const L2: Setting = factor("l2");

/// Limits the norm of the kernel weights of each unit after every update.
pub const MAX_NORM: Setting =
    Setting::number("maxNorm", Bound::Excluded(0.0), Bound::Included(1e6)).default(SettingDefault::Absent);

/// Returns the initialiser that a setting names.
pub fn initializer(settings: &Settings, setting: &str) -> &'static dyn Initializer {
    initializers::find(settings.choice(setting)).unwrap_or(&GlorotUniform)
}

/// A window that slides over an image `[H,W,C]` or a sequence `[L,C]`, which counts as an image of one row.
pub struct Window {
    /// The input is a sequence.
    pub is_sequence: bool,
    pub size: [usize; 2],
    pub strides: [usize; 2],
    pub dilation: [usize; 2],
    pub padding: WindowPadding,
}

/// Treatment of the borders of an image or a sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WindowPadding {
    /// Whole windows alone.
    Valid,
    /// Zeros around the image, so that the output has `ceil(input / stride)` positions.
    Same,
    /// Zeros before a sequence, so that a window sees nothing that comes later.
    Causal,
}

impl WindowPadding {
    /// Returns the value of the setting `padding`.
    pub fn of(settings: &Settings) -> Self {
        match settings.choice("padding") {
            "same" => Self::Same,
            "causal" => Self::Causal,
            _ => Self::Valid,
        }
    }
}

impl Window {
    /// Returns the padding as ops call it. Before a causal window the zeros are appended by an op of their own.
    pub fn op_padding(&self) -> Padding {
        if self.padding == WindowPadding::Same { Padding::Same } else { Padding::Valid }
    }

    /// Returns the zeros before the sequence under a causal window.
    pub fn causal_zeros(&self) -> usize {
        if self.padding == WindowPadding::Causal { (self.size[1] - 1) * self.dilation[1] } else { 0 }
    }

    /// Returns the shape as that of an image.
    ///
    /// # Errors
    /// `wrong-rank` if it is that of no image, or of no sequence.
    pub fn image(&self, shape: &[usize]) -> Result<[usize; 3]> {
        if !self.is_sequence {
            return image_extents(shape);
        }
        let [length, channels] = sequence_extents(shape)?;
        Ok([1, length, channels])
    }

    /// Returns the shape of an output with this number of positions and channels.
    pub fn output(&self, [rows, columns]: [usize; 2], channels: usize) -> Vec<usize> {
        if self.is_sequence { vec![columns, channels] } else { vec![rows, columns, channels] }
    }

    /// Counts the positions of the window, down and right. As in Keras, `valid` counts whole windows and `same` counts
    /// strides.
    ///
    /// # Errors
    /// `kernel-too-large`, on behalf of the setting `subject`, if no whole window fits.
    pub fn positions(&self, subject: &str, [height, width]: [usize; 2]) -> Result<[usize; 2]> {
        let reach = |axis: usize| (self.size[axis] - 1) * self.dilation[axis] + 1;
        let ceil = |extent: usize, axis: usize| extent.div_ceil(self.strides[axis]);
        if self.padding != WindowPadding::Valid {
            return Ok([ceil(height, 0), ceil(width, 1)]);
        }
        if reach(0) > height || reach(1) > width {
            let text = |[rows, columns]: [usize; 2]| {
                if self.is_sequence { columns.to_string() } else { format!("{rows}×{columns}") }
            };
            let (window, input) = (text([reach(0), reach(1)]), text([height, width]));
            return Err(ModelError::KernelTooLarge { setting: subject.to_owned(), window, input }.into());
        }
        Ok([(height - reach(0)) / self.strides[0] + 1, (width - reach(1)) / self.strides[1] + 1])
    }
}

/// Returns the extents of an image or a sequence that is known to be one.
fn extents(shape: &[usize]) -> [usize; 3] {
    match *shape {
        [length, channels] => [1, length, channels],
        [height, width, channels] => [height, width, channels],
        _ => [1; 3],
    }
}

impl Window {
    /// Zeros before the first pixel, down and right.
    fn pads_before(&self, input: &[usize]) -> [usize; 2] {
        let image = extents(input);
        [0, 1].map(|axis| {
            if self.padding == WindowPadding::Causal {
                return if axis == 1 { self.causal_zeros() } else { 0 };
            }
            let (size, stride, dilation) = (self.size[axis], self.strides[axis], self.dilation[axis]);
            self.op_padding().axis("window", image[axis], size, stride, dilation).map_or(0, |axis| axis.pad_before)
        })
    }

    /// Returns the rule of the output's extents; `channels`: that of the last one.
    pub fn shape_rule(&self, input: &[usize], output: &[usize], channels: String) -> Vec<String> {
        let [height, width, _] = extents(input);
        let [rows, columns, _] = extents(output);
        let rule = |axis: usize, extent: usize, result: usize| {
            let stride = self.strides[axis];
            let reach = (self.size[axis] - 1) * self.dilation[axis] + 1;
            match (self.padding == WindowPadding::Valid, stride) {
                (false, _) => format!("⌈{extent} / {stride}⌉ = {result}"),
                (true, 1) => format!("({extent} - {reach}) / 1 + 1 = {result}"),
                (true, _) if (extent - reach).is_multiple_of(stride) => {
                    format!("({extent} - {reach}) / {stride} + 1 = {result}")
                }
                (true, _) => format!("⌊({extent} - {reach}) / {stride}⌋ + 1 = {result}"),
            }
        };
        let rows = (!self.is_sequence).then(|| rule(0, height, rows));
        rows.into_iter().chain([rule(1, width, columns), channels]).collect()
    }

    /// Returns the letters of a position.
    pub fn position(&self) -> &'static str {
        if self.is_sequence { "i" } else { "i,j" }
    }

    /// Returns the letters of a place in the window.
    pub fn offset(&self) -> &'static str {
        if self.is_sequence { "v" } else { "u,v" }
    }

    /// Returns the letters of a pixel of the input.
    pub fn pixel(&self) -> &'static str {
        if self.is_sequence { "p" } else { "p,q" }
    }

    /// Formats the pixel that the window reads, one part for each axis.
    fn pixel_read(&self, input: &[usize]) -> Vec<String> {
        let [top, left] = self.pads_before(input);
        if self.is_sequence {
            return vec![looks_at("i", self.strides[1], "v", self.dilation[1], left)];
        }
        let row = looks_at("i", self.strides[0], "u", self.dilation[0], top);
        vec![row, looks_at("j", self.strides[1], "v", self.dilation[1], left)]
    }

    /// Formats the element that the window reads: `x_{2i+u-1, 2j+v, c}`.
    pub fn looks_at(&self, input: &[usize], channel: &str) -> String {
        format!("x_{{{},{channel}}}", self.pixel_read(input).join(","))
    }

    /// Formats the condition on positions and offsets that read the pixel `p, q`.
    pub fn seen_from(&self, input: &[usize]) -> String {
        let read = self.pixel_read(input);
        let equations = read.iter().zip(self.pixel().split(',')).map(|(read, pixel)| format!("{read}={pixel}"));
        equations.collect::<Vec<_>>().join(",\\,")
    }

    /// Returns the ranges of the window's indices.
    pub fn ranges(&self) -> Vec<String> {
        let rows = (!self.is_sequence).then(|| range("u", self.size[0]));
        rows.into_iter().chain([range("v", self.size[1])]).collect()
    }

    /// Returns the numbers of the input's channel under the window at `at` of the output, each with the weight that `weight` returns for row and
    /// column.
    pub fn terms(
        &self,
        input: &[usize],
        output: &[usize],
        at: usize,
        channel: usize,
        weight: impl Fn(usize, usize) -> usize,
    ) -> Vec<Term> {
        let image @ [height, width, _] = extents(input);
        let [top, left] = self.pads_before(input);
        let place = place(&extents(output), at);
        let pixel = |axis: usize, offset: usize, pad: usize, extent: usize| {
            let at = place.get(axis).copied().unwrap_or_default() * self.strides[axis] + offset * self.dilation[axis];
            at.checked_sub(pad).filter(|at| *at < extent)
        };
        let mut terms = Vec::with_capacity(self.size[0] * self.size[1]);
        for row in 0..self.size[0] {
            for column in 0..self.size[1] {
                let seen = pixel(0, row, top, height).zip(pixel(1, column, left, width));
                let seen = seen.map(|(row, column)| index(&image, &[row, column, channel]));
                terms.push(Term { input: seen, weight: weight(row, column) });
            }
        }
        terms
    }
}

/// Returns the number of elements, in 64 bits.
pub fn elements(shape: &[usize]) -> u64 {
    shape.iter().map(|extent| *extent as u64).product()
}

/// Counts one operation per number for a function, none without a function. The real number is 2 to 4, depending on the
/// function, and no convention exists.
pub fn activation_flops(activation: &str, output: &[usize]) -> u64 {
    if activation == "linear" { 0 } else { elements(output) }
}

/// Returns the extents of an image `[H,W,C]`.
///
/// # Errors
/// `wrong-rank` if the input is of another rank.
pub fn image_extents(input: &[usize]) -> Result<[usize; 3]> {
    <[usize; 3]>::try_from(input).map_err(|_| ModelError::NotAnImage { shape: shape_text(input) }.into())
}

/// Returns the extents of a sequence `[L,C]`.
///
/// # Errors
/// `wrong-rank` if the input is of another rank.
pub fn sequence_extents(input: &[usize]) -> Result<[usize; 2]> {
    <[usize; 2]>::try_from(input).map_err(|_| ModelError::NotASequence { shape: shape_text(input) }.into())
}

/// Returns an axis within one example for one that counts the batch's as well, as Keras's `axis` does.
///
/// # Errors
/// `bad-setting` if an input of this shape has no such axis, or it is that of the batch.
pub fn example_axis(axis: f64, input: &[usize]) -> Result<usize> {
    let (axis, rank) = (axis as isize, input.len());
    let at = if axis < 0 { rank.checked_add_signed(axis) } else { (axis as usize).checked_sub(1) };
    let shape = || shape_text(input);
    at.filter(|at| *at < rank).ok_or_else(|| ModelError::NoSuchAxis { axis: axis as i64, rank, shape: shape() }.into())
}

/// Declares the weights `kernel`, of this shape, and `bias`, of a number for each unit; `unit_axis`: that of the kernel.
pub fn kernel_and_bias(settings: &Settings, kernel: Vec<usize>, unit_axis: usize) -> Vec<WeightSpec> {
    let units = kernel[unit_axis];
    let kernel = WeightSpec::new("kernel", kernel, initializer(settings, "kernelInitializer"));
    [kernel.held_down(settings, &[unit_axis])].into_iter().chain(bias(settings, units)).collect()
}

/// Declares the weight `bias`, if the layer has one.
pub fn bias(settings: &Settings, outputs: usize) -> Option<WeightSpec> {
    settings.flag("useBias").then(|| WeightSpec::new("bias", vec![outputs], initializer(settings, "biasInitializer")))
}

/// Declares the factor `gamma` and the summand `beta` of a normalisation, as far as the layer has them.
pub fn gamma_and_beta(settings: &Settings, shape: &[usize]) -> Vec<WeightSpec> {
    let weight = |name, setting: &str| WeightSpec::new(name, shape.to_vec(), initializer(settings, setting));
    let gamma = settings.flag("scale").then(|| weight("gamma", "gammaInitializer").held_down(settings, &[]));
    let beta = settings.flag("center").then(|| weight("beta", "betaInitializer"));
    gamma.into_iter().chain(beta).collect()
}

/// Returns the letters and shapes of input, weights and output in formulas.
pub fn weighted_symbols(
    input: &[usize],
    weights: Vec<WeightSpec>,
    output: &[usize],
) -> Vec<(&'static str, Vec<usize>)> {
    let letter = |name: &str| if name == "bias" { "b" } else { "w" };
    let weights = weights.into_iter().map(|weight| (letter(weight.name), weight.shape));
    [("x", input.to_vec())].into_iter().chain(weights).chain([("y", output.to_vec())]).collect()
}
