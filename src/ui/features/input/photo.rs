//! Conversion of a picture of a digit, such as a photograph, to an image like MNIST's, step by step.
//!
//! The steps are those by which MNIST was made (see [`digit`](super::digit)): ink is bright on a dark ground; cropped to
//! the ink, scaled into 20x20 pixels with its proportions kept, and moved so that its centre of mass lies in the middle of
//! 28x28.

use std::ops::Range;

use crate::ui::features::input::digit::{SIDE, centre_of_mass};
use crate::ui::features::input::ground::ground;

/// The side of the box that the ink is scaled to.
const BOX: usize = 20;

/// Below this share of the darkest ink a pixel is paper: shadows and the noise of a camera.
const PAPER: f32 = 0.2;

/// From this on a pixel counts as ink when the picture is cropped.
const INK: u8 = 96;

/// One step of the preparation.
#[derive(Clone, PartialEq, Debug)]
pub struct Stage {
    /// The key of the text that says what was done.
    pub key: &'static str,
    pub width: usize,
    pub height: usize,
    /// Row by row: a byte of ink for each pixel or, of a picture as it came, four bytes of colour.
    pub pixels: Vec<u8>,
}

impl Stage {
    /// Makes a grey image of `width` columns, one byte per pixel.
    pub fn new(key: &'static str, width: usize, pixels: Vec<u8>) -> Self {
        Self { key, width, height: pixels.len() / width.max(1), pixels }
    }

    /// Returns a part of the image.
    pub fn part(&self, key: &'static str, columns: Range<usize>, rows: Range<usize>) -> Self {
        let pixels = rows.flat_map(|row| &self.pixels[row * self.width..][columns.clone()]).copied().collect();
        Self::new(key, columns.len(), pixels)
    }

    /// Returns the part that contains all pixels above `ink`; `None` if there are none.
    pub fn cropped(&self, key: &'static str, ink: u8) -> Option<Self> {
        let inked = || (0..self.pixels.len()).filter(|index| self.pixels[*index] > ink);
        let bounds = |place: &dyn Fn(usize) -> usize| Some(inked().map(place).min()?..inked().map(place).max()? + 1);
        Some(self.part(key, bounds(&|index| index % self.width)?, bounds(&|index| index / self.width)?))
    }

    /// Scales the image by the mean over the area of each new pixel.
    fn scaled(&self, key: &'static str, width: usize, height: usize) -> Self {
        // Returns the old pixels that a new pixel covers, and the covered shares of the first and the last.
        let span = |at: usize, new: usize, old: usize| {
            let scale = old as f32 / new as f32;
            let (start, end) = (at as f32 * scale, ((at + 1) as f32 * scale).min(old as f32));
            let weight = move |index: usize| ((index as f32 + 1.0).min(end) - (index as f32).max(start)).max(0.0);
            ((start as usize).min(old - 1)..(end.ceil() as usize).min(old), weight)
        };
        let mut pixels = Vec::with_capacity(width * height);
        for row in 0..height {
            let (rows, row_weight) = span(row, height, self.height);
            for column in 0..width {
                let (columns, column_weight) = span(column, width, self.width);
                let (mut sum, mut area) = (0.0, 0.0);
                for y in rows.clone() {
                    for x in columns.clone() {
                        let weight = row_weight(y) * column_weight(x);
                        sum += weight * f32::from(self.pixels[y * self.width + x]);
                        area += weight;
                    }
                }
                pixels.push((sum / area.max(f32::MIN_POSITIVE)).round() as u8);
            }
        }
        Self::new(key, width, pixels)
    }
}

/// Prepares a picture, `[height,width,4]` in red, green, blue and alpha, step by step; the last step is the 28x28
/// image. `None` if the picture is empty.
pub fn prepare(width: usize, height: usize, rgba: &[u8]) -> Option<Vec<Stage>> {
    if width == 0 || height == 0 || rgba.len() != width * height * 4 {
        return None;
    }
    let original = Stage { key: "stage_original", width, height, pixels: rgba.to_vec() };
    let (key, strength) =
        opacity(rgba).map_or_else(|| contrast(rgba, width, height), |opacity| ("stage_alpha", opacity));
    let darkest = strength.iter().copied().fold(0.0, f32::max);
    if darkest < 0.1 {
        return None;
    }
    let ink = strength.iter().map(|value| value / darkest).map(|value| if value < PAPER { 0.0 } else { value });
    let grey = Stage::new(key, width, ink.map(|value| (value * 255.0).round() as u8).collect());
    let cropped = grey.cropped("stage_cropped", INK)?;
    let longest = cropped.width.max(cropped.height);
    let side = |length: usize| ((length * BOX + longest / 2) / longest).max(1);
    let scaled = cropped.scaled("stage_scaled", side(cropped.width), side(cropped.height));
    let centred = centred(&scaled)?;
    Some(vec![original, grey, cropped, scaled, centred])
}

