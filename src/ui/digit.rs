//! From pen strokes to an image like those of MNIST.
//!
//! MNIST's digits were scaled to fit 20x20 pixels with their aspect ratio kept, drawn with grey levels, and moved so that
//! their centre of mass lies in the middle of a field of 28x28 (LeCun, Cortes and Burges, "The MNIST database"). A
//! network that learned from such images needs drawings made the same way.

use crate::tensor::limit;

/// The side of an image, in pixels.
pub const SIDE: usize = 28;

/// The side of the box that the ink is scaled to.
const BOX: f32 = 20.0;

/// How thin and how thick a line may come out, as a radius in pixels of the image: MNIST's lines are 2 to 3.5 wide, and
/// without bounds a tiny drawing would become a blot and a huge one a hair.
const RADIUS: std::ops::RangeInclusive<f32> = 0.95..=1.6;

/// A point on the pad, in units of the pad's side: 0 to 1, y downwards.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

/// What has been drawn.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Drawing {
    strokes: Vec<Vec<Point>>,
}

impl Drawing {
    pub fn is_empty(&self) -> bool {
        self.strokes.is_empty()
    }

    pub fn strokes(&self) -> &[Vec<Point>] {
        &self.strokes
    }

    pub fn clear(&mut self) {
        self.strokes.clear();
    }

    /// Puts the pen down.
    pub fn begin(&mut self, point: Point) {
        self.strokes.push(vec![point]);
    }

    /// Draws on to `point`. Points closer than the pad can show are left out, which bounds the cost of a long scribble.
    pub fn extend(&mut self, point: Point) {
        const CLOSEST: f32 = 0.006;
        if let Some(stroke) = self.strokes.last_mut()
            && stroke.last().is_none_or(|last| (last.x - point.x).hypot(last.y - point.y) >= CLOSEST)
        {
            stroke.push(point);
        }
    }

    /// The 28x28 image, row by row, ink 255 on 0. `pen_radius` is in units of the pad's side.
    pub fn image(&self, pen_radius: f32) -> Vec<u8> {
        let Some(frame) = self.frame(pen_radius) else { return vec![0; SIDE * SIDE] };
        let middle = SIDE as f32 / 2.0;
        let centred_box = self.rasterize(&frame, [0.0, 0.0]);
        let Some([mass_x, mass_y]) = centre_of_mass(&centred_box) else { return vec![0; SIDE * SIDE] };
        // The ink stays inside the field even if its mass sits in one corner of its box.
        let shift = |mass: f32, size: f32| {
            let room = (middle - (size * frame.scale / 2.0 + frame.radius)).max(0.0);
            limit((middle - mass).into(), (-room).into(), room.into()) as f32
        };
        let shift = [shift(mass_x, frame.width), shift(mass_y, frame.height)];
        self.rasterize(&frame, shift).iter().map(|ink| (ink * 255.0).round() as u8).collect()
    }

    /// How the drawing maps onto the image.
    fn frame(&self, pen_radius: f32) -> Option<Frame> {
        let points = || self.strokes.iter().flatten();
        points().next()?;
        let bounds = |axis: fn(&Point) -> f32| {
            points().map(axis).fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), at| (low.min(at), high.max(at)))
        };
        let ((left, right), (top, bottom)) = (bounds(|point| point.x), bounds(|point| point.y));
        let (width, height) = (right - left, bottom - top);
        let longest = width.max(height);
        // The line is part of the ink that must fit, so a line whose width is at a bound leaves `BOX - 2 radius`.
        let radius = pen_radius * BOX / (longest + 2.0 * pen_radius);
        let radius = limit(radius.into(), (*RADIUS.start()).into(), (*RADIUS.end()).into()) as f32;
        // A mere dot has no size that could be scaled.
        let scale = if longest < 1e-3 { 0.0 } else { (BOX - 2.0 * radius) / longest };
        Some(Frame { centre: [(left + right) / 2.0, (top + bottom) / 2.0], width, height, scale, radius })
    }

    /// Ink from 0 to 1 at every pixel. The edge of a line is one pixel wide, which antialiases it.
    fn rasterize(&self, frame: &Frame, shift: [f32; 2]) -> Vec<f32> {
        let middle = SIDE as f32 / 2.0;
        let mut image = vec![0.0f32; SIDE * SIDE];
        let place = |point: &Point| {
            [
                (point.x - frame.centre[0]) * frame.scale + middle + shift[0],
                (point.y - frame.centre[1]) * frame.scale + middle + shift[1],
            ]
        };
        let reach = frame.radius + 0.5;
        let mut segment = |from: [f32; 2], to: [f32; 2]| {
            let pixels = |a: f32, b: f32| {
                let first = ((a.min(b) - reach - 0.5).floor() as usize).min(SIDE);
                let end = ((a.max(b) + reach + 0.5).ceil() as usize).min(SIDE);
                first..end
            };
            for row in pixels(from[1], to[1]) {
                for column in pixels(from[0], to[0]) {
                    let distance = distance_to_segment([column as f32 + 0.5, row as f32 + 0.5], from, to);
                    let ink = limit((reach - distance).into(), 0.0, 1.0) as f32;
                    let pixel = &mut image[row * SIDE + column];
                    *pixel = pixel.max(ink);
                }
            }
        };
        for stroke in &self.strokes {
            match &stroke[..] {
                [dot] => segment(place(dot), place(dot)),
                points => points.windows(2).for_each(|pair| segment(place(&pair[0]), place(&pair[1]))),
            }
        }
        image
    }
}

