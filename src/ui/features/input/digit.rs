//! Conversion of pen strokes to an image like MNIST's.
//!
//! MNIST's digits were scaled to fit 20x20 pixels with their aspect ratio kept, drawn with grey levels, and moved so that
//! their centre of mass lies in the middle of a field of 28x28 (LeCun, Cortes and Burges, "The MNIST database"). A
//! network that learned from such images needs drawings made the same way.

use crate::ui::features::input::photo::Stage;

/// The side of an image, in pixels.
pub const SIDE: usize = 28;

/// The side of the box that the ink is scaled to.
const BOX: f32 = 20.0;

/// Bounds of a line's thickness, as a radius in pixels of the image: MNIST's lines are 2 to 3.5 wide, and
/// without bounds a tiny drawing would become a blot and a huge one a hair.
const RADIUS: std::ops::RangeInclusive<f32> = 0.95..=1.6;

/// Cells along a side of the grid that the keyboard paints on.
pub const GRID: usize = 14;

/// The side of the first stage, in pixels.
const DRAWN: usize = 56;

/// A point on the pad, in units of the pad's side: 0 to 1, y downwards.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

/// Drawing: strokes on the pad.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Drawing {
    strokes: Vec<Vec<Point>>,
}

impl Drawing {
    /// Returns the strokes of a handwritten three.
    pub fn sample() -> Self {
        const HUNDREDTHS: [[u8; 2]; 15] = [
            [32, 24],
            [42, 17],
            [54, 16],
            [63, 22],
            [64, 32],
            [57, 40],
            [45, 45],
            [57, 48],
            [66, 55],
            [68, 65],
            [63, 75],
            [53, 81],
            [42, 81],
            [34, 77],
            [30, 71],
        ];
        let point = |[x, y]: [u8; 2]| Point { x: f32::from(x) / 100.0, y: f32::from(y) / 100.0 };
        Self { strokes: vec![HUNDREDTHS.map(point).to_vec()] }
    }

    /// Makes a drawing of strokes. Strokes without a point are left out.
    pub fn of_strokes(mut strokes: Vec<Vec<Point>>) -> Self {
        strokes.retain(|stroke| !stroke.is_empty());
        Self { strokes }
    }

    pub fn is_empty(&self) -> bool {
        self.strokes.is_empty()
    }

    pub fn strokes(&self) -> &[Vec<Point>] {
        &self.strokes
    }

    pub fn clear(&mut self) {
        self.strokes.clear();
    }

    /// Puts a pen down. Returns the index of its stroke.
    pub fn begin(&mut self, point: Point) -> usize {
        self.strokes.push(vec![point]);
        self.strokes.len() - 1
    }

    /// Draws a stroke on to `point`. Points closer than the pad can show are left out, which bounds the cost of a long
    /// scribble. A stroke that has been cleared meanwhile stays so.
    pub fn extend(&mut self, stroke: usize, point: Point) {
        const CLOSEST: f32 = 0.006;
        if let Some(stroke) = self.strokes.get_mut(stroke)
            && stroke.last().is_none_or(|last| (last.x - point.x).hypot(last.y - point.y) >= CLOSEST)
        {
            stroke.push(point);
        }
    }

    /// Returns true if there is ink at a cell of the grid; column and row count from 0.
    pub fn is_painted(&self, cell: [usize; 2]) -> bool {
        let centre = cell_centre(cell);
        self.strokes.iter().any(|stroke| distance_to_stroke(centre, stroke) < 0.6 / GRID as f32)
    }

    /// Paints a cell of the grid, in one line with the last one if that is a neighbour; or takes away what is there.
    pub fn toggle_cell(&mut self, cell: [usize; 2]) {
        if self.is_painted(cell) { self.erase(cell) } else { self.paint_cell(cell) }
    }

    /// Paints a cell like [`Self::toggle_cell`], but never erases.
    pub fn paint_cell(&mut self, cell: [usize; 2]) {
        let [x, y] = cell_centre(cell);
        let last = self.strokes.last().and_then(|stroke| stroke.last());
        let is_near = last.is_some_and(|last| (last.x - x).hypot(last.y - y) < 1.5 / GRID as f32);
        match self.strokes.len().checked_sub(1) {
            Some(last) if is_near => self.extend(last, Point { x, y }),
            _ => drop(self.begin(Point { x, y })),
        }
    }

