//! The distribution of a tensor over the steps, as bands between quantiles.

use super::figure::ink;
use super::shapes::{Anchor, Shape};
use crate::ui::charts::bins::{Snapshot, Track};
use crate::ui::charts::ticks::{tick_text, ticks};
use crate::ui::format;

const LEFT: f64 = 52.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 20.0;
const SMALL: f64 = 11.0;

/// Colours of the bands from the outer to the inner one, and of the median.
pub fn colours(is_dark: bool) -> [&'static str; 4] {
    match is_dark {
        false => ["#dfe8f2", "#b4cce6", "#7ea8d6", "#1c4f8c"],
        true => ["#27353f", "#35536d", "#4f7ba5", "#b9d9fa"],
    }
}

/// Draws the bands of a track from step 0 to its last step, with axes.
pub fn shapes(track: &Track, [width, height]: [f64; 2], is_dark: bool) -> Vec<Shape> {
    let (ink, colours) = (ink(is_dark), colours(is_dark));
    let mut shapes = Vec::new();
    let Some(last) = track.snapshots.last() else { return shapes };
    if width < LEFT + RIGHT + 20.0 {
        return shapes;
    }
    let last_step = f64::from(last.step.max(1));
    let [low, high] = match track.range().map(f64::from) {
        [low, high] if low == high => [low - 1.0, high + 1.0],
        range => range,
    };
    let x = |step: f64| LEFT + step / last_step * (width - LEFT - RIGHT);
    let y = |value: f64| height - BOTTOM - (value - low) / (high - low) * (height - TOP - BOTTOM);
    for (outer, colour) in colours[..3].iter().enumerate() {
        let edge = |snapshot: &Snapshot, at: usize| (x(f64::from(snapshot.step)), y(f64::from(snapshot.quantiles[at])));
        let above = track.snapshots.iter().map(|snapshot| edge(snapshot, 6 - outer));
        let below = track.snapshots.iter().rev().map(|snapshot| edge(snapshot, outer));
        let mut points: Vec<(f64, f64)> = above.chain(below).collect();
        if let [top, bottom] = points[..] {
            // One reading has no extent; it is drawn as a bar.
            points = vec![
                (top.0 - 2.0, top.1),
                (top.0 + 2.0, top.1),
                (bottom.0 + 2.0, bottom.1),
                (bottom.0 - 2.0, bottom.1),
            ];
        }
        shapes.push(Shape::Area { points, fill: (*colour).to_owned() });
    }
    let median =
        track.snapshots.iter().map(|snapshot| (x(f64::from(snapshot.step)), y(f64::from(snapshot.quantiles[3]))));
    shapes.push(Shape::Line { points: median.collect(), stroke: colours[3].to_owned(), width: 1.5 });
    let y_ticks = ticks(low, high);
    for tick in &y_ticks {
        let at = y(*tick).round() + 0.5;
        shapes.push(Shape::straight((LEFT - 4.0, at), (LEFT, at), ink.soft));
        let is_plain = y_ticks.len() > 1 && high.max(-low) >= 1e-2 && high.max(-low) < 1e5;
        let label = if is_plain { tick_text(*tick, &y_ticks) } else { format::short_value(*tick as f32) };
        shapes.push(Shape::text(LEFT - 6.0, at + 4.0, label, SMALL, ink.soft, Anchor::End));
    }
    shapes.push(Shape::straight((LEFT + 0.5, TOP), (LEFT + 0.5, height - BOTTOM), ink.soft));
    shapes.push(Shape::straight((LEFT, height - BOTTOM + 0.5), (width - RIGHT, height - BOTTOM + 0.5), ink.soft));
    for tick in ticks(0.0, last_step).into_iter().filter(|tick| tick.fract() == 0.0) {
        let at = x(tick);
        shapes.push(Shape::straight((at, height - BOTTOM), (at, height - BOTTOM + 4.0), ink.soft));
        let anchor = if at > width - RIGHT - 14.0 { Anchor::End } else { Anchor::Middle };
        let label = format::count(tick as usize);
        shapes.push(Shape::text(at, height - BOTTOM + 15.0, label, SMALL, ink.soft, anchor));
    }
    shapes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_lie_within_each_other_and_steps_in_proportion() {
        let mut track = Track::default();
        for step in [0, 10, 100] {
            let values: Vec<f32> = (-50..=50).map(|at| at as f32 * (1.0 + step as f32 / 100.0)).collect();
            track.add(Snapshot::new(step, &values));
        }
        let shapes = shapes(&track, [400.0, 180.0], false);
        let areas: Vec<&Vec<(f64, f64)>> = shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Area { points, .. } => Some(points),
                _ => None,
            })
            .collect();
        assert_eq!(areas.len(), 3);
        for pair in areas.windows(2) {
            for (outer, inner) in pair[0].iter().zip(pair[1]).take(3) {
                assert_eq!(outer.0, inner.0);
                assert!(outer.1 < inner.1, "higher on the screen");
            }
        }
        let xs: Vec<f64> = areas[0].iter().take(3).map(|point| point.0).collect();
        assert!(((xs[2] - xs[0]) / (xs[1] - xs[0]) - 10.0).abs() < 1e-6, "{xs:?}");
        let has = |label: &str| shapes.iter().any(|shape| matches!(shape, Shape::Text { text, .. } if text == label));
        assert!(has("0") && has("100") && has("50") && has("−100"));
    }

    #[test]
    fn one_reading_and_none_are_drawn() {
        assert!(shapes(&Track::default(), [400.0, 180.0], true).is_empty());
        let mut track = Track::default();
        track.add(Snapshot::new(0, &[0.0; 4]));
        assert!(!shapes(&track, [400.0, 180.0], true).is_empty());
    }
}
