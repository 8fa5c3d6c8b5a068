//! Predicted against true values as dots, with the line on which both are equal.

use super::figure::ink;
use super::palette::diverging;
use super::plane::css;
use super::shapes::{Anchor, Frame, Shape, Stroke};
use crate::ui::charts::ticks::{tick_text, ticks};

const LEFT: f64 = 52.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 36.0;
const SMALL: f64 = 11.0;
const RADIUS: f64 = 3.0;

/// A click picks a dot that is this near, in CSS pixels.
const REACH: f64 = 14.0;

/// The quality of predicted values.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FitNumbers {
    /// Coefficient of determination: 1 less the squared errors over the squared distances from the mean. `None` if all true
    /// values are the same.
    pub r2: Option<f64>,
    pub mean_absolute_error: f64,
}

impl FitNumbers {
    /// Computes the numbers; `None` without values.
    pub fn new(truth: &[f32], predicted: &[f32]) -> Option<Self> {
        let pairs = || truth.iter().zip(predicted).map(|(truth, predicted)| (f64::from(*truth), f64::from(*predicted)));
        let count = pairs().count() as f64;
        if count == 0.0 {
            return None;
        }
        let mean = pairs().map(|(truth, _)| truth).sum::<f64>() / count;
        let squares: f64 = pairs().map(|(truth, predicted)| (truth - predicted).powi(2)).sum();
        let spread: f64 = pairs().map(|(truth, _)| (truth - mean).powi(2)).sum();
        let distances: f64 = pairs().map(|(truth, predicted)| (truth - predicted).abs()).sum();
        let r2 = (spread > 0.0).then(|| 1.0 - squares / spread);
        Some(Self { r2, mean_absolute_error: distances / count })
    }
}

/// See the [module](self). Both axes have the same limits.
pub struct FitChart<'a> {
    pub truth: &'a [f32],
    pub predicted: &'a [f32],
    /// Names of the axes: true and predicted.
    pub axes: [String; 2],
    /// Index of the dot that stands out.
    pub picked: Option<usize>,
    pub is_dark: bool,
    /// Width and height in CSS pixels.
    pub size: [f64; 2],
}

