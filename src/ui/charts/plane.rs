//! The plane of two features: what a network answers at every place, and the examples in it.

use super::figure::ink;
use super::palette::ColourScale;
use super::shapes::{Anchor, Shape};
use crate::ui::charts::ticks::{tick_text, ticks};

const LEFT: f64 = 26.0;
const RIGHT: f64 = 4.0;
const TOP: f64 = 4.0;
const BOTTOM: f64 = 18.0;
const SMALL: f64 = 10.0;
const RADIUS: f64 = 2.2;

/// Places along a side of the plane at which the network is asked.
pub const SIDE: usize = 40;

/// Example in the plane: its two features and its target, from -1 to 1 where the target is one of two classes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Mark {
    pub at: [f32; 2],
    pub target: f32,
}

/// Square part of the plane: the least value and the extent of both features.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Window {
    pub low: [f32; 2],
    pub extent: f32,
}

impl Window {
    /// Returns the least square that holds all examples, and a margin.
    pub fn around(marks: &[Mark]) -> Self {
        const MARGIN: f32 = 0.08;
        let bounds = |axis: usize| {
            let values = marks.iter().map(|mark| mark.at[axis]).filter(|value| value.is_finite());
            values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
        };
        let sides = [bounds(0), bounds(1)].map(|(low, high)| if low <= high { (low, high) } else { (-1.0, 1.0) });
        let longest = sides.iter().map(|(low, high)| high - low).fold(0.0, f32::max).max(f32::MIN_POSITIVE);
        let extent = longest * (1.0 + 2.0 * MARGIN);
        Self { low: sides.map(|(low, high)| (low + high - extent) / 2.0), extent }
    }

    /// Lists the places at which the network is asked, `[SIDE*SIDE,2]`, row by row from above.
    pub fn places(&self) -> Vec<f32> {
        let at = |axis: usize, index: usize| self.low[axis] + self.extent * (index as f32 + 0.5) / SIDE as f32;
        let row = |row: usize| (0..SIDE).flat_map(move |column| [at(0, column), at(1, SIDE - 1 - row)]);
        (0..SIDE).flat_map(row).collect()
    }
}

/// The plane as it is drawn.
pub struct PlaneChart<'a> {
    pub window: Window,
    /// Answers at [`Window::places`]; none before the network has been asked.
    pub answers: &'a [f32],
    pub marks: &'a [Mark],
    /// Colours of answers and of examples.
    pub scale: ColourScale,
    /// Width and height.
    pub side: f64,
}

impl PlaneChart<'_> {
    fn place(&self, at: [f32; 2]) -> (f64, f64) {
        let share = |axis: usize| f64::from((at[axis] - self.window.low[axis]) / self.window.extent);
        let (width, height) = (self.side - LEFT - RIGHT, self.side - TOP - BOTTOM);
        (LEFT + share(0) * width, TOP + (1.0 - share(1)) * height)
    }

    /// Draws the answers as a picture, the examples as dots over it, and both axes.
    pub fn shapes(&self) -> Vec<Shape> {
        let ink = ink(self.scale.is_dark);
        let (width, height) = ((self.side - LEFT - RIGHT) / SIDE as f64, (self.side - TOP - BOTTOM) / SIDE as f64);
        let colour = |value: f32| {
            let [red, green, blue] = self.scale.colour(value);
            format!("rgb({red},{green},{blue})")
        };
        let mut shapes: Vec<Shape> = Vec::new();
        for (index, answer) in self.answers.iter().take(SIDE * SIDE).enumerate() {
            let (x, y) = (LEFT + (index % SIDE) as f64 * width, TOP + (index / SIDE) as f64 * height);
            // A little larger than its place, so that no ground shows between two.
            shapes.push(Shape::Rectangle { x, y, width: width + 0.5, height: height + 0.5, fill: colour(*answer) });
        }
        let mut marks: Vec<Mark> = self.marks.to_vec();
        // One shape for each colour.
        marks.sort_by(|one, other| one.target.total_cmp(&other.target));
        for same in marks.chunk_by(|one, other| one.target == other.target) {
            let centres = same.iter().map(|mark| self.place(mark.at)).collect();
            let edge = Some(ink.ground.to_owned());
            shapes.push(Shape::Dots { centres, radius: RADIUS, fill: colour(same[0].target), edge });
        }
        for axis in 0..2 {
            let low = f64::from(self.window.low[axis]);
            let all = ticks(low, low + f64::from(self.window.extent));
            for tick in &all {
                let mut at = self.window.low;
                at[axis] = *tick as f32;
                let (x, y) = self.place(at);
                let (x, y, anchor) = match axis {
                    0 => (x, self.side - 5.0, Anchor::Middle),
                    _ => (LEFT - 4.0, y + 3.5, Anchor::End),
                };
                shapes.push(Shape::text(x, y, tick_text(*tick, &all), SMALL, ink.soft, anchor));
            }
        }
        shapes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::charts::palette::Mapping;

    fn marks() -> Vec<Mark> {
        vec![Mark { at: [-2.0, 1.0], target: -1.0 }, Mark { at: [4.0, 3.0], target: 1.0 }]
    }

    #[test]
    fn the_window_is_a_square_that_holds_all_examples() {
        let window = Window::around(&marks());
        assert!((window.extent - 6.96).abs() < 1e-5);
        assert!((window.low[0] + 2.48).abs() < 1e-5 && (window.low[1] + 1.48).abs() < 1e-5, "{window:?}");
        assert_eq!(Window::around(&[]).low, [-1.16, -1.16]);
        assert!(Window::around(&marks()[..1]).places().iter().all(|place| place.is_finite()));
    }

    #[test]
    fn places_go_from_the_upper_left_to_the_lower_right() {
        let places = Window { low: [0.0, 10.0], extent: 4.0 }.places();
        assert_eq!(places.len(), 2 * SIDE * SIDE);
        assert_eq!(places[..2], [0.05, 13.95]);
        assert_eq!(places[places.len() - 2..], [3.95, 10.05]);
    }

    #[test]
    fn an_example_stands_on_the_place_that_it_names() {
        let window = Window::around(&marks());
        let answers: Vec<f32> =
            window.places().chunks(2).map(|place| if place[0] > 1.0 { 1.0 } else { -1.0 }).collect();
        let scale = ColourScale { limit: 1.0, mapping: Mapping::Linear, is_dark: false, has_caps: false };
        let marks = marks();
        let chart = PlaneChart { window, answers: &answers, marks: &marks, scale, side: 200.0 };
        let shapes = chart.shapes();
        // Each dot has the colour of the place under it, because the answers are right.
        let dots = shapes.iter().filter_map(|shape| match shape {
            Shape::Dots { centres, fill, .. } => Some((centres[0], fill)),
            _ => None,
        });
        let mut found = 0;
        for ((x, y), fill) in dots {
            let under = shapes.iter().rev().find_map(|shape| match shape {
                Shape::Rectangle { x: left, y: top, width, height, fill }
                    if (*left..left + width).contains(&x) && (*top..top + height).contains(&y) =>
                {
                    Some(fill)
                }
                _ => None,
            });
            assert_eq!(under, Some(fill));
            found += 1;
        }
        assert_eq!(found, 2);
    }
}
