//! The states of a recurrent layer over time: a column for each step, a row for each unit.

use super::figure::ink;
use super::palette::ColourScale;
use super::shapes::{Anchor, Shape, text_width};

const LEFT: f64 = 34.0;
const RIGHT: f64 = 6.0;
const TOP: f64 = 4.0;
const SMALL: f64 = 10.0;
const NAME: f64 = 11.0;
const LINE: f64 = 14.0;

/// Lines of names under the picture, among which names that are long find room.
const LINES: usize = 3;

/// The most units that are drawn: thinner rows cannot be told apart.
pub const MAX_UNITS: usize = 128;

/// The states as they are drawn.
pub struct StatesChart<'a> {
    /// `[T,units]`
    pub values: &'a [f32],
    pub units: usize,
    /// Names of the steps, one each; numbers take their places where there are none.
    pub names: &'a [String],
    pub scale: ColourScale,
    /// Names of the axes: steps, units.
    pub axes: [String; 2],
    pub width: f64,
}

impl StatesChart<'_> {
    fn steps(&self) -> usize {
        self.values.len() / self.units.max(1)
    }

    fn shown_units(&self) -> usize {
        self.units.min(MAX_UNITS)
    }

    /// Returns the height of a row.
    fn row_height(&self) -> f64 {
        (220.0 / self.shown_units().max(1) as f64).clamp(2.0, 9.0)
    }

    /// Returns the height of the whole.
    pub fn height(&self) -> f64 {
        TOP + self.row_height() * self.shown_units() as f64 + LINE * (LINES as f64 + 1.0) + 8.0
    }

    /// Draws the states as a picture with both axes. A name that finds no room is left out.
    pub fn shapes(&self) -> Vec<Shape> {
        let ink = ink(self.scale.is_dark);
        let (steps, units) = (self.steps(), self.shown_units());
        let (width, height) = ((self.width - LEFT - RIGHT) / steps.max(1) as f64, self.row_height());
        let mut shapes = Vec::new();
        for (step, states) in self.values.chunks_exact(self.units.max(1)).enumerate() {
            for (unit, state) in states.iter().take(units).enumerate() {
                let [red, green, blue] = self.scale.colour(*state);
                // A little larger than its place, so that no ground shows between two.
                shapes.push(Shape::Rectangle {
                    x: LEFT + step as f64 * width,
                    y: TOP + unit as f64 * height,
                    width: width + 0.5,
                    height: height + 0.5,
                    fill: format!("rgb({red},{green},{blue})"),
                });
            }
        }
        let bottom = TOP + units as f64 * height;
        for unit in [0, units / 2, units.saturating_sub(1)] {
            let y = TOP + (unit as f64 + 0.5) * height + 3.5;
            shapes.push(Shape::text(LEFT - 5.0, y, unit.to_string(), SMALL, ink.soft, Anchor::End));
        }
        let mut ends = [0.0f64; LINES];
        for step in 0..steps {
            let number = step.to_string();
            let name = self.names.get(step).unwrap_or(&number);
            let (middle, half) = (LEFT + (step as f64 + 0.5) * width, text_width(name, NAME) / 2.0);
            let from = (middle - half).clamp(0.0, (self.width - 2.0 * half).max(0.0));
            let Some(line) = ends.iter().position(|end| from >= *end) else { continue };
            ends[line] = from + 2.0 * half + 4.0;
            let y = bottom + LINE * (line as f64 + 1.0);
            if line > 0 {
                shapes.push(Shape::straight((middle, bottom + 2.0), (middle, y - NAME), ink.line));
            }
            shapes.push(Shape::text(from, y, name.clone(), NAME, ink.text, Anchor::Start));
        }
        let [across, up] = &self.axes;
        let y = bottom + LINE * (LINES as f64 + 1.0) + 2.0;
        shapes.push(Shape::text(self.width - RIGHT, y, across.clone(), SMALL, ink.soft, Anchor::End));
        shapes.push(Shape::text(0.0, y, up.clone(), SMALL, ink.soft, Anchor::Start));
        shapes
    }
}

/// Returns the size of each state, its L2 norm, `[T]`.
pub fn sizes(values: &[f32], units: usize) -> Vec<f32> {
    values.chunks_exact(units.max(1)).map(|state| state.iter().map(|value| value * value).sum::<f32>().sqrt()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::charts::palette::Mapping;

    #[test]
    fn time_goes_to_the_right_and_units_downwards() {
        let scale = ColourScale { limit: 1.0, mapping: Mapping::Linear, is_dark: false, has_caps: false };
        let names = ["a", "much-longer-word", "word", "好", "another-long-word", "end"].map(str::to_owned);
        let values: Vec<f32> = (0..6 * 3).map(|at| at as f32 / 18.0).collect();
        let axes = ["step", "unit"].map(str::to_owned);
        let chart = StatesChart { values: &values, units: 3, names: &names, scale, axes, width: 240.0 };
        let shapes = chart.shapes();
        let cells: Vec<(f64, f64, &String)> = shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Rectangle { x, y, fill, .. } => Some((*x, *y, fill)),
                _ => None,
            })
            .collect();
        assert_eq!(cells.len(), 18);
        // The second number is the first step's second unit, the fourth the second step's first.
        assert!(cells[1].0 == cells[0].0 && cells[1].1 > cells[0].1);
        assert!(cells[3].0 > cells[0].0 && cells[3].1 == cells[0].1);
        let [red, green, blue] = scale.colour(values[17]);
        assert_eq!(*cells[17].2, format!("rgb({red},{green},{blue})"));

        let texts: Vec<(f64, f64, f64)> = shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Text { x, y, text, size, .. } if *size == NAME => Some((*x, *y, x + text_width(text, NAME))),
                _ => None,
            })
            .collect();
        assert_eq!(texts.len(), 6, "all names find room");
        for (index, (from, y, to)) in texts.iter().enumerate() {
            assert!(texts[..index].iter().all(|(left, line, right)| line != y || from >= right || to <= left));
        }
        assert_eq!(sizes(&[3.0, 4.0, 0.0, 1.0], 2), [5.0, 1.0]);
    }
}
