//! The pad to draw on: with mouse, pen or finger, or with the keyboard on a grid.

use leptos::html::Canvas;
use leptos::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, KeyboardEvent, PointerEvent};

use crate::ui::browser::{context_2d, next_frame};
use crate::ui::features::input::digit::{self, Drawing, GRID, Point};
use crate::ui::features::input::store::PEN_RADIUS;
use crate::ui::state::{State, use_state};
use crate::ui::text::{t, t_once};

/// Side of the canvas, in its own pixels.
const SIDE: u32 = 448;

/// The bit of a mouse's main button, of a finger and of a pen's tip in `PointerEvent.buttons`.
const PRIMARY: u16 = 1;

/// Column and row at which the keyboard paints, while it does.
type Cursor = RwSignal<Option<[usize; 2]>>;

#[component]
pub fn Pad() -> impl IntoView {
    let state = use_state();
    let canvas = NodeRef::<Canvas>::new();
    let cursor: Cursor = RwSignal::new(None);
    let spoken = RwSignal::new(String::new());
    // The pointers that draw, and each one's stroke: a second finger draws a line of its own.
    let strokes = StoredValue::new(Vec::<(i32, usize)>::new());
    draw_on_frames(state, canvas, cursor);
    let end = move |event: &PointerEvent| {
        strokes.update_value(|strokes| strokes.retain(|(pointer, _)| *pointer != event.pointer_id()));
    };
    let begin = move |event: &PointerEvent| {
        let Some(canvas) = canvas.get_untracked() else { return };
        cursor.set(None);
        end(event);
        // Without capture the stroke ends at the edge, which is harmless.
        let _ = canvas.set_pointer_capture(event.pointer_id());
        let stroke = state.input.begin_stroke(point_under(&canvas, event));
        strokes.update_value(|strokes| strokes.push((event.pointer_id(), stroke)));
    };
    let extend = move |event: &PointerEvent| {
        let stroke = strokes.with_value(|strokes| {
            strokes.iter().find(|(pointer, _)| *pointer == event.pointer_id()).map(|(_, stroke)| *stroke)
        });
        let (Some(canvas), Some(stroke)) = (canvas.get_untracked(), stroke) else { return };
        // The button was let go where the page could not see it.
        if event.buttons() & PRIMARY == 0 {
            return end(event);
        }
        state.input.extend_stroke(stroke, point_under(&canvas, event));
    };
    let has_image = Memo::new(move |_| !state.input.image().with(Vec::is_empty));
    let has_cursor = Memo::new(move |_| cursor.with(Option::is_some));
    let show_cursor = move |_| {
        let is_by_key =
            canvas.get_untracked().is_some_and(|canvas| canvas.matches(":focus-visible").unwrap_or_default());
        if is_by_key {
            cursor.set(Some([GRID / 2; 2]));
        }
    };
    view! {
        <div class="pad">
            <canvas
                class="pad-canvas"
                width=SIDE
                height=SIDE
                role="application"
                tabindex="0"
                aria-describedby="pad-help"
                aria-label=move || t(&state.digit_key("pad"))
                node_ref=canvas
                on:keydown=move |event| {
                    if let Some(text) = on_key(state, cursor, &event) {
                        spoken.set(text);
                    }
                }
                on:focus=show_cursor
                on:blur=move |_| cursor.set(None)
                on:pointerdown=move |event| {
                    if event.button() == 0 {
                        begin(&event);
                    }
                }
                on:pointermove=move |event| extend(&event)
                on:pointerup=move |event| end(&event)
                on:pointercancel=move |event| end(&event)
            ></canvas>
            <p class="pad-hint" hidden=move || has_cursor.get() || has_image.get()>
                {move || t(if state.screen.is_narrow().get() { "pad_hint" } else { "pad_hint_drop" })}
            </p>
            <p class="pad-keys" id="pad-help" hidden=move || !has_cursor.get()>
                {move || t("pad_keys")}
            </p>
            <span class="visually-hidden" role="status">
                {spoken}
            </span>
        </div>
    }
}

/// Returns the point of the pad under the pointer; at the edge, if it is outside.
fn point_under(canvas: &HtmlCanvasElement, event: &PointerEvent) -> Point {
    let bounds = canvas.get_bounding_client_rect();
    let x = (f64::from(event.client_x()) - bounds.left()) / bounds.width();
    let y = (f64::from(event.client_y()) - bounds.top()) / bounds.height();
    Point { x: x.clamp(0.0, 1.0) as f32, y: y.clamp(0.0, 1.0) as f32 }
}

