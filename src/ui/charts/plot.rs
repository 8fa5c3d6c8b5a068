//! A line chart: axes with names and ticks, marks, raw values, lines, and a cross-hair, as shapes.

use std::ops::Range;

use super::axis::Axis;
use super::shapes::{Anchor, Frame, Shape, Stroke, text_width};
use crate::ui::charts::ticks::{log_tick_text, log_ticks, tick_text, ticks};

/// Point in the units of the axes or in pixels.
pub type Point = (f64, f64);

/// Colours, read from the style sheet so that both themes draw alike.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Palette {
    pub text: String,
    pub grid: String,
    pub train: String,
    pub validation: String,
    pub ground: String,
    /// Colours of runs, by their numbers.
    pub runs: Vec<String>,
}

impl Palette {
    pub fn of_run(&self, number: u32) -> &str {
        self.runs.get(run_colour(number) - 1).map_or(&self.text, String::as_str)
    }
}

/// Returns the number of a run's colour in the style sheet, from 1.
pub fn run_colour(number: u32) -> usize {
    number as usize % RUN_COLOURS + 1
}

/// Colours of runs in the style sheet.
pub const RUN_COLOURS: usize = 6;

/// A line of a chart.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    pub points: Vec<Point>,
    pub colour: String,
    pub width: f64,
    /// Position from which the line is dashed, because it may still change.
    pub dashed_from: f64,
    /// The points are marked.
    pub has_dots: bool,
    /// The points are joined.
    pub is_joined: bool,
}

/// See the [module](self).
#[derive(Clone, PartialEq, Debug)]
pub struct Plot {
    pub x_limits: Range<f64>,
    pub y_axis: Axis,
    pub is_percent: bool,
    pub x_name: String,
    pub y_name: String,
    /// Positions of vertical lines, with their labels.
    pub marks: Vec<(f64, String)>,
    /// Raw values, as lowest and highest value at a position.
    pub raw: Vec<(f64, Range<f64>)>,
    pub raw_colour: String,
    /// Later lines lie above earlier ones.
    pub lines: Vec<Line>,
    pub cursor: Option<f64>,
    /// Part of the axis that is being selected.
    pub brush: Option<Range<f64>>,
}

const LEFT: f64 = 50.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 34.0;
const TEXT_PX: f64 = 11.0;

/// Returns the position on the axis at `x` of a chart that is `width` wide.
pub fn position_at(x: f64, width: f64, limits: &Range<f64>) -> f64 {
    let share = ((x - LEFT) / (width - LEFT - RIGHT).max(1.0)).clamp(0.0, 1.0);
    limits.start + share * (limits.end - limits.start)
}

/// Draws a plot into a frame.
pub fn shapes(plot: &Plot, palette: &Palette, frame: Frame) -> Vec<Shape> {
    if frame.width < LEFT + RIGHT + 20.0 || frame.height < TOP + BOTTOM + 20.0 {
        return Vec::new();
    }
    let area = Frame {
        left: frame.left + LEFT,
        top: frame.top + TOP,
        width: frame.width - LEFT - RIGHT,
        height: frame.height - TOP - BOTTOM,
    };
    let mut pen = Pen { plot, palette, area, shapes: Vec::new() };
    pen.axes();
    pen.marks();
    let around = std::mem::take(&mut pen.shapes);
    pen.raw();
    plot.lines.iter().for_each(|line| pen.line(line));
    // Room for the width of lines and for half a dot.
    let margin = 4.0;
    let inner = Frame {
        left: area.left - margin,
        top: area.top - 1.0,
        width: area.width + 2.0 * margin,
        height: area.height + 2.0,
    };
    let clip = Shape::Clip { frame: inner, shapes: std::mem::replace(&mut pen.shapes, around) };
    pen.shapes.push(clip);
    plot.lines.iter().for_each(|line| pen.cut_off(line));
    pen.brush();
    pen.cursor();
    pen.shapes
}

