//! The plane of two features: what a network answers at every place, and the examples in it.

use chalkgrad_engine::ops::classification::predicted_class;

use super::figure::ink;
use super::palette::{ColourScale, NOT_FINITE, class_colour};
use super::shapes::{Anchor, Shape};
use crate::ui::charts::ticks::{tick_text, ticks};

const LEFT: f64 = 26.0;
const RIGHT: f64 = 4.0;
const TOP: f64 = 4.0;
const BOTTOM: f64 = 18.0;
const SMALL: f64 = 10.0;
const RADIUS: f64 = 2.2;

/// Places along a side of the plane at which the network is asked, from fine to coarse.
const SIDES: [usize; 4] = [40, 28, 20, 12];

/// The most numbers that the outputs of all layers over the plane take.
const MAX_NUMBERS: usize = 1 << 21;

/// Returns the number of places along a side for a network whose layers have so many outputs together.
pub fn places_along(outputs: usize) -> usize {
    let fits = |side: &usize| side * side * outputs <= MAX_NUMBERS;
    SIDES.into_iter().find(fits).unwrap_or(SIDES[SIDES.len() - 1])
}

/// Example in the plane: its two features, and its class or value.
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

    /// Returns a place at which the network is asked, of `side` along each side. Row 0 is the uppermost.
    pub fn place(&self, side: usize, row: usize, column: usize) -> [f32; 2] {
        let at = |axis: usize, index: usize| self.low[axis] + self.extent * (index as f32 + 0.5) / side as f32;
        [at(0, column), at(1, side - 1 - row)]
    }

    /// Returns the index of the place that is nearest to a point; `None` outside.
    pub fn index_of(&self, at: [f32; 2], side: usize) -> Option<usize> {
        let [column, above] = [0, 1].map(|axis| ((at[axis] - self.low[axis]) / self.extent * side as f32).floor());
        let is_inside = [column, above].iter().all(|index| (0.0..side as f32).contains(index));
        is_inside.then(|| (side - 1 - above as usize) * side + column as usize)
    }

    /// Lists the places at which the network is asked, `[side*side,2]`, row by row from above.
    pub fn places(&self, side: usize) -> Vec<f32> {
        (0..side).flat_map(|row| (0..side).flat_map(move |column| self.place(side, row, column))).collect()
    }
}

/// Meaning of the network's outputs, and their colours.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum PlaneColours {
    /// One value.
    Value(ColourScale),
    /// The first of two classes is -1, the second 1.
    TwoClasses(ColourScale),
    /// Three classes or more: a colour for each, the stronger the surer.
    Classes { is_dark: bool },
}

impl PlaneColours {
    /// Returns the colour of an answer: all outputs for a place.
    pub fn answer(&self, outputs: &[f32]) -> [u8; 3] {
        match (self, outputs) {
            (Self::Value(scale), [value, ..]) => scale.colour(*value),
            // One output is the probability of the second class.
            (Self::TwoClasses(scale), [second]) => scale.colour(2.0 * second - 1.0),
            (Self::TwoClasses(scale), [first, second, ..]) => scale.colour(second - first),
            (Self::Classes { is_dark }, _) => match predicted_class(outputs) {
                Some(class) => {
                    let chance = 1.0 / outputs.len() as f32;
                    class_colour(class, (outputs[class] - chance) / (1.0 - chance), *is_dark)
                }
                // None stands out.
                None if outputs.iter().all(|output| output.is_finite()) => class_colour(0, 0.0, *is_dark),
                None => NOT_FINITE,
            },
            (_, []) => NOT_FINITE,
        }
    }

    /// Returns the colour of an example.
    pub fn target(&self, target: f32) -> [u8; 3] {
        match self {
            Self::Value(scale) => scale.colour(target),
            Self::TwoClasses(scale) => scale.colour(2.0 * target - 1.0),
            Self::Classes { is_dark } => class_colour(target as usize, 1.0, *is_dark),
        }
    }

    fn is_dark(&self) -> bool {
        match self {
            Self::Value(scale) | Self::TwoClasses(scale) => scale.is_dark,
            Self::Classes { is_dark } => *is_dark,
        }
    }
}

