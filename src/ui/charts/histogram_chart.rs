//! A histogram with its axes. A bar of zeros that towers over all others is broken and labelled with its share.

use super::figure::ink;
use super::palette::ColourScale;
use super::shapes::{Anchor, Shape};
use crate::ui::charts::histogram::Histogram;
use crate::ui::charts::ticks::{tick_text, ticks};
use crate::ui::format;

const LEFT: f64 = 46.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 20.0;
const SMALL: f64 = 11.0;

/// A bar of zeros is broken if it is this many times as high as the next one.
const TOWERS: f32 = 2.0;

/// Histogram as it is drawn.
pub struct HistogramChart<'a> {
    pub histogram: &'a Histogram,
    /// Colours of the numbers; the bar that holds 0 has none.
    pub scale: ColourScale,
    pub size: [f64; 2],
    pub is_log: bool,
    /// The bar that is pointed at.
    pub marked: Option<usize>,
}

impl HistogramChart<'_> {
    /// Returns the bar of zeros if it is broken.
    pub fn broken(&self) -> Option<usize> {
        let zero = self.histogram.zero_bin()?;
        let counts = &self.histogram.counts;
        let next = counts.iter().enumerate().filter(|(bin, _)| *bin != zero).map(|(_, count)| *count).max()?;
        (!self.is_log && next > 0 && counts[zero] as f32 > TOWERS * next as f32).then_some(zero)
    }

    /// Returns the count at the top of the axis.
    fn top(&self) -> f64 {
        let broken = self.broken();
        let counts = self.histogram.counts.iter().enumerate().filter(|(bin, _)| Some(*bin) != broken);
        let highest = f64::from(counts.map(|(_, count)| *count).max().unwrap_or(0).max(1));
        // Above the others there is room for the break.
        if broken.is_some() { highest * 1.35 } else { highest }
    }

    fn y(&self, count: f64) -> f64 {
        let [_, height] = self.size;
        let share = if self.is_log { (1.0 + count).ln() / (1.0 + self.top()).ln() } else { count / self.top() };
        height - BOTTOM - share.min(1.0) * (height - TOP - BOTTOM)
    }

    fn x(&self, value: f64) -> f64 {
        let [width, _] = self.size;
        let (low, high) = (f64::from(self.histogram.low), f64::from(self.histogram.high));
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        LEFT + share * (width - LEFT - RIGHT)
    }

    fn y_ticks(&self) -> Vec<f64> {
        if self.is_log {
            let powers = (0..10).map(|power| 10f64.powi(power));
            return powers.take_while(|count| *count <= self.top()).collect();
        }
        ticks(0.0, self.top()).into_iter().filter(|count| count.fract() == 0.0).collect()
    }

    /// Draws bars and axes.
    pub fn shapes(&self) -> Vec<Shape> {
        let (histogram, [width, height]) = (self.histogram, self.size);
        let ink = ink(self.scale.is_dark);
        let (bottom, bins) = (height - BOTTOM, histogram.counts.len());
        let mut shapes = Vec::new();
        if bins == 0 || width < LEFT + RIGHT + 20.0 {
            return shapes;
        }
        for count in self.y_ticks() {
            let y = self.y(count).round() + 0.5;
            shapes.push(Shape::straight((LEFT, y), (width - RIGHT, y), ink.line));
            let label = format::count(count as usize);
            shapes.push(Shape::text(LEFT - 5.0, y + 4.0, label, SMALL, ink.soft, Anchor::End));
        }
        let (broken, zero) = (self.broken(), histogram.zero_bin());
        let pitch = (width - LEFT - RIGHT) / bins as f64;
        for (bin, count) in histogram.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let x = LEFT + bin as f64 * pitch;
            let y = if broken == Some(bin) { TOP } else { self.y(f64::from(*count)).min(bottom - 1.0) };
            let fill = if self.marked == Some(bin) { marked(self.scale.is_dark) } else { self.fill(bin, zero) };
            let bar = (pitch - 1.0).max(0.6);
            shapes.push(Shape::Rectangle { x, y, width: bar, height: bottom - y, fill });
            if broken == Some(bin) {
                let gap = TOP + 8.0;
                let points =
                    vec![(x - 1.5, gap + 5.0), (x + bar + 1.5, gap), (x + bar + 1.5, gap + 4.0), (x - 1.5, gap + 9.0)];
                shapes.push(Shape::Area { points, fill: ink.ground.to_owned() });
                let share = format::percent(*count as f32 / histogram.total.max(1) as f32, 1);
                let middle = x + bar / 2.0;
                let anchor = match middle {
                    middle if middle < LEFT + 24.0 => Anchor::Start,
                    middle if middle > width - RIGHT - 24.0 => Anchor::End,
                    _ => Anchor::Middle,
                };
                shapes.push(Shape::text(middle, TOP - 5.0, share, SMALL, ink.text, anchor));
            }
        }
        shapes.push(Shape::straight((LEFT, bottom + 0.5), (width - RIGHT, bottom + 0.5), ink.soft));
        let x_ticks = self.x_ticks();
        for tick in &x_ticks {
            let x = self.x(*tick);
            shapes.push(Shape::straight((x, bottom), (x, bottom + 4.0), ink.soft));
            shapes.push(Shape::text(
                x,
                bottom + 15.0,
                self.tick_label(*tick, &x_ticks),
                SMALL,
                ink.soft,
                Anchor::Middle,
            ));
        }
        shapes
    }

    fn x_ticks(&self) -> Vec<f64> {
        let (low, high) = (f64::from(self.histogram.low), f64::from(self.histogram.high));
        if low == high { vec![low] } else { ticks(low, high) }
    }

    fn tick_label(&self, tick: f64, ticks: &[f64]) -> String {
        let size = ticks.iter().fold(0.0, |top: f64, tick| top.max(tick.abs()));
        // Many zeros after the point cannot be counted at a glance.
        if ticks.len() < 2 || !(1e-2..1e5).contains(&size) {
            return format::short_value(tick as f32);
        }
        tick_text(tick, ticks)
    }

    /// Returns the colour of a bar: that of its numbers, but strong enough to be seen, and none where 0 is among them.
    fn fill(&self, bin: usize, zero: Option<usize>) -> String {
        const LEAST: f32 = 0.2;
        if zero == Some(bin) {
            return neutral(self.scale.is_dark).to_owned();
        }
        let middle = self.histogram.middle(bin);
        let place = self.scale.value_at(LEAST);
        let value = if middle.abs() < place { place.copysign(middle) } else { middle };
        let [red, green, blue] = self.scale.colour(value);
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// Returns the bar under a position.
    pub fn bin_at(&self, x: f64) -> Option<usize> {
        let [width, _] = self.size;
        let share = (x - LEFT) / (width - LEFT - RIGHT).max(1.0);
        let bins = self.histogram.counts.len();
        (bins > 0 && (0.0..1.0).contains(&share)).then(|| ((share * bins as f64) as usize).min(bins - 1))
    }
}

