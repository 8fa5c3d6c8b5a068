//! A line chart on a canvas: axes, a band, lines, marks and a crosshair. It knows nothing of training.

use std::ops::Range;

use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use crate::ui::browser::context_2d;
use crate::ui::loss_series::Sample;
use crate::ui::ticks::{tick_text, ticks};

/// Colours, read from the style sheet so that both themes draw alike.
#[derive(Clone, PartialEq, Debug)]
pub struct Palette {
    pub text: String,
    pub grid: String,
    pub train: String,
    pub validation: String,
    pub ground: String,
}

/// Content of a chart.
pub struct Chart<'a> {
    /// Last step of the axis, which starts at 0.
    pub last_step: u32,
    pub y_range: Range<f32>,
    pub is_percent: bool,
    /// Lowest and highest value around each step.
    pub band: &'a [(u32, Range<f32>)],
    pub train: &'a [Sample],
    pub validation: &'a [Sample],
    /// Other lines to compare with.
    pub others: &'a [&'a [Sample]],
    /// Positions of vertical lines.
    pub marks: &'a [u32],
    pub cursor: Option<u32>,
}

const LEFT: f64 = 46.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 22.0;

/// Returns the step under a pointer at `x` of a chart that is `width` wide.
pub fn step_at(x: f64, width: f64, last_step: u32) -> u32 {
    let share = ((x - LEFT) / (width - LEFT - RIGHT).max(1.0)).clamp(0.0, 1.0);
    ((share * last_step as f64).round() as u32).max(1)
}

/// Draws the chart at the canvas's size on the page, in the screen's own pixels.
pub fn draw(canvas: &HtmlCanvasElement, palette: &Palette, chart: &Chart<'_>, pixel_ratio: f64) {
    let (width, height) = (canvas.client_width() as f64, canvas.client_height() as f64);
    if width < LEFT + RIGHT + 20.0 || height < TOP + BOTTOM + 20.0 {
        return;
    }
    let (pixel_width, pixel_height) = ((width * pixel_ratio).round() as u32, (height * pixel_ratio).round() as u32);
    // Setting a size, even the same one, clears the canvas and allocates a new buffer.
    if (canvas.width(), canvas.height()) != (pixel_width, pixel_height) {
        canvas.set_width(pixel_width);
        canvas.set_height(pixel_height);
    }
    let Some(context) = context_2d(canvas) else { return };
    // These fail only for NaN.
    let _ = context.set_transform(pixel_ratio, 0.0, 0.0, pixel_ratio, 0.0, 0.0);
    context.clear_rect(0.0, 0.0, width, height);
    let frame = Frame { context: &context, palette, chart, width, height };
    frame.axes();
    frame.marks();
    context.save();
    context.begin_path();
    context.rect(LEFT, TOP - 2.0, width - LEFT - RIGHT + 4.0, height - TOP - BOTTOM + 4.0);
    context.clip();
    frame.others();
    frame.band();
    frame.line(chart.train, &palette.train, 2.0);
    frame.line(chart.validation, &palette.validation, 2.0);
    frame.dots(chart.validation, &palette.validation);
    context.restore();
    frame.cursor();
}

struct Frame<'a> {
    context: &'a CanvasRenderingContext2d,
    palette: &'a Palette,
    chart: &'a Chart<'a>,
    width: f64,
    height: f64,
}

impl Frame<'_> {
    fn x(&self, step: f64) -> f64 {
        LEFT + step / (self.chart.last_step.max(1) as f64) * (self.width - LEFT - RIGHT)
    }

    fn y(&self, value: f32) -> f64 {
        let Range { start, end } = self.chart.y_range;
        let share = ((value - start) / (end - start)) as f64;
        self.height - BOTTOM - share * (self.height - TOP - BOTTOM)
    }

    fn straight(&self, from: (f64, f64), to: (f64, f64)) {
        self.context.begin_path();
        self.context.move_to(from.0, from.1);
        self.context.line_to(to.0, to.1);
        self.context.stroke();
    }

    fn axes(&self) {
        let context = self.context;
        context.set_font("11px system-ui, sans-serif");
        context.set_fill_style_str(&self.palette.text);
        context.set_stroke_style_str(&self.palette.grid);
        context.set_line_width(1.0);
        context.set_text_align("right");
        context.set_text_baseline("middle");
        let scale = if self.chart.is_percent { 100.0 } else { 1.0 };
        let y_ticks = ticks(self.chart.y_range.start as f64 * scale, self.chart.y_range.end as f64 * scale);
        for tick in &y_ticks {
            let y = self.y((tick / scale) as f32).round() + 0.5;
            self.straight((LEFT, y), (self.width - RIGHT, y));
            let text = tick_text(*tick, &y_ticks);
            // The browser narrows a text that does not fit.
            let _ = context.fill_text(&if self.chart.is_percent { format!("{text}%") } else { text }, LEFT - 6.0, y);
        }
        context.set_text_baseline("alphabetic");
        context.set_text_align("center");
        let x_ticks: Vec<f64> =
            ticks(0.0, self.chart.last_step as f64).into_iter().filter(|tick| tick.fract() == 0.0).collect();
        for tick in &x_ticks {
            let x = self.x(*tick).min(self.width - RIGHT - 8.0);
            let _ = context.fill_text(&tick_text(*tick, &x_ticks), x, self.height - 6.0);
        }
    }

    fn marks(&self) {
        self.context.set_stroke_style_str(&self.palette.grid);
        for mark in self.chart.marks {
            let x = self.x(*mark as f64).round() + 0.5;
            self.straight((x, TOP), (x, self.height - BOTTOM));
        }
    }

    fn others(&self) {
        self.context.set_global_alpha(0.65);
        for line in self.chart.others {
            self.line(line, &self.palette.text, 1.2);
        }
        self.context.set_global_alpha(1.0);
    }

    fn band(&self) {
        let context = self.context;
        context.set_global_alpha(0.35);
        context.set_stroke_style_str(&self.palette.train);
        context.set_line_width(1.0);
        context.begin_path();
        for (step, range) in self.chart.band {
            let x = self.x(*step as f64);
            context.move_to(x, self.y(range.start) + 0.5);
            context.line_to(x, self.y(range.end) - 0.5);
        }
        context.stroke();
        context.set_global_alpha(1.0);
    }

    fn line(&self, samples: &[Sample], colour: &str, line_width: f64) {
        let context = self.context;
        context.set_stroke_style_str(colour);
        context.set_line_width(line_width);
        context.set_line_join("round");
        context.begin_path();
        for (index, sample) in samples.iter().enumerate() {
            let (x, y) = (self.x(sample.step as f64), self.y(sample.value));
            if index == 0 { context.move_to(x, y) } else { context.line_to(x, y) }
        }
        context.stroke();
    }

    fn dots(&self, samples: &[Sample], colour: &str) {
        let context = self.context;
        context.set_fill_style_str(colour);
        context.set_stroke_style_str(&self.palette.ground);
        context.set_line_width(1.5);
        for sample in samples {
            context.begin_path();
            // The radius is positive, so this cannot fail.
            let _ = context.arc(self.x(sample.step as f64), self.y(sample.value), 3.5, 0.0, std::f64::consts::TAU);
            context.fill();
            context.stroke();
        }
    }

    fn cursor(&self) {
        let Some(step) = self.chart.cursor else { return };
        self.context.set_stroke_style_str(&self.palette.text);
        self.context.set_line_width(1.0);
        let x = self.x(step as f64).round() + 0.5;
        self.straight((x, TOP), (x, self.height - BOTTOM));
    }
}
