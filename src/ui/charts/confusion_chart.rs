//! The confusion matrix as a drawing, for files.

use super::figure::ink;
use super::shapes::{Anchor, Shape};

/// Side of a cell, in CSS pixels.
const CELL: f64 = 40.0;
/// Room for the names of the classes and of the axes.
const EDGE: f64 = 52.0;

/// Confusion matrix with the texts around it.
pub struct ConfusionChart<'a> {
    /// `counts[true][predicted]`, row by row.
    pub counts: &'a [f32],
    /// Names of the classes.
    pub names: Vec<String>,
    /// Names of the axes: of the rows, of the columns.
    pub axes: [String; 2],
    pub is_dark: bool,
}

impl ConfusionChart<'_> {
    pub fn size(&self) -> [f64; 2] {
        [EDGE + CELL * self.names.len() as f64; 2]
    }

    /// Draws the cells in the shades of the page, each with its count. `shade` maps a share of the row to 0 to 1.
    pub fn shapes(&self, shade: impl Fn(f32) -> f64) -> Vec<Shape> {
        let ink = ink(self.is_dark);
        let text = |x: f64, y: f64, text: String, fill: &str, is_bold: bool| Shape::Text {
            x,
            y,
            text,
            size: 11.0,
            fill: fill.to_owned(),
            anchor: Anchor::Middle,
            is_bold,
        };
        let middle = |at: usize| EDGE + CELL * (at as f64 + 0.5);
        let mut shapes = Vec::new();
        let [rows, columns] = &self.axes;
        for (y, name, arrow) in [(12.0, columns, "→"), (30.0, rows, "↓")] {
            shapes.push(Shape::Text {
                x: 0.0,
                y,
                text: format!("{name} {arrow}"),
                size: 11.0,
                fill: ink.soft.to_owned(),
                anchor: Anchor::Start,
                is_bold: false,
            });
        }
        for (truth, row) in self.counts.chunks(self.names.len().max(1)).enumerate() {
            let total = row.iter().sum::<f32>().max(1.0);
            shapes.push(text(middle(truth), EDGE - 6.0, self.name(truth), ink.soft, false));
            shapes.push(text(EDGE - 12.0, middle(truth) + 4.0, self.name(truth), ink.soft, false));
            for (predicted, count) in row.iter().enumerate() {
                let strength = shade(count / total).clamp(0.0, 1.0);
                let (x, y) = (middle(predicted) - CELL / 2.0, middle(truth) - CELL / 2.0);
                let side = CELL - 2.0;
                shapes.push(Shape::Rectangle { x, y, width: side, height: side, fill: self.colour(strength) });
                let fill = if (strength > 0.55) == self.is_dark { "#000000" } else { "#ffffff" };
                let label = format!("{count:.0}");
                shapes.push(text(middle(predicted) - 1.0, middle(truth) + 3.0, label, fill, truth == predicted));
            }
        }
        shapes
    }

    /// Returns the name of a class, cut to the width of a cell.
    fn name(&self, class: usize) -> String {
        const LENGTH: usize = 7;
        let name = self.names.get(class).map(String::as_str).unwrap_or_default();
        match name.chars().count() > LENGTH {
            true => name.chars().take(LENGTH - 1).chain(['…']).collect(),
            false => name.to_owned(),
        }
    }

    /// Mixes the ends of the style sheet's sequential scale.
    fn colour(&self, strength: f64) -> String {
        let [low, high] = match self.is_dark {
            false => [[0xf3, 0xf4, 0xf4], [0x1c, 0x4f, 0x8c]],
            true => [[0x23, 0x2c, 0x31], [0x8c, 0xc0, 0xf7]],
        };
        let mixed: [u8; 3] = std::array::from_fn(|at| {
            let [low, high] = [low[at], high[at]].map(f64::from);
            (low + (high - low) * strength).round() as u8
        });
        let [red, green, blue] = mixed;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_is_in_its_cell_and_a_full_row_is_darkest() {
        let chart = ConfusionChart {
            counts: &[7.0, 1.0, 0.0, 4.0],
            names: vec!["cat".to_owned(), "dog".to_owned()],
            axes: ["true".to_owned(), "predicted".to_owned()],
            is_dark: false,
        };
        let shapes = chart.shapes(f64::from);
        let at = |wanted: &str| {
            let is_it = |shape: &&Shape| matches!(shape, Shape::Text { text, x, .. } if text == wanted && *x > EDGE);
            let found = shapes.iter().rfind(is_it);
            let Some(Shape::Text { x, y, .. }) = found else { panic!("{wanted} is missing") };
            [*x, *y]
        };
        // Row 0 is above row 1, column 0 left of column 1.
        assert!(at("7")[0] < at("1")[0] && at("7")[1] < at("4")[1] && at("4")[0] > at("7")[0]);
        let fills: Vec<&String> = shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Rectangle { fill, .. } => Some(fill),
                _ => None,
            })
            .collect();
        assert_eq!(fills, ["#376499", "#d8dfe7", "#f3f4f4", "#1c4f8c"]);
    }
}
