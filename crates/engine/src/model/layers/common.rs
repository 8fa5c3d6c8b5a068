//! Parts that several layers share: settings, and the geometry of windows that slide over an image.

use std::ops::Bound;

use crate::error::{ModelError, Result};
use crate::model::catalogue::{Setting, SettingDefault, Settings, shape_text};
use crate::model::formula::{Term, index, looks_at, place, range};
use crate::model::initializers::{self, GlorotUniform, Initializer};
use crate::ops::window::Padding;

/// The largest window, stride or dilation.
pub const MAX_WINDOW: u32 = 1024;

pub const PADDING: Setting = Setting::choice("padding", &["valid", "same"], "valid");

pub const USE_BIAS: Setting = Setting::flag("useBias", true);

pub const KERNEL_INITIALIZER: Setting = Setting::choice("kernelInitializer", initializers::NAMES, "glorot_uniform");

/// Adds this factor times the sum of the squared kernel weights to the loss.
pub const L2: Setting =
    Setting::number("l2", Bound::Included(0.0), Bound::Included(1e6)).default(SettingDefault::Number(0.0));

/// Returns the initialiser that `kernelInitializer` names.
pub fn kernel_initializer(settings: &Settings) -> &'static dyn Initializer {
    initializers::find(settings.choice("kernelInitializer")).unwrap_or(&GlorotUniform)
}

/// A window that slides over an image.
pub struct Window {
    pub size: [usize; 2],
    pub strides: [usize; 2],
    pub dilation: [usize; 2],
    /// Zeros around the image, so that the output has `ceil(input / stride)` positions.
    pub same_padding: bool,
}

impl Window {
    /// Returns the padding as ops call it.
    pub fn padding(&self) -> Padding {
        if self.same_padding { Padding::Same } else { Padding::Valid }
    }

    /// Counts the positions of the window, down and right. As in Keras, `valid` counts whole windows and `same` counts
    /// strides.
    ///
    /// # Errors
    /// `kernel-too-large`, on behalf of the setting `subject`, if no whole window fits.
    pub fn positions(&self, subject: &str, [height, width]: [usize; 2]) -> Result<[usize; 2]> {
        let reach = |axis: usize| (self.size[axis] - 1) * self.dilation[axis] + 1;
        if self.same_padding {
            return Ok([height.div_ceil(self.strides[0]), width.div_ceil(self.strides[1])]);
        }
        if reach(0) > height || reach(1) > width {
            let (window, input) = (format!("{}×{}", reach(0), reach(1)), format!("{height}×{width}"));
            return Err(ModelError::KernelTooLarge { setting: subject.to_owned(), window, input }.into());
        }
        Ok([(height - reach(0)) / self.strides[0] + 1, (width - reach(1)) / self.strides[1] + 1])
    }
}

/// Returns the extents of an image that is known to be one.
fn extents(shape: &[usize]) -> [usize; 3] {
    <[usize; 3]>::try_from(shape).unwrap_or([1; 3])
}

impl Window {
    /// Zeros before the first pixel, down and right.
    fn pads_before(&self, input: &[usize]) -> [usize; 2] {
        [0, 1].map(|axis| {
            let extent = input.get(axis).copied().unwrap_or(1);
            let axis = self.padding().axis("window", extent, self.size[axis], self.strides[axis], self.dilation[axis]);
            axis.map_or(0, |axis| axis.pad_before)
        })
    }

    /// Returns the rule of the output's extents; `channels`: that of the last one.
    pub fn shape_rule(&self, input: &[usize], output: &[usize], channels: String) -> Vec<String> {
        let [height, width, _] = extents(input);
        let rule = |axis: usize, extent: usize| {
            let (stride, result) = (self.strides[axis], output.get(axis).copied().unwrap_or(1));
            let reach = (self.size[axis] - 1) * self.dilation[axis] + 1;
            match (self.same_padding, stride) {
                (true, _) => format!("⌈{extent} / {stride}⌉ = {result}"),
                (false, 1) => format!("({extent} - {reach}) / 1 + 1 = {result}"),
                (false, _) if (extent - reach).is_multiple_of(stride) => {
                    format!("({extent} - {reach}) / {stride} + 1 = {result}")
                }
                (false, _) => format!("⌊({extent} - {reach}) / {stride}⌋ + 1 = {result}"),
            }
        };
        vec![rule(0, height), rule(1, width), channels]
    }

    /// Formats the element that the window reads: `x_{2i+u-1, 2j+v, c}`.
    pub fn looks_at(&self, input: &[usize], channel: &str) -> String {
        let [top, left] = self.pads_before(input);
        let row = looks_at("i", self.strides[0], "u", self.dilation[0], top);
        format!("x_{{{row},{},{channel}}}", looks_at("j", self.strides[1], "v", self.dilation[1], left))
    }

    /// Formats the condition on positions and offsets that read the pixel `p, q`.
    pub fn seen_from(&self, input: &[usize]) -> String {
        let [top, left] = self.pads_before(input);
        let row = looks_at("i", self.strides[0], "u", self.dilation[0], top);
        format!("{row}=p,\\,{}=q", looks_at("j", self.strides[1], "v", self.dilation[1], left))
    }

    /// Returns the ranges of the window's indices.
    pub fn ranges(&self) -> Vec<String> {
        vec![range("u", self.size[0]), range("v", self.size[1])]
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
        let [height, width, _] = extents(input);
        let [top, left] = self.pads_before(input);
        let place = place(output, at);
        let pixel = |axis: usize, offset: usize, pad: usize, extent: usize| {
            let at = place.get(axis).copied().unwrap_or_default() * self.strides[axis] + offset * self.dilation[axis];
            at.checked_sub(pad).filter(|at| *at < extent)
        };
        let mut terms = Vec::with_capacity(self.size[0] * self.size[1]);
        for row in 0..self.size[0] {
            for column in 0..self.size[1] {
                let seen = pixel(0, row, top, height).zip(pixel(1, column, left, width));
                let seen = seen.map(|(row, column)| index(input, &[row, column, channel]));
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