/// The plane as it is drawn.
pub struct PlaneChart<'a> {
    pub window: Window,
    /// Outputs at [`Window::places`], `[side*side, width]`; none before the network has been asked.
    pub answers: &'a [f32],
    pub width: usize,
    pub marks: &'a [Mark],
    /// The point in the input panel.
    pub here: Option<[f32; 2]>,
    pub colours: PlaneColours,
    /// Width and height in CSS pixels.
    pub size: f64,
}

/// Writes a colour for CSS.
pub fn css([red, green, blue]: [u8; 3]) -> String {
    format!("rgb({red},{green},{blue})")
}

impl PlaneChart<'_> {
    fn place(&self, at: [f32; 2]) -> (f64, f64) {
        let share = |axis: usize| f64::from((at[axis] - self.window.low[axis]) / self.window.extent);
        let (width, height) = (self.size - LEFT - RIGHT, self.size - TOP - BOTTOM);
        (LEFT + share(0) * width, TOP + (1.0 - share(1)) * height)
    }

    /// Draws the answers as a picture, the examples as dots over it, and both axes.
    pub fn shapes(&self) -> Vec<Shape> {
        let ink = ink(self.colours.is_dark());
        let outputs = self.answers.chunks_exact(self.width.max(1));
        let side = outputs.len().isqrt().max(1);
        let (width, height) = ((self.size - LEFT - RIGHT) / side as f64, (self.size - TOP - BOTTOM) / side as f64);
        let mut shapes: Vec<Shape> = Vec::new();
        for (index, answer) in outputs.enumerate() {
            let (x, y) = (LEFT + (index % side) as f64 * width, TOP + (index / side) as f64 * height);
            let fill = css(self.colours.answer(answer));
            // A little larger than its place, so that no ground shows between two.
            shapes.push(Shape::Rectangle { x, y, width: width + 0.5, height: height + 0.5, fill });
        }
        let mut marks: Vec<Mark> = self.marks.to_vec();
        // One shape for each colour.
        marks.sort_by(|one, other| one.target.total_cmp(&other.target));
        for same in marks.chunk_by(|one, other| one.target == other.target) {
            let centres = same.iter().map(|mark| self.place(mark.at)).collect();
            let (fill, edge) = (css(self.colours.target(same[0].target)), Some(ink.ground.to_owned()));
            shapes.push(Shape::Dots { centres, radius: RADIUS, fill, edge });
        }
        // A ring round the point: dot, then hole.
        if let Some(at) = self.here.filter(|at| at.iter().all(|value| value.is_finite())) {
            let centres = vec![self.place(at)];
            let under = self
                .window
                .index_of(at, side)
                .and_then(|index| self.answers.chunks_exact(self.width.max(1)).nth(index));
            let fill = under.map_or(ink.ground.to_owned(), |answer| css(self.colours.answer(answer)));
            shapes.push(Shape::Dots { centres, radius: 2.2 * RADIUS, fill, edge: Some(ink.text.to_owned()) });
        }
        for axis in 0..2 {
            let low = f64::from(self.window.low[axis]);
            let all = ticks(low, low + f64::from(self.window.extent));
            for tick in &all {
                let mut at = self.window.low;
                at[axis] = *tick as f32;
                let (x, y) = self.place(at);
                let (x, y, anchor) = match axis {
                    0 => (x, self.size - 5.0, Anchor::Middle),
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
    use crate::ui::charts::palette::{Mapping, contrast};

    fn marks() -> Vec<Mark> {
        vec![Mark { at: [-2.0, 1.0], target: 0.0 }, Mark { at: [4.0, 3.0], target: 1.0 }]
    }

    fn scale(limit: f32) -> ColourScale {
        ColourScale { limit, mapping: Mapping::Linear, is_dark: false, has_caps: false }
    }

    #[test]
    fn the_window_is_a_square_that_holds_all_examples() {
        let window = Window::around(&marks());
        assert!((window.extent - 6.96).abs() < 1e-5);
        assert!((window.low[0] + 2.48).abs() < 1e-5 && (window.low[1] + 1.48).abs() < 1e-5, "{window:?}");
        assert_eq!(Window::around(&[]).low, [-1.16, -1.16]);
        assert!(Window::around(&marks()[..1]).places(40).iter().all(|place| place.is_finite()));
    }

    #[test]
    fn places_go_from_the_upper_left_to_the_lower_right() {
        let places = Window { low: [0.0, 10.0], extent: 4.0 }.places(40);
        assert_eq!(places.len(), 2 * 40 * 40);
        assert_eq!(places[..2], [0.05, 13.95]);
        assert_eq!(places[places.len() - 2..], [3.95, 10.05]);
    }

    #[test]
    fn a_point_is_found_at_its_place() {
        let window = Window { low: [0.0, 10.0], extent: 4.0 };
        let places = window.places(8);
        let index = window.index_of([3.3, 12.1], 8).unwrap();
        assert_eq!(places[2 * index..2 * index + 2], [3.25, 12.25]);
        assert_eq!((window.index_of([4.1, 12.0], 8), window.index_of([f32::NAN, 12.0], 8)), (None, None));
    }

    #[test]
    fn a_wide_network_is_asked_at_fewer_places() {
        assert_eq!((places_along(130), places_along(2_000), places_along(1_000_000)), (40, 28, 12));
    }

    /// Checks that each dot has the colour of the place under it, and counts the dots' colours.
    fn assert_right(chart: &PlaneChart<'_>) -> usize {
        let shapes = chart.shapes();
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
        found
    }

    #[test]
    fn an_example_stands_on_the_place_that_it_names() {
        let (window, marks) = (Window::around(&marks()), marks());
        // The probability of the second class, alone and beside that of the first.
        for width in [1, 2] {
            let places = window.places(20);
            let second = |place: &[f32]| if place[0] > 1.0 { 1.0 } else { 0.0 };
            let answers: Vec<f32> = places
                .chunks(2)
                .flat_map(|place| [1.0 - second(place), second(place)].into_iter().skip(2 - width))
                .collect();
            let colours = PlaneColours::TwoClasses(scale(1.0));
            assert_eq!(
                assert_right(&PlaneChart {
                    window,
                    answers: &answers,
                    width,
                    marks: &marks,
                    here: None,
                    colours,
                    size: 200.0
                }),
                2
            );
        }
    }

    #[test]
    fn a_value_has_the_colour_of_the_scale() {
        let marks = [Mark { at: [-1.0, -1.0], target: -8.0 }, Mark { at: [1.0, 1.0], target: 8.0 }];
        let window = Window::around(&marks);
        let answers: Vec<f32> = window.places(30).chunks(2).map(|place| 8.0 * place[1].signum()).collect();
        let colours = PlaneColours::Value(scale(8.0));
        assert_eq!(
            assert_right(&PlaneChart {
                window,
                answers: &answers,
                width: 1,
                marks: &marks,
                here: None,
                colours,
                size: 200.0
            }),
            2
        );
    }

    #[test]
    fn three_classes_have_colours_of_their_own_that_fade_with_doubt() {
        let marks: Vec<Mark> =
            (0..3).map(|class| Mark { at: [class as f32 * 3.0, 0.0], target: class as f32 }).collect();
        let window = Window::around(&marks);
        let class = |place: &[f32]| ((place[0] / 3.0).round() as usize).min(2);
        let answers: Vec<f32> = window
            .places(40)
            .chunks(2)
            .flat_map(|place| (0..3).map(move |at| f32::from(u8::from(at == class(place)))))
            .collect();
        for is_dark in [false, true] {
            let colours = PlaneColours::Classes { is_dark };
            let chart =
                PlaneChart { window, answers: &answers, width: 3, marks: &marks, here: None, colours, size: 200.0 };
            assert_eq!(assert_right(&chart), 3);
            let ground = colours.answer(&[1.0 / 3.0; 3]);
            let sure = colours.answer(&[0.0, 1.0, 0.0]);
            let unsure = colours.answer(&[0.3, 0.4, 0.3]);
            assert!(contrast(sure, ground) > 1.5 * contrast(unsure, ground) && contrast(sure, ground) > 2.5);
            assert_eq!(colours.answer(&[f32::NAN; 3]), NOT_FINITE);
        }
    }
}