/// Moves the cursor and paints. Returns the announcement if the key was for the pad.
fn on_key(state: State, cursor: Cursor, event: &KeyboardEvent) -> Option<String> {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return None;
    }
    let [column, row] = cursor.get_untracked().unwrap_or([GRID / 2; 2]);
    let cell = match event.key().as_str() {
        "ArrowLeft" => [column.saturating_sub(1), row],
        "ArrowRight" => [(column + 1).min(GRID - 1), row],
        "ArrowUp" => [column, row.saturating_sub(1)],
        "ArrowDown" => [column, (row + 1).min(GRID - 1)],
        " " | "Enter" => {
            state.input.draw(|drawing| drawing.toggle_cell([column, row]));
            [column, row]
        }
        _ => return None,
    };
    event.prevent_default();
    cursor.set(Some(cell));
    if event.shift_key() && cell != [column, row] {
        state.input.draw(|drawing| {
            drawing.paint_cell([column, row]);
            drawing.paint_cell(cell);
        });
    }
    let is_painted = state.input.is_painted(cell);
    let [column, row] = cell.map(|at| (at + 1).to_string());
    Some(t_once(if is_painted { "pad_painted" } else { "pad_empty" }, &[("column", &column), ("row", &row)]))
}

/// Draws the pad on animation frames.
fn draw_on_frames(state: State, canvas: NodeRef<Canvas>, cursor: Cursor) {
    let is_requested = StoredValue::new(false);
    Effect::new(move |_| {
        state.input.drawing().track();
        state.input.ground().track();
        state.screen.is_dark().track();
        cursor.track();
        let Some(canvas) = canvas.get() else { return };
        if is_requested.get_value() {
            return;
        }
        is_requested.set_value(true);
        next_frame(move || {
            is_requested.set_value(false);
            let (is_dark, cursor) = (state.screen.is_dark().get_untracked(), cursor.try_get_untracked().flatten());
            state.input.ground().with_untracked(|ground| {
                state.input.drawing().with_untracked(|drawing| paint(&canvas, ground, drawing, cursor, is_dark));
            });
        });
    });
}

fn paint(canvas: &HtmlCanvasElement, ground: &[u8], drawing: &Drawing, cursor: Option<[usize; 2]>, is_dark: bool) {
    let Some(context) = context_2d(canvas) else { return };
    let side = SIDE as f64;
    context.clear_rect(0.0, 0.0, side, side);
    let ink = if is_dark { "#eef0e8" } else { "#20282c" };
    context.set_fill_style_str(ink);
    let pixel = side / digit::SIDE as f64;
    for (at, value) in ground.iter().enumerate().filter(|(_, value)| **value > 0) {
        let [x, y] = [at % digit::SIDE, at / digit::SIDE].map(|place| place as f64 * pixel);
        context.set_global_alpha(f64::from(*value) / 255.0);
        context.fill_rect(x, y, pixel, pixel);
    }
    context.set_global_alpha(1.0);
    if cursor.is_some() {
        grid(&context, if is_dark { "#333f44" } else { "#ded8ca" });
    }
    context.set_line_cap("round");
    context.set_line_join("round");
    context.set_line_width(2.0 * PEN_RADIUS as f64 * side);
    context.set_stroke_style_str(ink);
    for stroke in drawing.strokes() {
        context.begin_path();
        for (index, point) in stroke.iter().enumerate() {
            let (x, y) = (point.x as f64 * side, point.y as f64 * side);
            if index == 0 {
                context.move_to(x, y);
            }
            // A line of length zero still draws its round cap: a dot.
            context.line_to(x, y);
        }
        context.stroke();
    }
    if let Some(cell) = cursor {
        let cell_side = side / GRID as f64;
        let [x, y] = cell.map(|at| at as f64 * cell_side);
        // Two outlines, so that one of them stands out from any background.
        for (width, colour) in
            [(8.0, if is_dark { "#161c1f" } else { "#fffdf8" }), (4.0, if is_dark { "#8fd6b4" } else { "#1d6a50" })]
        {
            context.set_line_width(width);
            context.set_stroke_style_str(colour);
            context.stroke_rect(x, y, cell_side, cell_side);
        }
    }
}

fn grid(context: &CanvasRenderingContext2d, colour: &str) {
    let side = SIDE as f64;
    context.set_line_width(1.0);
    context.set_stroke_style_str(colour);
    context.begin_path();
    for line in 1..GRID {
        let at = (line as f64 * side / GRID as f64).round() + 0.5;
        context.move_to(at, 0.0);
        context.line_to(at, side);
        context.move_to(0.0, at);
        context.line_to(side, at);
    }
    context.stroke();
}