/// Colour of numbers that are neither positive nor negative.
pub fn neutral(is_dark: bool) -> &'static str {
    if is_dark { "#8a9499" } else { "#8b8d86" }
}

/// Colour of what is pointed at, in the histogram and in the picture.
pub fn marked(is_dark: bool) -> String {
    let [red, green, blue] = MARKED[usize::from(is_dark)];
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Marked cells and bars in light and in dark themes: green, which the palette of numbers does not have.
pub const MARKED: [[u8; 3]; 2] = [[16, 148, 84], [110, 231, 160]];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::charts::palette::Mapping;

    fn chart(histogram: &Histogram, is_log: bool) -> HistogramChart<'_> {
        let scale = ColourScale { limit: 1.0, mapping: Mapping::Root, is_dark: false, has_caps: false };
        HistogramChart { histogram, scale, size: [320.0, 120.0], is_log, marked: None }
    }

    fn bars(shapes: &[Shape]) -> Vec<(f64, &str)> {
        let bars = shapes.iter().filter_map(|shape| match shape {
            Shape::Rectangle { height, fill, .. } => Some((*height, fill.as_str())),
            _ => None,
        });
        bars.collect()
    }

    fn texts(shapes: &[Shape]) -> Vec<&str> {
        let texts = shapes.iter().filter_map(|shape| match shape {
            Shape::Text { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    #[test]
    fn heights_are_in_proportion_to_counts() {
        let mut values = vec![-1.0; 10];
        values.extend([1.0; 40]);
        let histogram = Histogram::new(&values, 4);
        let shapes = chart(&histogram, false).shapes();
        let bars = bars(&shapes);
        assert_eq!(bars.len(), 2);
        assert!((bars[1].0 / bars[0].0 - 4.0).abs() < 1e-9, "{bars:?}");
        assert_ne!(bars[0].1, bars[1].1, "blue and orange");
        for tick in ["0", "10", "40", "−1.0", "0.5", "1.0"] {
            assert!(texts(&shapes).contains(&tick), "{tick} in {:?}", texts(&shapes));
        }
    }

    #[test]
    fn a_towering_bar_of_zeros_is_broken_and_labelled() {
        let mut values = vec![0.0; 790];
        values.extend((0..210).map(|at| 0.05 + at as f32 / 210.0));
        let histogram = Histogram::new(&values, 20);
        let linear = chart(&histogram, false);
        assert_eq!(linear.broken(), Some(0));
        let shapes = linear.shapes();
        let share = format::percent(histogram.counts[0] as f32 / 1000.0, 1);
        assert!(texts(&shapes).contains(&share.as_str()));
        assert!(shapes.iter().any(|shape| matches!(shape, Shape::Area { .. })));
        let heights = bars(&shapes);
        assert!(heights[1].0 > 40.0, "the others use the height: {heights:?}");
        assert_eq!(heights[0].1, neutral(false), "the bar that holds 0 is neutral");
        let log = chart(&histogram, true);
        assert_eq!(log.broken(), None);
        let shapes = log.shapes();
        for tick in ["1", "10", "100"] {
            assert!(texts(&shapes).contains(&tick), "{tick}");
        }
    }

    #[test]
    fn a_bar_is_found_under_the_pointer() {
        let histogram = Histogram::new(&[0.0, 1.0, 2.0, 3.0, 4.0], 5);
        let chart = chart(&histogram, false);
        assert_eq!(chart.bin_at(LEFT - 1.0), None);
        assert_eq!(chart.bin_at(LEFT + 1.0), Some(0));
        assert_eq!(chart.bin_at(320.0 - RIGHT - 1.0), Some(4));
        let empty = Histogram::default();
        assert!(self::chart(&empty, false).shapes().is_empty());
        assert!(!self::chart(&Histogram::new(&[2.0; 5], 8), false).shapes().is_empty());
    }
}
