//! The diverging palette of tensors: blue below zero, orange above, even steps of lightness to both sides.

use std::sync::OnceLock;

use crate::ui::format;

/// Rule by which the strength of a colour follows from the size of a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mapping {
    /// In proportion to the number.
    Linear,
    /// In proportion to its square root, which makes small numbers visible.
    #[default]
    Root,
}

/// Assignment of colours to numbers. A picture and its legend have the same one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ColourScale {
    /// Size of a number that gets the full colour; 0 if there is no number but 0.
    pub limit: f32,
    pub mapping: Mapping,
    pub is_dark: bool,
    /// Numbers beyond the limit exist, and have a colour of their own.
    pub has_caps: bool,
}

/// Colours from 0 to the full one.
const STEPS: usize = 256;

/// Colour of NaN and infinities.
pub const NOT_FINITE: [u8; 3] = [255, 0, 200];

impl ColourScale {
    /// Returns the colour of a number.
    pub fn colour(&self, value: f32) -> [u8; 3] {
        if !value.is_finite() {
            return NOT_FINITE;
        }
        let share = value / self.limit.max(f32::MIN_POSITIVE);
        if self.has_caps && self.clips(value) {
            return cap(share > 0.0, self.is_dark);
        }
        diverging(self.mapping.strength(share), self.is_dark)
    }

    /// Returns true if a number lies beyond the scale.
    pub fn clips(&self, value: f32) -> bool {
        value.abs() > self.limit * 1.000_001
    }

    /// Returns the number whose colour stands at a place of the legend, from -1 to 1. The legend is even in colour.
    pub fn value_at(&self, place: f32) -> f32 {
        let share = match self.mapping {
            Mapping::Linear => place,
            Mapping::Root => place * place.abs(),
        };
        share * self.limit
    }

    /// Returns the ticks of the legend: places from -1 to 1, and their numbers.
    pub fn ticks(&self) -> Vec<(f32, String)> {
        [-1.0, -0.5, 0.0, 0.5, 1.0].map(|place| (place, format::short_value(self.value_at(place)))).to_vec()
    }
}

impl Mapping {
    /// Returns the strength of the colour, from -1 to 1, of a number given as a share of the scale.
    fn strength(self, share: f32) -> f32 {
        let share = share.clamp(-1.0, 1.0);
        match self {
            Self::Linear => share,
            Self::Root => share.abs().sqrt().copysign(share),
        }
    }
}

/// Returns the largest magnitude, or the size below which 99.5 % of the numbers lie.
pub fn limit(values: &[f32], is_robust: bool) -> f32 {
    let largest = values.iter().filter(|value| value.is_finite()).fold(0.0, |top: f32, value| top.max(value.abs()));
    if !is_robust {
        return largest;
    }
    let mut sizes: Vec<f32> = values.iter().filter(|value| value.is_finite()).map(|value| value.abs()).collect();
    if sizes.is_empty() {
        return largest;
    }
    let at = ((sizes.len() - 1) as f64 * 0.995) as usize;
    let (_, size, _) = sizes.select_nth_unstable_by(at, f32::total_cmp);
    // If nearly everything is 0, the few other numbers are the picture.
    if *size == 0.0 { largest } else { *size }
}

/// Returns the colour of a strength from -1 (blue) over 0 (the ground) to 1 (orange).
pub fn diverging(strength: f32, is_dark: bool) -> [u8; 3] {
    static TABLES: OnceLock<[Vec<[u8; 3]>; 4]> = OnceLock::new();
    let tables = TABLES.get_or_init(|| {
        [(false, false), (false, true), (true, false), (true, true)].map(|(is_dark, is_positive)| {
            let [from, to] = [ground(is_dark), end(is_positive, is_dark)];
            (0..STEPS)
                .map(|at| {
                    let share = at as f32 / (STEPS - 1) as f32;
                    to_srgb([0, 1, 2].map(|axis| from[axis] + (to[axis] - from[axis]) * share))
                })
                .collect()
        })
    });
    let table = &tables[2 * usize::from(is_dark) + usize::from(strength > 0.0)];
    table[(strength.abs().min(1.0) * (STEPS - 1) as f32).round() as usize]
}

/// Returns the colour of a class: the ground at a strength of 0, its full colour at 1. All full colours have one lightness; after
/// eight classes they come again.
pub fn class_colour(class: usize, strength: f32, is_dark: bool) -> [u8; 3] {
    const HUES: [f32; 8] = [256.0, 46.0, 150.0, 330.0, 100.0, 210.0, 15.0, 290.0];
    let (lightness, chroma) = if is_dark { (0.77, 0.11) } else { (0.52, 0.11) };
    let hue = HUES[class % HUES.len()].to_radians();
    let (from, to) = (ground(is_dark), [lightness, chroma * hue.cos(), chroma * hue.sin()]);
    let strength = strength.clamp(0.0, 1.0);
    to_srgb([0, 1, 2].map(|axis| from[axis] + (to[axis] - from[axis]) * strength))
}

/// Returns the colour of numbers beyond the scale.
fn cap(is_positive: bool, is_dark: bool) -> [u8; 3] {
    let [lightness, a, b] = end(is_positive, is_dark);
    to_srgb(if is_dark { [lightness + 0.16, a * 0.5, b * 0.5] } else { [lightness - 0.22, a * 0.6, b * 0.6] })
}

/// Returns black or white, whichever stands out more from the colour.
pub fn ink_on(colour: [u8; 3]) -> [u8; 3] {
    [[0; 3], [255; 3]]
        .into_iter()
        .max_by(|one, other| contrast(*one, colour).total_cmp(&contrast(*other, colour)))
        .unwrap_or_default()
}