    /// Takes away the ink at a cell; what is left of a line on its two sides are two lines.
    fn erase(&mut self, cell: [usize; 2]) {
        const PIECE: f32 = 0.01;
        let (centre, radius) = (cell_centre(cell), 0.65 / GRID as f32);
        for stroke in std::mem::take(&mut self.strokes) {
            if distance_to_stroke(centre, &stroke) >= radius {
                self.strokes.push(stroke);
                continue;
            }
            let mut kept: Vec<Point> = Vec::new();
            for (at, to) in stroke.iter().enumerate() {
                let from = stroke[at.saturating_sub(1)];
                let pieces = (((to.x - from.x).hypot(to.y - from.y) / PIECE).ceil() as usize).max(1);
                for piece in 1..=pieces {
                    let share = piece as f32 / pieces as f32;
                    let point = Point { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
                    if (point.x - centre[0]).hypot(point.y - centre[1]) >= radius {
                        kept.push(point);
                    } else if !kept.is_empty() {
                        self.strokes.push(std::mem::take(&mut kept));
                    }
                }
            }
            if !kept.is_empty() {
                self.strokes.push(kept);
            }
        }
    }

    /// Returns the steps of the image's preparation; the last is [`Self::image`].
    pub fn stages(&self, pen_radius: f32) -> Vec<Stage> {
        let Some(frame) = self.frame(pen_radius) else { return Vec::new() };
        let pad = Frame { centre: [0.5, 0.5], scale: DRAWN as f32, radius: pen_radius * DRAWN as f32, ..frame };
        let drawn = Stage::new("stage_drawn", DRAWN, to_bytes(&self.rasterize(DRAWN, &pad, [0.0, 0.0])));
        let cropped = drawn.cropped("stage_cropped", 0);
        let margin = (SIDE - BOX as usize) / 2;
        let boxed = Stage::new("stage_scaled", SIDE, to_bytes(&self.rasterize(SIDE, &frame, [0.0, 0.0])));
        let scaled = boxed.part("stage_scaled", margin..SIDE - margin, margin..SIDE - margin);
        let centred = Stage::new("stage_centred", SIDE, self.image(pen_radius));
        vec![drawn].into_iter().chain(cropped).chain([scaled, centred]).collect()
    }

    /// Renders the 28x28 image, row by row, ink 255 on 0. `pen_radius` is in units of the pad's side.
    pub fn image(&self, pen_radius: f32) -> Vec<u8> {
        let Some(frame) = self.frame(pen_radius) else { return vec![0; SIDE * SIDE] };
        let middle = SIDE as f32 / 2.0;
        let centred_box = self.rasterize(SIDE, &frame, [0.0, 0.0]);
        let Some([mass_x, mass_y]) = centre_of_mass(&centred_box, SIDE) else { return vec![0; SIDE * SIDE] };
        // The ink stays inside the field even if its mass sits in one corner of its box.
        let shift = |mass: f32, size: f32| {
            let room = (middle - (size * frame.scale / 2.0 + frame.radius)).max(0.0);
            (middle - mass).clamp(-room, room)
        };
        let shift = [shift(mass_x, frame.width), shift(mass_y, frame.height)];
        to_bytes(&self.rasterize(SIDE, &frame, shift))
    }

    /// Renders the strokes on a 28x28 image that fills the pad, where they are, over `ground`; ink is 255.
    pub fn over(&self, ground: &[u8], pen_radius: f32) -> Vec<u8> {
        let radius = pen_radius * SIDE as f32;
        let pad = Frame { centre: [0.5, 0.5], width: 1.0, height: 1.0, scale: SIDE as f32, radius };
        let ink = to_bytes(&self.rasterize(SIDE, &pad, [0.0, 0.0]));
        ground.iter().zip(ink).map(|(ground, ink)| *ground.max(&ink)).collect()
    }

    /// Computes the map from the drawing to the image.
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
        let radius = radius.clamp(*RADIUS.start(), *RADIUS.end());
        // A mere dot has no size that could be scaled.
        let scale = if longest < 1e-3 { 0.0 } else { (BOX - 2.0 * radius) / longest };
        Some(Frame { centre: [(left + right) / 2.0, (top + bottom) / 2.0], width, height, scale, radius })
    }