/// Returns how opaque each pixel is, if that is what tells the ink from the ground: where the picture is transparent there is
/// none, and all that is opaque has one colour, be it white.
fn opacity(rgba: &[u8]) -> Option<Vec<f32>> {
    /// Difference of colour that is still one colour, and opacity below which a colour means little.
    const TOLERANCE: u8 = 48;
    const SEEN: u8 = 128;
    let pixels = || rgba.chunks_exact(4);
    let transparent = pixels().filter(|pixel| pixel[3] < SEEN).count();
    // Rounded corners and soft edges do not make a drawing.
    if transparent * 4 < rgba.len() / 4 {
        return None;
    }
    let first = pixels().max_by_key(|pixel| pixel[3])?;
    let mut seen = pixels().filter(|pixel| pixel[3] >= SEEN);
    let is_uniform = seen.all(|pixel| (0..3).all(|channel| pixel[channel].abs_diff(first[channel]) <= TOLERANCE));
    is_uniform.then(|| pixels().map(|pixel| f32::from(pixel[3]) / 255.0).collect())
}

/// Returns by how much each pixel differs from the ground round it, as a share of what is possible there, and the key of the
/// text that says how.
fn contrast(rgba: &[u8], width: usize, height: usize) -> (&'static str, Vec<f32>) {
    // Luma by ITU-R BT.601, on white where the picture is transparent.
    let brightness = rgba.chunks_exact(4).map(|pixel| {
        let [red, green, blue, alpha] = [0, 1, 2, 3].map(|at| f32::from(pixel[at]) / 255.0);
        (0.299 * red + 0.587 * green + 0.114 * blue) * alpha + 1.0 - alpha
    });
    let brightness: Vec<f32> = brightness.collect();
    let is_bright = border_median(&brightness, width, height) > 0.5;
    let ground = ground(&brightness, width, is_bright);
    // Light falls on paper and ink alike: in a shadow both are darker by the same factor.
    let share = |(value, ground): (&f32, &f32)| match is_bright {
        true => (ground - value) / ground.max(0.05),
        false => (value - ground) / (1.0 - ground).max(0.05),
    };
    let strength = brightness.iter().zip(&ground).map(share).map(|share| share.max(0.0)).collect();
    (if is_bright { "stage_inverted" } else { "stage_grey" }, strength)
}

/// Returns the median brightness along the four edges, the brightness of the background.
fn border_median(brightness: &[f32], width: usize, height: usize) -> f32 {
    let is_border = |index: &usize| {
        let (column, row) = (index % width, index / width);
        column == 0 || row == 0 || column + 1 == width || row + 1 == height
    };
    let mut border: Vec<f32> = (0..brightness.len()).filter(is_border).map(|index| brightness[index]).collect();
    let middle = border.len() / 2;
    if border.is_empty() { 0.0 } else { *border.select_nth_unstable_by(middle, f32::total_cmp).1 }
}