impl FitChart<'_> {
    fn area(&self) -> Frame {
        let [width, height] = self.size;
        Frame { left: LEFT, top: TOP, width: width - LEFT - RIGHT, height: height - TOP - BOTTOM }
    }

    /// Returns the limits of both axes.
    fn limits(&self) -> [f64; 2] {
        const MARGIN: f64 = 0.04;
        let values = self.truth.iter().chain(self.predicted).copied().filter(|value| value.is_finite());
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value.into()), high.max(value.into()))
        });
        match high - low {
            span if span > 0.0 => [low - MARGIN * span, high + MARGIN * span],
            _ if low.is_finite() => [low - 1.0, low + 1.0],
            _ => [0.0, 1.0],
        }
    }

    fn place(&self, truth: f64, predicted: f64) -> (f64, f64) {
        let (Frame { left, top, width, height }, [low, high]) = (self.area(), self.limits());
        let share = |value: f64| (value - low) / (high - low);
        (left + share(truth) * width, top + (1.0 - share(predicted)) * height)
    }

    fn dot(&self, index: usize) -> Option<(f64, f64)> {
        let (truth, predicted) = (*self.truth.get(index)?, *self.predicted.get(index)?);
        (truth.is_finite() && predicted.is_finite()).then(|| self.place(truth.into(), predicted.into()))
    }

    /// Returns the index of the dot under a place, if there is one.
    pub fn dot_at(&self, [x, y]: [f64; 2]) -> Option<usize> {
        let distance = |index: usize| {
            let (left, top) = self.dot(index)?;
            Some((index, (left - x).hypot(top - y)))
        };
        let near = (0..self.truth.len()).filter_map(distance).filter(|(_, distance)| *distance <= REACH);
        near.min_by(|one, other| one.1.total_cmp(&other.1)).map(|(index, _)| index)
    }

    /// Draws axes, line of identity and dots.
    pub fn shapes(&self) -> Vec<Shape> {
        let (ink, area, [low, high]) = (ink(self.is_dark), self.area(), self.limits());
        if area.width < 20.0 || area.height < 20.0 {
            return Vec::new();
        }
        let (right, bottom) = (area.left + area.width, area.top + area.height);
        let all = ticks(low, high);
        let mut shapes = Vec::new();
        let line = |points: Vec<(f64, f64)>, is_dashed: bool, colour: &str| Shape::Strokes {
            lines: vec![points],
            stroke: Stroke { colour: colour.to_owned(), width: 1.0, is_dashed, opacity: 1.0 },
        };
        for tick in &all {
            let (x, y) = self.place(*tick, *tick);
            shapes.push(line(vec![(x, area.top), (x, bottom)], false, ink.line));
            shapes.push(line(vec![(area.left, y), (right, y)], false, ink.line));
            let text = tick_text(*tick, &all);
            shapes.push(Shape::text(x, bottom + 14.0, text.clone(), SMALL, ink.soft, Anchor::Middle));
            shapes.push(Shape::text(area.left - 6.0, y + 3.5, text, SMALL, ink.soft, Anchor::End));
        }
        let [truth, predicted] = &self.axes;
        shapes.push(Shape::text(right, bottom + 30.0, truth.clone(), SMALL, ink.soft, Anchor::End));
        shapes.push(Shape::text(4.0, 13.0, predicted.clone(), SMALL, ink.soft, Anchor::Start));
        shapes.push(line(vec![self.place(low, low), self.place(high, high)], true, ink.text));
        let others = (0..self.truth.len()).filter(|index| self.picked != Some(*index));
        let dots = |centres: Vec<(f64, f64)>, radius: f64, side: f32, edge: &str| Shape::Dots {
            centres,
            radius,
            fill: css(diverging(side, self.is_dark)),
            edge: Some(edge.to_owned()),
        };
        shapes.push(dots(others.filter_map(|index| self.dot(index)).collect(), RADIUS, -1.0, ink.ground));
        if let Some(place) = self.picked.and_then(|index| self.dot(index)) {
            shapes.push(dots(vec![place], 1.6 * RADIUS, 1.0, ink.text));
        }
        shapes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart<'a>(truth: &'a [f32], predicted: &'a [f32]) -> FitChart<'a> {
        let axes = ["true".to_owned(), "predicted".to_owned()];
        FitChart { truth, predicted, axes, picked: None, is_dark: false, size: [300.0, 240.0] }
    }

    #[test]
    fn the_numbers_are_those_of_scikit_learn() {
        // r2_score and mean_absolute_error of scikit-learn 1.7.2 on its own example of r2_score.
        let fit = FitNumbers::new(&[3.0, -0.5, 2.0, 7.0], &[2.5, 0.0, 2.0, 8.0]).unwrap();
        assert!((fit.r2.unwrap() - 0.948_608_137).abs() < 1e-9 && (fit.mean_absolute_error - 0.5).abs() < 1e-12);
        assert_eq!(FitNumbers::new(&[2.0, 2.0], &[2.0, 3.0]).unwrap().r2, None);
        assert_eq!(FitNumbers::new(&[], &[]), None);
    }

    #[test]
    fn right_values_lie_on_the_line_of_identity() {
        let values = [-3.0, 0.5, 12.0];
        let shapes = chart(&values, &values).shapes();
        let line = shapes.iter().find_map(|shape| match shape {
            Shape::Strokes { lines, stroke } if stroke.is_dashed => Some(lines[0].clone()),
            _ => None,
        });
        let [(x0, y0), (x1, y1)] = line.unwrap()[..] else { panic!("not a straight line") };
        let Some(Shape::Dots { centres, .. }) = shapes.iter().rev().find(|shape| matches!(shape, Shape::Dots { .. }))
        else {
            panic!("no dots")
        };
        assert_eq!(centres.len(), 3);
        for (x, y) in centres {
            let on_line = y0 + (x - x0) / (x1 - x0) * (y1 - y0);
            assert!((y - on_line).abs() < 1e-9);
        }
    }

    #[test]
    fn too_large_an_answer_stands_above_the_line_and_can_be_picked() {
        let (truth, predicted) = ([0.0, 5.0, f32::NAN], [0.0, 9.0, 1.0]);
        let mut chart = chart(&truth, &predicted);
        let (x, y) = chart.dot(1).unwrap();
        assert!(y < chart.place(5.0, 5.0).1);
        assert_eq!(chart.dot_at([x + 3.0, y - 3.0]), Some(1));
        assert_eq!(chart.dot_at([x, y + 60.0]), None);
        chart.picked = Some(1);
        let counts: Vec<usize> = chart
            .shapes()
            .iter()
            .filter_map(|shape| if let Shape::Dots { centres, .. } = shape { Some(centres.len()) } else { None })
            .collect();
        assert_eq!(counts, [1, 1], "the dot that is no number is not drawn");
    }
}
