//! Shapes on a canvas.

use std::f64::consts::TAU;

use leptos::prelude::window;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, PointerEvent};

use super::shapes::{Anchor, FONT, Frame, Shape, Stroke};
use crate::ui::browser::context_2d;

/// Returns the pixels of the screen for each CSS pixel of a canvas. A page that is zoomed in its style, or scaled as a slide is,
/// has more than the window.
pub fn pixel_ratio(canvas: &HtmlCanvasElement) -> f64 {
    let (shown, own) = (canvas.get_bounding_client_rect().width(), f64::from(canvas.offset_width()));
    // A hidden canvas has neither.
    let scale = if shown > 0.0 && own > 0.0 { shown / own } else { 1.0 };
    // More pixels than four for one cannot be told apart.
    window().device_pixel_ratio() * scale.clamp(0.25, 4.0)
}

/// Returns the place of the pointer in a canvas, in the canvas's own CSS pixels, however the page round it is scaled.
pub fn pointer_place(canvas: &HtmlCanvasElement, event: &PointerEvent) -> [f64; 2] {
    let bounds = canvas.get_bounding_client_rect();
    let place = |pointer: i32, start: f64, shown: f64, own: i32| {
        (f64::from(pointer) - start) * f64::from(own) / shown.max(f64::MIN_POSITIVE)
    };
    [
        place(event.client_x(), bounds.left(), bounds.width(), canvas.offset_width()),
        place(event.client_y(), bounds.top(), bounds.height(), canvas.offset_height()),
    ]
}

/// Draws the shapes on a canvas that is made `width` by `height` CSS pixels large, with `ratio` pixels for each.
pub fn draw(
    canvas: &HtmlCanvasElement,
    [width, height]: [f64; 2],
    ratio: f64,
    shapes: &[Shape],
    picture: Option<&HtmlCanvasElement>,
) {
    let (pixel_width, pixel_height) = ((width * ratio).round() as u32, (height * ratio).round() as u32);
    // Setting a size, even the same one, allocates a new buffer.
    if (canvas.width(), canvas.height()) != (pixel_width, pixel_height) {
        canvas.set_width(pixel_width);
        canvas.set_height(pixel_height);
    }
    let Some(context) = context_2d(canvas) else { return };
    // This fails only for NaN.
    let _ = context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
    context.clear_rect(0.0, 0.0, width, height);
    for shape in shapes {
        paint(&context, shape, picture);
    }
}

fn paint(context: &CanvasRenderingContext2d, shape: &Shape, picture: Option<&HtmlCanvasElement>) {
    match shape {
        Shape::Rectangle { x, y, width, height, fill } => {
            context.set_fill_style_str(fill);
            context.fill_rect(*x, *y, *width, *height);
        }
        Shape::Line { points, stroke, width } => {
            context.set_stroke_style_str(stroke);
            context.set_line_width(*width);
            context.set_line_join("round");
            trace(context, points);
            context.stroke();
            if let [only] = points[..] {
                context.set_fill_style_str(stroke);
                context.begin_path();
                // The radius is positive, so this cannot fail.
                let _ = context.arc(only.0, only.1, width.max(1.5), 0.0, TAU);
                context.fill();
            }
        }
        Shape::Strokes { lines, stroke } => strokes(context, lines, stroke),
        Shape::Dots { centres, radius, fill, edge } => {
            context.set_fill_style_str(fill);
            context.begin_path();
            for (x, y) in centres {
                context.move_to(x + radius, *y);
                // The radius is positive, so this cannot fail.
                let _ = context.arc(*x, *y, *radius, 0.0, TAU);
            }
            context.fill();
            if let Some(edge) = edge {
                context.set_stroke_style_str(edge);
                context.set_line_width(1.5);
                context.stroke();
            }
        }
        Shape::Veil { frame: Frame { left, top, width, height }, fill, opacity } => {
            context.set_global_alpha(*opacity);
            context.set_fill_style_str(fill);
            context.fill_rect(*left, *top, *width, *height);
            context.set_global_alpha(1.0);
        }
        Shape::Clip { frame: Frame { left, top, width, height }, shapes } => {
            context.save();
            context.begin_path();
            context.rect(*left, *top, *width, *height);
            context.clip();
            shapes.iter().for_each(|shape| paint(context, shape, picture));
            context.restore();
        }
        Shape::Area { points, fill } => {
            context.set_fill_style_str(fill);
            trace(context, points);
            context.close_path();
            context.fill();
        }
        Shape::Text { x, y, text, size, fill, anchor, is_bold } => {
            context.set_fill_style_str(fill);
            context.set_font(&format!("{}{size}px {FONT}", if *is_bold { "600 " } else { "" }));
            context.set_text_align(match anchor {
                Anchor::Start => "left",
                Anchor::Middle => "center",
                Anchor::End => "right",
            });
            context.set_text_baseline("alphabetic");
            let _ = context.fill_text(text, *x, *y);
        }
        Shape::Picture { x, y, width, height, is_pixelated } => {
            let Some(picture) = picture else { return };
            context.set_image_smoothing_enabled(!is_pixelated);
            // This fails only for a picture without pixels, which leaves nothing to draw.
            let _ = context.draw_image_with_html_canvas_element_and_dw_and_dh(picture, *x, *y, *width, *height);
        }
    }
}

fn trace(context: &CanvasRenderingContext2d, points: &[(f64, f64)]) {
    context.begin_path();
    for (at, (x, y)) in points.iter().enumerate() {
        if at == 0 { context.move_to(*x, *y) } else { context.line_to(*x, *y) }
    }
}

fn strokes(context: &CanvasRenderingContext2d, lines: &[Vec<(f64, f64)>], stroke: &Stroke) {
    context.set_stroke_style_str(&stroke.colour);
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
    context.begin_path();
    for line in lines {
        for (index, (x, y)) in line.iter().enumerate() {
            if index == 0 { context.move_to(*x, *y) } else { context.line_to(*x, *y) }
        }
    }
    context.stroke();
    let _ = context.set_line_dash(&js_sys::Array::new());
    context.set_global_alpha(1.0);
}