struct Pen<'a> {
    plot: &'a Plot,
    palette: &'a Palette,
    area: Frame,
    shapes: Vec<Shape>,
}

impl Pen<'_> {
    fn x(&self, position: f64) -> f64 {
        let Range { start, end } = self.plot.x_limits;
        self.area.left + (position - start) / (end - start) * self.area.width
    }

    fn y(&self, value: f64) -> f64 {
        let Range { start, end } = self.plot.y_axis.limits;
        let share = match self.plot.y_axis.is_log {
            true => (value.max(1e-300) / start).ln() / (end / start).ln(),
            false => (value - start) / (end - start),
        };
        // Canvases and SVG viewers cannot draw to a point that is far away.
        self.bottom() - share.clamp(-2.0, 3.0) * self.area.height
    }

    fn bottom(&self) -> f64 {
        self.area.top + self.area.height
    }

    fn right(&self) -> f64 {
        self.area.left + self.area.width
    }

    /// Draws lines of one pixel.
    fn thin(&mut self, lines: impl IntoIterator<Item = [Point; 2]>, colour: &str) {
        let stroke = Stroke { colour: colour.to_owned(), width: 1.0, is_dashed: false, opacity: 1.0 };
        let lines: Vec<Vec<Point>> = lines.into_iter().map(Vec::from).collect();
        if !lines.is_empty() {
            self.shapes.push(Shape::Strokes { lines, stroke });
        }
    }

    fn dots(&mut self, centres: Vec<Point>, radius: f64, fill: &str, edge: Option<&str>) {
        /// The edges of more dots than this would run into one band.
        const MOST_EDGED: usize = 60;
        let edge = edge.filter(|_| centres.len() <= MOST_EDGED).map(str::to_owned);
        self.shapes.push(Shape::Dots { centres, radius, fill: fill.to_owned(), edge });
    }

    fn label(&mut self, text: &str, (x, y): Point, anchor: Anchor) {
        self.shapes.push(Shape::text(x, y, text, TEXT_PX, &self.palette.text, anchor));
    }

    fn axes(&mut self) {
        let Axis { limits, is_log } = self.plot.y_axis.clone();
        let scale = if self.plot.is_percent { 100.0 } else { 1.0 };
        let y_ticks = match is_log {
            true => log_ticks(limits.start, limits.end),
            false => ticks(limits.start * scale, limits.end * scale),
        };
        let lines: Vec<[Point; 2]> = y_ticks
            .iter()
            .map(|tick| {
                let y = self.y(tick / scale).round() + 0.5;
                [(self.area.left, y), (self.right(), y)]
            })
            .collect();
        self.thin(lines.clone(), &self.palette.grid);
        for (tick, [(_, y), _]) in y_ticks.iter().zip(lines) {
            let text = if is_log { log_tick_text(*tick) } else { tick_text(*tick, &y_ticks) };
            let text = if self.plot.is_percent { format!("{text}%") } else { text };
            self.label(&text, (self.area.left - 6.0, y + TEXT_PX * 0.35), Anchor::End);
        }
        let x_ticks = ticks(self.plot.x_limits.start, self.plot.x_limits.end);
        let x_ticks: Vec<f64> = x_ticks.into_iter().filter(|tick| *tick >= 0.0).collect();
        let room = TEXT_PX * 4.5;
        let every = (x_ticks.len() as f64 * room / self.area.width).ceil().max(1.0) as usize;
        for tick in x_ticks.iter().step_by(every) {
            let text = tick_text(*tick, &x_ticks);
            let half = text_width(&text, TEXT_PX) / 2.0;
            let x = self.x(*tick).min(self.right() + RIGHT - half);
            self.label(&text, (x, self.bottom() + TEXT_PX + 4.0), Anchor::Middle);
        }
        self.label(&self.plot.x_name, (self.right(), self.bottom() + 2.0 * TEXT_PX + 8.0), Anchor::End);
        self.label(&self.plot.y_name, (self.area.left - LEFT + 4.0, self.area.top - TEXT_PX - 1.0), Anchor::Start);
    }

    /// Draws the marks, with labels as far as there is room.
    fn marks(&mut self) {
        let is_visible = |position: &f64| (self.plot.x_limits.start..=self.plot.x_limits.end).contains(position);
        let visible: Vec<(f64, &str)> = self
            .plot
            .marks
            .iter()
            .filter(|(position, _)| is_visible(position))
            .map(|(position, label)| (self.x(*position).round() + 0.5, label.as_str()))
            .collect();
        // More lines than that would be a grey area.
        let every = visible.len().div_ceil(100).max(1);
        let (top, bottom) = (self.area.top, self.bottom());
        let lines = visible.iter().step_by(every).map(|(x, _)| [(*x, top), (*x, bottom)]);
        self.thin(lines, &self.palette.grid);
        let mut free = f64::NEG_INFINITY;
        for (x, label) in visible {
            let width = text_width(label, TEXT_PX);
            if x - width >= free.max(self.area.left) {
                self.label(label, (x - 3.0, top - 2.0), Anchor::End);
                free = x + 6.0;
            }
        }
    }

    fn raw(&mut self) {
        const RADIUS_PX: f64 = 1.4;
        // A square is painted many times faster than a disc, and so small they look alike.
        const MAX_ROUND: usize = 100;
        let plot = self.plot;
        let place = |(position, range): &(f64, Range<f64>)| {
            let x = self.x(*position);
            [(x, self.y(range.start) + 0.6), (x, self.y(range.end) - 0.6)]
        };
        let segments: Vec<[Point; 2]> = plot.raw.iter().map(place).collect();
        let is_sparse = segments.len() as f64 <= self.area.width * 1.2;
        if is_sparse && plot.raw.iter().all(|(_, range)| range.start == range.end) {
            let centres = segments.iter().map(|[from, to]| (from.0, (from.1 + to.1) / 2.0));
            if segments.len() <= MAX_ROUND {
                self.dots(centres.collect(), RADIUS_PX, &plot.raw_colour, None);
            } else {
                let dash = |(x, y): Point| vec![(x - RADIUS_PX, y), (x + RADIUS_PX, y)];
                let stroke =
                    Stroke { colour: plot.raw_colour.clone(), width: 2.0 * RADIUS_PX, is_dashed: false, opacity: 1.0 };
                self.shapes.push(Shape::Strokes { lines: centres.map(dash).collect(), stroke });
            }
            return;
        }
        let width = (self.area.width / (segments.len() as f64).max(1.0)).clamp(1.0, 2.0);
        let stroke = Stroke { colour: plot.raw_colour.clone(), width, is_dashed: false, opacity: 0.5 };
        self.shapes.push(Shape::Strokes { lines: segments.into_iter().map(Vec::from).collect(), stroke });
    }

    fn line(&mut self, line: &Line) {
        let points: Vec<Point> = line.points.iter().map(|(x, y)| (self.x(*x), self.y(*y))).collect();
        let stroke = Stroke { colour: line.colour.clone(), width: line.width, is_dashed: false, opacity: 1.0 };
        if line.is_joined {
            let solid = line.points.partition_point(|(x, _)| *x <= line.dashed_from);
            let dashed = &points[solid.saturating_sub(1)..];
            self.shapes.push(Shape::Strokes { lines: vec![points[..solid].to_vec()], stroke: stroke.clone() });
            if solid < points.len() {
                let stroke = Stroke { is_dashed: true, ..stroke };
                self.shapes.push(Shape::Strokes { lines: vec![dashed.to_vec()], stroke });
            }
        }
        if line.has_dots {
            self.dots(points, 3.5, &line.colour, Some(&self.palette.ground));
        } else if points.len() == 1 {
            // A line of one point is invisible.
            self.dots(points, line.width + 1.0, &line.colour, None);
        }
    }

    /// Marks where a line leaves the frame through its top or bottom.
    fn cut_off(&mut self, line: &Line) {
        let limits = &self.plot.y_axis.limits;
        let is_outside = |(_, y): &&Point| *y > limits.end || *y < limits.start;
        let Some((x, y)) = line.points.iter().find(is_outside).copied() else { return };
        let (sign, top) = if y > limits.end { ("▲", self.area.top + 8.0) } else { ("▼", self.bottom()) };
        self.shapes.push(Shape::text(self.x(x), top, sign, TEXT_PX, &line.colour, Anchor::Middle));
    }

    fn brush(&mut self) {
        let Some(Range { start, end }) = self.plot.brush.clone() else { return };
        let (left, right) = (self.x(start.min(end)), self.x(start.max(end)));
        let frame = Frame { left, width: right - left, ..self.area };
        self.shapes.push(Shape::Veil { frame, fill: self.palette.train.clone(), opacity: 0.18 });
    }

    fn cursor(&mut self) {
        let Some(position) = self.plot.cursor else { return };
        if (self.plot.x_limits.start..=self.plot.x_limits.end).contains(&position) {
            let x = self.x(position).round() + 0.5;
            self.thin([[(x, self.area.top), (x, self.bottom())]], &self.palette.text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::charts::shapes::svg;

    fn line(points: &[Point]) -> Line {
        Line {
            points: points.to_vec(),
            colour: "blue".to_owned(),
            width: 2.0,
            dashed_from: f64::INFINITY,
            has_dots: false,
            is_joined: true,
        }
    }

    fn plot(lines: Vec<Line>) -> Plot {
        Plot {
            x_limits: 0.0..100.0,
            y_axis: Axis { limits: 0.0..2.0, is_log: false },
            is_percent: false,
            x_name: "steps".to_owned(),
            y_name: "loss".to_owned(),
            marks: vec![(50.0, "epoch 1".to_owned()), (51.0, "epoch 2".to_owned())],
            raw: Vec::new(),
            raw_colour: "blue".to_owned(),
            lines,
            cursor: None,
            brush: None,
        }
    }

    fn drawn(plot: &Plot) -> String {
        let palette = Palette { text: "black".to_owned(), grid: "grey".to_owned(), ..Palette::default() };
        let frame = Frame { left: 0.0, top: 0.0, width: 400.0, height: 200.0 };
        svg(400.0, 200.0, &shapes(plot, &palette, frame), "")
    }

    #[test]
    fn axes_are_named_and_marks_labelled_where_there_is_room() {
        let text = drawn(&plot(vec![]));
        for word in [">steps<", ">loss<", ">epoch 1<", ">100<", ">0.5<"] {
            assert!(text.contains(word), "{word} in {text}");
        }
        assert!(!text.contains("epoch 2"), "no room for it");
    }

    #[test]
    fn a_line_that_leaves_the_frame_is_marked() {
        assert!(!drawn(&plot(vec![line(&[(0.0, 1.0), (9.0, 2.0)])])).contains('▲'));
        let text = drawn(&plot(vec![line(&[(0.0, 1.0), (9.0, 1e22)])]));
        assert!(text.contains('▲') && !text.contains("e22"), "{text}");
    }

    #[test]
    fn a_single_step_is_a_point_and_the_end_is_dashed() {
        assert!(drawn(&plot(vec![line(&[(1.0, 1.0)])])).contains("<circle"));
        let whole = drawn(&plot(vec![line(&[(0.0, 1.0), (50.0, 1.0), (100.0, 1.0)])]));
        assert!(!whole.contains("dasharray"));
        let open = line(&[(0.0, 1.0), (50.0, 1.0), (100.0, 1.0)]);
        assert!(drawn(&plot(vec![Line { dashed_from: 60.0, ..open }])).contains("dasharray"));
    }

    #[test]
    fn the_pointer_is_over_a_position() {
        assert_eq!(position_at(LEFT, 400.0, &(10.0..20.0)), 10.0);
        assert_eq!(position_at(400.0 - RIGHT, 400.0, &(10.0..20.0)), 20.0);
        assert_eq!(position_at(-5.0, 400.0, &(10.0..20.0)), 10.0);
    }
}
