//! The drawing pad for digits: with mouse, pen or finger, or with the keyboard on a grid.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, KeyboardEvent, PointerEvent};

use super::element::{Element, el};
use crate::ui::browser::{context_2d, next_frame};
use crate::ui::digit::{Drawing, GRID, Point};
use crate::ui::input::PEN_RADIUS;
use crate::ui::state::State;
use crate::ui::text::t_once;
use leptos::prelude::*;

/// Side of the canvas, in its own pixels.
const SIDE: u32 = 448;

/// Column and row at which the keyboard paints, while it does.
type Cursor = Rc<RwSignal<Option<[usize; 2]>>>;

pub fn pad(state: State) -> Element {
    let side = SIDE.to_string();
    let element = el("canvas")
        .class("pad-canvas")
        .attr("width", &side)
        .attr("height", &side)
        .attr("role", "application")
        .attr("tabindex", "0")
        .attr("aria-describedby", "pad-help")
        .label("pad");
    let canvas = element.canvas();
    let cursor: Cursor = Rc::new(RwSignal::new(None));
    let spoken = Rc::new(RwSignal::new(String::new()));
    let element = drawn(state, element, &canvas, cursor.clone());
    let element = by_pointer(state, element, canvas.clone(), cursor.clone());
    let (keyed, said, left, entered) = (cursor.clone(), spoken.clone(), cursor.clone(), cursor.clone());
    let element = element
        .on("keydown", move |event| {
            if let Some(text) = on_key(state, &keyed, event.unchecked_ref()) {
                said.set(text);
            }
        })
        .on("focus", move |_| {
            if canvas.matches(":focus-visible").unwrap_or_default() {
                entered.set(Some([GRID / 2; 2]));
            }
        })
        .on("blur", move |_| left.set(None));
    let has_image = move || !state.input.image.with(Vec::is_empty);
    let shows_help = cursor.clone();
    let hint_is_hidden = move || cursor.with(Option::is_some) || has_image();
    el("div")
        .class("pad")
        .child(element)
        .child(el("p").class("pad-hint").flag("hidden", hint_is_hidden).tr("pad_hint"))
        .child(
            el("p")
                .class("pad-keys")
                .id("pad-help")
                .flag("hidden", move || shows_help.with(Option::is_none))
                .tr("pad_keys"),
        )
        .child(el("span").class("visually-hidden").attr("role", "status").text_fn(move || spoken.get()))
}

/// Moves the cursor and paints. Returns the announcement if the key was for the pad.
fn on_key(state: State, cursor: &Cursor, event: &KeyboardEvent) -> Option<String> {
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

/// Draws strokes with the pointer.
fn by_pointer(state: State, element: Element, canvas: HtmlCanvasElement, cursor: Cursor) -> Element {
    let is_down = Rc::new(Cell::new(false));
    let pen = Rc::new(move |event: &PointerEvent, begins: bool| {
        let bounds = canvas.get_bounding_client_rect();
        if begins {
            cursor.set(None);
            // Without capture the stroke ends at the edge, which is harmless.
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        let x = (event.client_x() as f64 - bounds.left()) / bounds.width();
        let y = (event.client_y() as f64 - bounds.top()) / bounds.height();
        let point = Point { x: x.clamp(0.0, 1.0) as f32, y: y.clamp(0.0, 1.0) as f32 };
        state.input.draw_stroke(point, begins);
    });
    let (begin, extend) = (pen.clone(), pen);
    let (set_down, moved, lifted, cancelled) = (is_down.clone(), is_down.clone(), is_down.clone(), is_down);
    element
        .on("pointerdown", move |event| {
            let event: &PointerEvent = event.unchecked_ref();
            if event.button() == 0 {
                set_down.set(true);
                begin(event, true);
            }
        })
        .on("pointermove", move |event| {
            if moved.get() {
                extend(event.unchecked_ref(), false);
            }
        })
        .on("pointerup", move |_| lifted.set(false))
        .on("pointercancel", move |_| cancelled.set(false))
}

/// Draws the pad on animation frames.
fn drawn(state: State, element: Element, canvas: &HtmlCanvasElement, cursor: Cursor) -> Element {
    let is_requested = Rc::new(Cell::new(false));
    let canvas = canvas.clone();
    element.effect(move || {
        state.input.drawing.track();
        state.is_dark.track();
        cursor.track();
        if is_requested.replace(true) {
            return;
        }
        let (canvas, is_requested, cursor) = (canvas.clone(), is_requested.clone(), cursor.clone());
        next_frame(move || {
            is_requested.set(false);
            let (is_dark, cursor) = (state.is_dark.get_untracked(), cursor.get_untracked());
            state.input.drawing.with_untracked(|drawing| paint(&canvas, drawing, cursor, is_dark));
        });
    })
}

fn paint(canvas: &HtmlCanvasElement, drawing: &Drawing, cursor: Option<[usize; 2]>, is_dark: bool) {
    let Some(context) = context_2d(canvas) else { return };
    let side = SIDE as f64;
    context.clear_rect(0.0, 0.0, side, side);
    if cursor.is_some() {
        grid(&context, if is_dark { "#333f44" } else { "#ded8ca" });
    }
    context.set_line_cap("round");
    context.set_line_join("round");
    context.set_line_width(2.0 * PEN_RADIUS as f64 * side);
    context.set_stroke_style_str(if is_dark { "#eef0e8" } else { "#20282c" });
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
