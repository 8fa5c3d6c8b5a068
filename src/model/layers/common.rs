//! What several layers share: settings, and the geometry of windows that slide over an image.

use crate::error::{Error, Result};
use crate::model::catalogue::{Initializer, Setting, SettingDefault, SettingKind, Settings, shape_text};
use crate::ops::window::Padding;

/// The largest window, stride or dilation.
pub const MAX_WINDOW: u32 = 1024;

pub const PADDING: Setting = Setting {
    name: "padding",
    kind: SettingKind::Choice(&["valid", "same"]),
    default: SettingDefault::Text("valid"),
    help: "valid: only whole windows, so the output shrinks; same: zeros are added around the image so that it does not.",
};

pub const USE_BIAS: Setting = Setting {
    name: "useBias",
    kind: SettingKind::Flag,
    default: SettingDefault::Flag(true),
    help: "Adds a learned number to each output.",
};

pub const KERNEL_INITIALIZER: Setting = Setting {
    name: "kernelInitializer",
    kind: SettingKind::Choice(&["glorot_uniform", "he_normal", "he_uniform", "zeros", "ones"]),
    default: SettingDefault::Text("glorot_uniform"),
    help: "How the weights start.",
};

pub const L2: Setting = Setting {
    name: "l2",
    kind: SettingKind::Number { min: 0.0, max: 1e6 },
    default: SettingDefault::Number(0.0),
    help: "Adds this factor times the sum of the squared kernel weights to the loss.",
};

pub const POOL_SIZE: Setting = Setting {
    name: "poolSize",
    kind: SettingKind::Pair { min: 1, max: MAX_WINDOW },
    default: SettingDefault::Pair(2.0, 2.0),
    help: "Height and width of the window that becomes one output.",
};

pub const POOL_STRIDES: Setting = Setting {
    name: "strides",
    kind: SettingKind::OptionalPair { min: 1, max: MAX_WINDOW },
    default: SettingDefault::Absent,
    help: "How far the window moves down and right; left out, it moves by its own size.",
};

/// The initialiser that `kernelInitializer` names.
pub fn kernel_initializer(settings: &Settings) -> Initializer {
    match settings.choice("kernelInitializer") {
        "he_normal" => Initializer::HeNormal,
        "he_uniform" => Initializer::HeUniform,
        "zeros" => Initializer::Zeros,
        "ones" => Initializer::Ones,
        _ => Initializer::GlorotUniform,
    }
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
    /// The window of a pooling layer.
    pub fn pooling(settings: &Settings) -> Self {
        let size = settings.pair("poolSize");
        Self {
            size,
            strides: settings.optional_pair("strides").unwrap_or(size),
            dilation: [1, 1],
            same_padding: settings.choice("padding") == "same",
        }
    }

    /// The padding as ops call it.
    pub fn padding(&self) -> Padding {
        if self.same_padding { Padding::Same } else { Padding::Valid }
    }

    /// How many positions the window has, down and right. As in Keras, `valid` counts whole windows and `same` counts
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
            return Err(Error::new("kernel-too-large", subject)
                .expected(format!("a window no larger than the input, {height}x{width}"))
                .got(format!("{}x{}", reach(0), reach(1)))
                .hint("Make it smaller, use padding \"same\", or remove a layer that shrinks the image before it."));
        }
        Ok([(height - reach(0)) / self.strides[0] + 1, (width - reach(1)) / self.strides[1] + 1])
    }
}

/// The extents of an image `[H,W,C]`.
///
/// # Errors
/// `wrong-rank` if the input is of another rank.
pub fn image_extents(input: &[usize]) -> Result<[usize; 3]> {
    <[usize; 3]>::try_from(input).map_err(|_| {
        Error::new("wrong-rank", "input")
            .expected("an image, [height,width,channels]")
            .got(shape_text(input))
            .hint("Place this layer before the layer that flattens the image.")
    })
}
