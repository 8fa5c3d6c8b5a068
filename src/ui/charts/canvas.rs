//! Drawing on a canvas.

use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::plot::{Anchor, Frame, Point, Stroke, Surface};
use crate::ui::browser::context_2d;

/// Empty canvas of a size in pixels of the page.
pub struct Canvas(CanvasRenderingContext2d);

impl Canvas {
    /// Clears a canvas and makes it `ratio` times as fine as the page's pixels.
    pub fn new(canvas: &HtmlCanvasElement, [width, height]: Point, ratio: f64) -> Option<Self> {
        let (pixel_width, pixel_height) = ((width * ratio).round() as u32, (height * ratio).round() as u32);
        // Setting a size, even the same one, clears the canvas and allocates a new buffer.
        if (canvas.width(), canvas.height()) != (pixel_width, pixel_height) {
            canvas.set_width(pixel_width);
            canvas.set_height(pixel_height);
        }
        let context = context_2d(canvas)?;
        // This fails only for NaN.
        let _ = context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
        context.clear_rect(0.0, 0.0, width, height);
        Some(Self(context))
    }

    fn stroke(&self, stroke: Stroke<'_>) {
        let context = &self.0;
        context.set_stroke_style_str(stroke.colour);
        context.set_line_width(stroke.width);
        context.set_line_join("round");
        context.set_global_alpha(stroke.opacity);
        let dash = js_sys::Array::new();
        if stroke.is_dashed {
            dash.push(&4.0.into());
            dash.push(&3.0.into());
        }
        // Both lengths are positive.
        let _ = context.set_line_dash(&dash);
        context.stroke();
        context.set_global_alpha(1.0);
    }

    fn trace(&self, points: &[Point]) {
        for (index, [x, y]) in points.iter().enumerate() {
            if index == 0 { self.0.move_to(*x, *y) } else { self.0.line_to(*x, *y) }
        }
    }
}

impl Surface for Canvas {
    fn path(&mut self, points: &[Point], stroke: Stroke<'_>) {
        self.0.begin_path();
        self.trace(points);
        self.stroke(stroke);
    }

    fn segments(&mut self, segments: &[[Point; 2]], stroke: Stroke<'_>) {
        self.0.begin_path();
        segments.iter().for_each(|segment| self.trace(segment));
        self.stroke(stroke);
    }

    fn dots(&mut self, centres: &[Point], radius: f64, fill: &str, edge: Option<&str>) {
        let context = &self.0;
        context.set_fill_style_str(fill);
        context.begin_path();
        for [x, y] in centres {
            context.move_to(x + radius, *y);
            // The radius is positive, so this cannot fail.
            let _ = context.arc(*x, *y, radius, 0.0, std::f64::consts::TAU);
        }
        context.fill();
        if let Some(colour) = edge {
            self.stroke(Stroke { colour, width: 1.5, is_dashed: false, opacity: 1.0 });
        }
    }

    fn rectangle(&mut self, frame: Frame, fill: &str, opacity: f64) {
        self.0.set_global_alpha(opacity);
        self.0.set_fill_style_str(fill);
        self.0.fill_rect(frame.left, frame.top, frame.width, frame.height);
        self.0.set_global_alpha(1.0);
    }

    fn text(&mut self, text: &str, [x, y]: Point, anchor: Anchor, colour: &str, size_px: f64) {
        let context = &self.0;
        context.set_font(&format!("{size_px}px system-ui, sans-serif"));
        context.set_fill_style_str(colour);
        context.set_text_align(match anchor {
            Anchor::Start => "left",
            Anchor::Middle => "center",
            Anchor::End => "right",
        });
        // This fails only for NaN.
        let _ = context.fill_text(text, x, y);
    }

    fn clip(&mut self, frame: Frame) {
        self.0.save();
        self.0.begin_path();
        self.0.rect(frame.left, frame.top, frame.width, frame.height);
        self.0.clip();
    }

    fn unclip(&mut self) {
        self.0.restore();
    }
}