struct Frame {
    /// Of the strokes' bounding box, in units of the pad.
    centre: [f32; 2],
    width: f32,
    height: f32,
    /// Pixels per unit of the pad.
    scale: f32,
    /// Of the pen, in pixels.
    radius: f32,
}

/// In pixels from the top left corner; `None` without ink.
fn centre_of_mass(image: &[f32]) -> Option<[f32; 2]> {
    let (mut mass, mut x, mut y) = (0.0, 0.0, 0.0);
    for (index, ink) in image.iter().enumerate() {
        mass += ink;
        x += ink * ((index % SIDE) as f32 + 0.5);
        y += ink * ((index / SIDE) as f32 + 0.5);
    }
    (mass > 0.0).then(|| [x / mass, y / mass])
}

fn distance_to_segment(point: [f32; 2], from: [f32; 2], to: [f32; 2]) -> f32 {
    let along = [to[0] - from[0], to[1] - from[1]];
    let offset = [point[0] - from[0], point[1] - from[1]];
    let length_squared = along[0] * along[0] + along[1] * along[1];
    let position = if length_squared > 0.0 {
        limit(((offset[0] * along[0] + offset[1] * along[1]) / length_squared).into(), 0.0, 1.0) as f32
    } else {
        0.0
    };
    (offset[0] - position * along[0]).hypot(offset[1] - position * along[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEN: f32 = 0.045;

    fn draw(strokes: &[&[(f32, f32)]]) -> Drawing {
        let mut drawing = Drawing::default();
        for stroke in strokes {
            drawing.begin(Point { x: stroke[0].0, y: stroke[0].1 });
            stroke[1..].iter().for_each(|(x, y)| drawing.extend(Point { x: *x, y: *y }));
        }
        drawing
    }

    fn ink_bounds(image: &[u8]) -> [usize; 4] {
        let inked: Vec<usize> = (0..image.len()).filter(|index| image[*index] > 100).collect();
        let columns = inked.iter().map(|index| index % SIDE);
        let rows = inked.iter().map(|index| index / SIDE);
        [columns.clone().min().unwrap(), columns.max().unwrap(), rows.clone().min().unwrap(), rows.max().unwrap()]
    }

    fn mass(image: &[u8]) -> [f32; 2] {
        centre_of_mass(&image.iter().map(|ink| *ink as f32).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn nothing_drawn_is_an_empty_image() {
        assert_eq!(Drawing::default().image(PEN), vec![0; 784]);
    }

    #[test]
    fn a_tall_stroke_fills_twenty_rows_and_keeps_its_aspect() {
        let image = draw(&[&[(0.3, 0.1), (0.3, 0.9)]]).image(PEN);
        let [left, right, top, bottom] = ink_bounds(&image);
        assert_eq!((top, bottom), (4, 23));
        assert!((right - left) < 4, "a line is not widened to the box: {left}..{right}");
    }

    #[test]
    fn small_drawings_in_a_corner_come_out_as_large_centred_ones() {
        let shape = |scale: f32, x: f32, y: f32| {
            draw(&[&[(x, y), (x + scale, y), (x + scale, y + scale), (x, y + scale), (x, y)]]).image(PEN * scale / 0.6)
        };
        assert_eq!(shape(0.6, 0.2, 0.2), shape(0.3, 0.65, 0.05));
    }

    #[test]
    fn the_centre_of_mass_lies_in_the_middle() {
        // A seven: its mass is above the middle of its box.
        let image = draw(&[&[(0.2, 0.1), (0.8, 0.1), (0.4, 0.9)]]).image(PEN);
        let [x, y] = mass(&image);
        assert!((x - 14.0).abs() < 0.1 && (y - 14.0).abs() < 0.1, "{x} {y}");
    }

    #[test]
    fn edges_are_grey_and_lines_are_solid() {
        let image = draw(&[&[(0.2, 0.2), (0.8, 0.8)]]).image(PEN);
        assert!(image.contains(&255));
        assert!(image.iter().any(|ink| (40..216).contains(ink)));
    }

    #[test]
    fn a_dot_stays_a_dot() {
        let image = draw(&[&[(0.9, 0.9)]]).image(PEN);
        let [left, right, top, bottom] = ink_bounds(&image);
        assert!(right - left < 5 && bottom - top < 5);
        assert!((mass(&image)[0] - 14.0).abs() < 0.1);
    }

    #[test]
    fn ink_never_leaves_the_field() {
        // Nearly all the mass in one corner, and a long thin tail.
        let blot: Vec<(f32, f32)> = (0..200).map(|step| (0.1 + 0.05 * (step % 7) as f32 / 7.0, 0.1)).collect();
        let image = draw(&[&blot, &[(0.1, 0.1), (0.9, 0.9)]]).image(PEN);
        let [left, right, top, bottom] = ink_bounds(&image);
        assert!(left > 0 && top > 0 && right < 27 && bottom < 27);
    }

    #[test]
    fn close_points_are_left_out() {
        let mut drawing = draw(&[&[(0.5, 0.5)]]);
        (0..1000).for_each(|_| drawing.extend(Point { x: 0.5001, y: 0.5 }));
        assert_eq!(drawing.strokes()[0].len(), 1);
    }
}