    /// Renders ink from 0 to 1 at every pixel of a square. The edge of a line is one pixel wide, which antialiases it.
    fn rasterize(&self, side: usize, frame: &Frame, shift: [f32; 2]) -> Vec<f32> {
        let middle = side as f32 / 2.0;
        let mut image = vec![0.0f32; side * side];
        let place = |point: &Point| {
            [
                (point.x - frame.centre[0]) * frame.scale + middle + shift[0],
                (point.y - frame.centre[1]) * frame.scale + middle + shift[1],
            ]
        };
        let reach = frame.radius + 0.5;
        let mut segment = |from: [f32; 2], to: [f32; 2]| {
            let pixels = |a: f32, b: f32| {
                let first = ((a.min(b) - reach - 0.5).floor() as usize).min(side);
                let end = ((a.max(b) + reach + 0.5).ceil() as usize).min(side);
                first..end
            };
            for row in pixels(from[1], to[1]) {
                for column in pixels(from[0], to[0]) {
                    let distance = distance_to_segment([column as f32 + 0.5, row as f32 + 0.5], from, to);
                    let ink = (reach - distance).clamp(0.0, 1.0);
                    let pixel = &mut image[row * side + column];
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
    /// Centre and size of the strokes' bounding box, in units of the pad.
    centre: [f32; 2],
    width: f32,
    height: f32,
    /// Pixels per unit of the pad.
    scale: f32,
    /// Radius of the pen, in pixels.
    radius: f32,
}

/// Returns the middle of a cell of the grid, in units of the pad's side.
fn cell_centre(cell: [usize; 2]) -> [f32; 2] {
    cell.map(|at| (at as f32 + 0.5) / GRID as f32)
}

fn to_bytes(image: &[f32]) -> Vec<u8> {
    image.iter().map(|ink| (ink * 255.0).round() as u8).collect()
}

/// Computes the centre of mass of an image of `width` columns, in pixels from the top left corner; `None` without ink.
pub(super) fn centre_of_mass(image: &[f32], width: usize) -> Option<[f32; 2]> {
    let (mut mass, mut x, mut y) = (0.0, 0.0, 0.0);
    for (index, ink) in image.iter().enumerate() {
        mass += ink;
        x += ink * ((index % width) as f32 + 0.5);
        y += ink * ((index / width) as f32 + 0.5);
    }
    (mass > 0.0).then(|| [x / mass, y / mass])
}

fn distance_to_stroke(point: [f32; 2], stroke: &[Point]) -> f32 {
    let at = |point: &Point| [point.x, point.y];
    let to_segment =
        |index: usize| distance_to_segment(point, at(&stroke[usize::saturating_sub(index, 1)]), at(&stroke[index]));
    (0..stroke.len()).map(to_segment).fold(f32::INFINITY, f32::min)
}

fn distance_to_segment(point: [f32; 2], from: [f32; 2], to: [f32; 2]) -> f32 {
    let along = [to[0] - from[0], to[1] - from[1]];
    let offset = [point[0] - from[0], point[1] - from[1]];
    let length_squared = along[0] * along[0] + along[1] * along[1];
    let position = if length_squared > 0.0 {
        ((offset[0] * along[0] + offset[1] * along[1]) / length_squared).clamp(0.0, 1.0)
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
            let index = drawing.begin(Point { x: stroke[0].0, y: stroke[0].1 });
            stroke[1..].iter().for_each(|(x, y)| drawing.extend(index, Point { x: *x, y: *y }));
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
        centre_of_mass(&image.iter().map(|ink| *ink as f32).collect::<Vec<_>>(), SIDE).unwrap()
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
    fn cells_are_painted_as_a_line_and_taken_away_again() {
        let mut drawing = Drawing::default();
        for row in 2..9 {
            drawing.toggle_cell([6, row]);
        }
        assert_eq!(drawing.strokes().len(), 1, "neighbours are one line");
        assert!(drawing.is_painted([6, 5]) && !drawing.is_painted([7, 5]) && !drawing.is_painted([6, 10]));
        drawing.toggle_cell([6, 5]);
        assert_eq!(drawing.strokes().len(), 2);
        assert!(!drawing.is_painted([6, 5]) && drawing.is_painted([6, 4]) && drawing.is_painted([6, 6]));
        drawing.toggle_cell([0, 0]);
        assert_eq!(drawing.strokes().len(), 3);
        drawing.toggle_cell([0, 0]);
        assert_eq!(drawing.strokes().len(), 2);
        // This also removes cells that were drawn by hand.
        let mut line = draw(&[&[(0.1, 0.5), (0.9, 0.5)]]);
        assert!(line.is_painted([7, 6]) || line.is_painted([7, 7]));
        for row in [6, 7] {
            if line.is_painted([7, row]) {
                line.toggle_cell([7, row]);
            }
        }
        assert!(!line.is_painted([7, 6]) && !line.is_painted([7, 7]) && line.strokes().len() == 2);
    }

    #[test]
    fn strokes_over_an_image_stay_where_they_are() {
        let mut ground = vec![0; SIDE * SIDE];
        ground[27 * SIDE + 27] = 90;
        let image = draw(&[&[(0.25, 0.0), (0.25, 1.0)]]).over(&ground, 0.042);
        assert_eq!(image[27 * SIDE + 27], 90);
        let inked = (0..SIDE).filter(|column| image[14 * SIDE + column] > 100);
        assert_eq!(inked.collect::<Vec<_>>(), [6, 7], "a quarter of the way");
    }

    #[test]
    fn the_stages_lead_to_the_image() {
        let drawing = draw(&[&[(0.3, 0.2), (0.5, 0.2), (0.4, 0.6)]]);
        let stages = drawing.stages(PEN);
        let size = |at: usize| (stages[at].width, stages[at].height);
        assert_eq!((stages.len(), size(0), size(2), size(3)), (4, (56, 56), (20, 20), (28, 28)));
        assert!(size(1).0 < size(1).1 && size(1).1 < 40, "cropped to the ink: {:?}", size(1));
        assert_eq!(stages[3].pixels, drawing.image(PEN));
        assert!(Drawing::default().stages(PEN).is_empty());
    }

    #[test]
    fn close_points_are_left_out() {
        let mut drawing = draw(&[&[(0.5, 0.5)]]);
        (0..1000).for_each(|_| drawing.extend(0, Point { x: 0.5001, y: 0.5 }));
        assert_eq!(drawing.strokes()[0].len(), 1);
    }
}