/// Moves the centre of mass to the middle, by whole pixels, as far as everything stays inside.
fn centred(scaled: &Stage) -> Option<Stage> {
    let ink: Vec<f32> = scaled.pixels.iter().map(|ink| f32::from(*ink)).collect();
    let mass = centre_of_mass(&ink, scaled.width)?;
    let start = |mass: f32, length: usize| {
        let start = (SIDE as f32 / 2.0 - mass).round().max(0.0) as usize;
        start.min(SIDE - length.min(SIDE))
    };
    let (left, top) = (start(mass[0], scaled.width), start(mass[1], scaled.height));
    let mut pixels = vec![0; SIDE * SIDE];
    for (row, line) in scaled.pixels.chunks(scaled.width).enumerate() {
        pixels[(top + row) * SIDE + left..][..line.len()].copy_from_slice(line);
    }
    Some(Stage::new("stage_centred", SIDE, pixels))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a picture of `ground` with a block of `ink`.
    fn picture(side: usize, ground: u8, ink: u8, columns: Range<usize>, rows: Range<usize>) -> Vec<u8> {
        let grey = |index: usize| {
            let is_ink = columns.contains(&(index % side)) && rows.contains(&(index / side));
            if is_ink { ink } else { ground }
        };
        (0..side * side).flat_map(|index| [grey(index), grey(index), grey(index), 255]).collect()
    }

    fn bounds(image: &Stage) -> [usize; 4] {
        let inked: Vec<usize> = (0..image.pixels.len()).filter(|index| image.pixels[*index] > 100).collect();
        let place = |place: fn(usize) -> usize| inked.iter().map(move |index| place(*index));
        let (columns, rows) = (|index| index % SIDE, |index| index / SIDE);
        [
            place(columns).min().unwrap(),
            place(columns).max().unwrap(),
            place(rows).min().unwrap(),
            place(rows).max().unwrap(),
        ]
    }

    #[test]
    fn dark_on_bright_is_inverted_and_bright_on_dark_is_not() {
        let ink = prepare(100, 100, &picture(100, 230, 20, 40..50, 20..80)).unwrap();
        let chalk = prepare(100, 100, &picture(100, 10, 250, 40..50, 20..80)).unwrap();
        assert_eq!((ink[1].key, chalk[1].key), ("stage_inverted", "stage_grey"));
        assert_eq!(ink[4].pixels, chalk[4].pixels);
        assert_eq!(bounds(&ink[4])[2..], [4, 23], "twenty rows, in the middle");
    }

    #[test]
    fn proportions_stay_and_the_mass_comes_to_the_middle() {
        let stages = prepare(90, 90, &picture(90, 255, 0, 70..85, 5..35)).unwrap();
        let sizes: Vec<_> = stages.iter().map(|stage| (stage.width, stage.height)).collect();
        assert_eq!(sizes, [(90, 90), (90, 90), (15, 30), (10, 20), (28, 28)]);
        assert_eq!(bounds(&stages[4]), [9, 18, 4, 23]);
    }

    #[test]
    fn shadows_are_paper_and_small_pictures_are_enlarged() {
        let mut pixels = picture(10, 255, 0, 4..6, 2..8);
        for (at, value) in pixels.iter_mut().enumerate() {
            if *value == 255 && at % 4 != 3 {
                *value -= (at / 40) as u8 * 3;
            }
        }
        let stages = prepare(10, 10, &pixels).unwrap();
        assert_eq!((stages[2].width, stages[2].height), (2, 6));
        assert_eq!((stages[3].width, stages[3].height), (7, 20));
    }

    #[test]
    fn a_shadow_whose_dark_end_is_darker_than_half_is_paper() {
        // A stroke, and paper from 230 on the left to 110 on the right.
        let side = 200;
        let shade = |at: usize| 230.0 - 120.0 * (at % side) as f32 / side as f32;
        let is_ink = |at: usize| (95..105).contains(&(at % side)) && (60..140).contains(&(at / side));
        let grey = |at: usize| if is_ink(at) { shade(at) * 0.2 } else { shade(at) } as u8;
        let pixels: Vec<u8> = (0..side * side).flat_map(|at| [grey(at), grey(at), grey(at), 255]).collect();
        let stages = prepare(side, side, &pixels).unwrap();
        assert_eq!((stages[2].width, stages[2].height), (10, 80), "nothing but the stroke");
        // The edge of a hand's shadow across the picture.
        let half = |at: usize| if at / side < 100 { 1.0 } else { 0.55 };
        let grey = |at: usize| (if is_ink(at) { 40.0 } else { 220.0 } * half(at)) as u8;
        let pixels: Vec<u8> = (0..side * side).flat_map(|at| [grey(at), grey(at), grey(at), 255]).collect();
        let stages = prepare(side, side, &pixels).unwrap();
        assert_eq!((stages[2].width, stages[2].height), (10, 80), "nothing but the stroke");
    }

    #[test]
    fn ink_of_any_colour_on_nothing_is_seen() {
        for colour in [[255, 255, 255], [0, 0, 0], [200, 30, 60]] {
            let is_ink = |at: usize| (18..22).contains(&(at % 40)) && (10..30).contains(&(at / 40));
            let pixel = |at: usize| [colour[0], colour[1], colour[2], if is_ink(at) { 255 } else { 0 }];
            let pixels: Vec<u8> = (0..1600).flat_map(pixel).collect();
            let stages = prepare(40, 40, &pixels).unwrap();
            assert_eq!((stages[1].key, stages[2].width, stages[2].height), ("stage_alpha", 4, 20), "{colour:?}");
        }
    }

    #[test]
    fn what_is_transparent_is_paper_and_an_empty_picture_is_nothing() {
        let transparent = vec![0; 40 * 40 * 4];
        assert_eq!(prepare(40, 40, &transparent), None);
        assert_eq!(prepare(40, 40, &picture(40, 200, 200, 0..0, 0..0)), None);
        assert_eq!(prepare(0, 0, &[]), None);
        assert_eq!(prepare(2, 2, &[0; 15]), None);
        let mut drawn = transparent;
        for row in 10..30 {
            drawn[(row * 40 + 20) * 4 + 3] = 255;
        }
        assert_eq!(bounds(&prepare(40, 40, &drawn).unwrap()[4])[2..], [4, 23]);
    }

    #[test]
    fn an_image_of_the_kind_that_mnist_has_hardly_changes() {
        let mut image = vec![0u8; SIDE * SIDE];
        for row in 4..24 {
            for column in 13..16 {
                image[row * SIDE + column] = if column == 14 { 255 } else { 130 };
            }
        }
        let rgba: Vec<u8> = image.iter().flat_map(|ink| [*ink, *ink, *ink, 255]).collect();
        let prepared = prepare(SIDE, SIDE, &rgba).unwrap().pop().unwrap().pixels;
        let mean = prepared.iter().zip(&image).map(|(a, b)| a.abs_diff(*b) as usize).sum::<usize>() / image.len();
        assert!(mean < 8, "{mean}");
    }
}