/// Computes the contrast ratio of two colours as WCAG 2.2 defines it.
pub fn contrast(one: [u8; 3], other: [u8; 3]) -> f32 {
    let luminance = |colour: [u8; 3]| {
        let [red, green, blue] = colour.map(|channel| to_linear(f32::from(channel) / 255.0));
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Lightness, a and b in OKLab of the colour of 0, which is the ground of pictures.
fn ground(is_dark: bool) -> [f32; 3] {
    if is_dark { [0.28, -0.004, -0.006] } else { [0.962, 0.0, 0.006] }
}

/// Lightness, a and b in OKLab of the full colours. Both sides have the same lightness, so neither looks larger.
fn end(is_positive: bool, is_dark: bool) -> [f32; 3] {
    let (lightness, chroma, hue) = match (is_positive, is_dark) {
        (true, false) => (0.52, 0.128, 46.0),
        (false, false) => (0.52, 0.148, 256.0),
        (true, true) => (0.77, 0.135, 58.0),
        (false, true) => (0.77, 0.108, 250.0),
    };
    let hue = f32::to_radians(hue);
    [lightness, chroma * hue.cos(), chroma * hue.sin()]
}

fn to_linear(channel: f32) -> f32 {
    if channel <= 0.040_45 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
}

/// Converts OKLab to linear sRGB (Björn Ottosson, "A perceptual color space for image processing", 2020).
fn to_linear_srgb([lightness, a, b]: [f32; 3]) -> [f32; 3] {
    let long = (lightness + 0.396_337_8 * a + 0.215_803_76 * b).powi(3);
    let medium = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let short = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    [
        4.076_741_7 * long - 3.307_711_6 * medium + 0.230_969_93 * short,
        -1.268_438 * long + 2.609_757_4 * medium - 0.341_319_4 * short,
        -0.004_196_086 * long - 0.703_418_6 * medium + 1.707_614_7 * short,
    ]
}

fn to_srgb(oklab: [f32; 3]) -> [u8; 3] {
    to_linear_srgb(oklab).map(|channel| {
        let channel = channel.clamp(0.0, 1.0);
        let encoded = if channel <= 0.003_130_8 { channel * 12.92 } else { 1.055 * channel.powf(1.0 / 2.4) - 0.055 };
        (encoded * 255.0).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computes the lightness of OKLab from sRGB, with the inverse matrices.
    fn lightness(colour: [u8; 3]) -> f32 {
        let [r, g, b] = colour.map(|channel| to_linear(f32::from(channel) / 255.0));
        let long = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
        let medium = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
        let short = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
        0.210_454_26 * long + 0.793_617_8 * medium - 0.004_072_047 * short
    }

    #[test]
    fn the_palette_is_even_in_lightness_and_alike_on_both_sides() {
        for is_dark in [false, true] {
            for sign in [-1.0, 1.0] {
                assert!(to_linear_srgb(end(sign > 0.0, is_dark)).iter().all(|channel| (0.0..=1.0).contains(channel)));
                let from = lightness(diverging(0.0, is_dark));
                let to = lightness(diverging(sign, is_dark));
                for share in [0.25, 0.5, 0.75] {
                    let here = lightness(diverging(sign * share, is_dark));
                    assert!((here - (from + (to - from) * share)).abs() < 0.005, "{is_dark} {sign} {share}: {here}");
                }
            }
            let [blue, orange] = [-1.0, 1.0].map(|side| lightness(diverging(side, is_dark)));
            assert!((blue - orange).abs() < 0.005, "{blue} {orange}");
        }
    }

    #[test]
    fn text_stands_out_from_every_colour() {
        for is_dark in [false, true] {
            for at in -100..=100 {
                let colour = diverging(at as f32 / 100.0, is_dark);
                assert!(contrast(ink_on(colour), colour) >= 4.5, "{colour:?}");
            }
        }
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-3);
    }

    #[test]
    fn the_legend_shows_the_colours_of_the_picture() {
        for mapping in [Mapping::Linear, Mapping::Root] {
            let scale = ColourScale { limit: 4.0, mapping, is_dark: false, has_caps: false };
            for at in -20..=20 {
                let place = at as f32 / 20.0;
                let colour = scale.colour(scale.value_at(place));
                let expected = diverging(place, false);
                // The square of a root is off by a rounding at most.
                assert!((0..3).all(|axis| colour[axis].abs_diff(expected[axis]) <= 1), "{mapping:?} {place}");
            }
        }
        let scale = |mapping| ColourScale { limit: 4.0, mapping, is_dark: false, has_caps: false };
        let labels = |mapping| scale(mapping).ticks().into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(Mapping::Root), ["−4", "−1", "0", "1", "4"]);
        assert_eq!(labels(Mapping::Linear), ["−4", "−2", "0", "2", "4"]);
    }

    #[test]
    fn a_robust_scale_marks_what_lies_beyond() {
        let mut values: Vec<f32> = (0..1000).map(|at| at as f32 / 1000.0).collect();
        values.push(-50.0);
        assert_eq!(limit(&values, false), 50.0);
        let size = limit(&values, true);
        assert!((0.99..1.0).contains(&size), "{size}");
        let scale = ColourScale { limit: size, mapping: Mapping::Root, is_dark: false, has_caps: true };
        assert!(scale.clips(-50.0) && !scale.clips(size));
        assert_ne!(scale.colour(-50.0), scale.colour(-size));
        assert_eq!(scale.colour(f32::NAN), NOT_FINITE);
        let mut sparse = vec![0.0; 1000];
        sparse[3] = 2.0;
        assert_eq!((limit(&sparse, true), limit(&[], true), limit(&[f32::NAN], false)), (2.0, 0.0, 0.0));
    }
}
