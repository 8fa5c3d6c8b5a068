//! A tensor of the network as an image that follows training, with the value under the pointer.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::{Clamped, JsCast};
use web_sys::{HtmlCanvasElement, ImageData, PointerEvent};

use super::element::{Element, el};
use crate::protocol::{Answer, Command};
use crate::ui::browser::{after_ms, context_2d};
use crate::ui::format;
use crate::ui::live::Live;
use crate::ui::state::{State, floats};
use crate::ui::tensor_image::{Role, Tiles};
use crate::ui::text::{report_text, t_with};

/// Between two readings. Nothing is read once the view is gone.
const PAUSE_MS: i32 = 600;

struct Shown {
    name: String,
    role: Role,
    canvas: HtmlCanvasElement,
    values: RefCell<Option<(Tiles, Vec<f32>)>>,
    /// The largest magnitude; 0 while there are no values.
    scale: Live<f32>,
    /// What the engine says where it has no values.
    problem: Live<String>,
    hover: Live<Option<[usize; 4]>>,
    is_reading: Cell<bool>,
    stale: Live<u32>,
}

pub fn tensor_view(state: State, name: String, role: Role) -> Element {
    let canvas = el("canvas").class("tensor-image").attr("role", "img").attr("aria-label", &name);
    let shown = Rc::new(Shown {
        name: name.clone(),
        role,
        canvas: canvas.canvas(),
        values: RefCell::new(None),
        scale: Live::new(0.0),
        problem: Live::new(String::new()),
        hover: Live::new(None),
        is_reading: Cell::new(false),
        stale: Live::new(0),
    });
    let (read, moved, left, named, scaled, failed) =
        (shown.clone(), shown.clone(), shown.clone(), shown.clone(), shown.clone(), shown);
    let canvas = canvas
        .effect(move || read_soon(state, &read))
        .on("pointermove", move |event| moved.hover.set(moved.place(event.unchecked_ref())))
        .on("pointerleave", move |_| left.hover.set(None));
    let scale = move || match scaled.scale.get() {
        0.0 => String::new(),
        scale => t_with("tensor_scale", &[("scale", &format::loss(scale))]),
    };
    el("figure")
        .class("tensor")
        .child(
            el("figcaption")
                .child(el("code").text(&name))
                .child(el("span").class("tensor-readout").text_fn(move || named.readout())),
        )
        .child(canvas)
        .child(el("div").class("tensor-scale").attr("aria-hidden", "true"))
        .child(el("p").class("help").text_fn(scale))
        .child(el("p").class("help").text_fn(move || failed.problem.get()))
}

/// Reads the tensor when the weights have changed: one reading at a time, and not too often.
fn read_soon(state: State, shown: &Rc<Shown>) {
    state.weights_version.track();
    shown.stale.track();
    state.is_dark.track();
    if shown.is_reading.replace(true) {
        return;
    }
    let version = state.weights_version.get_untracked();
    let shown = shown.clone();
    state.ask(Command::Tensor { name: shown.name.clone() }, Vec::new(), move |outcome| {
        match outcome {
            Ok((Answer::Tensor { shape }, arrays)) => {
                let values = arrays.into_iter().find_map(floats).unwrap_or_default();
                shown.paint(Tiles::new(&shape, shown.role), values, state.is_dark.get_untracked());
                shown.problem.set(String::new());
            }
            Ok(_) => {}
            Err(report) => shown.problem.set(report_text(&report)),
        }
        after_ms(PAUSE_MS, move || {
            shown.is_reading.set(false);
            if state.weights_version.get_untracked() != version {
                shown.stale.update(|count| *count += 1);
            }
        });
    });
}

impl Shown {
    fn paint(&self, tiles: Tiles, values: Vec<f32>, is_dark: bool) {
        let scale = values.iter().filter(|value| value.is_finite()).fold(0.0, |top: f32, value| top.max(value.abs()));
        let (width, height) = tiles.size();
        // Setting the size clears the canvas.
        self.canvas.set_width(width as u32);
        self.canvas.set_height(height as u32);
        let mut rgba = vec![0; width * height * 4];
        for (at, pixel) in rgba.chunks_exact_mut(4).enumerate() {
            let Some([.., index]) = tiles.at(at % width, at / width) else { continue };
            let value = values.get(index).copied().unwrap_or_default() / scale.max(f32::MIN_POSITIVE);
            pixel.copy_from_slice(&colour(value, is_dark));
        }
        if let (Some(context), Ok(image)) =
            (context_2d(&self.canvas), ImageData::new_with_u8_clamped_array(Clamped(&rgba), width as u32))
        {
            // It fails only for an image of another origin, which this is not.
            let _ = context.put_image_data(&image, 0.0, 0.0);
        }
        *self.values.borrow_mut() = Some((tiles, values));
        self.scale.set(scale);
    }

    /// What is under the pointer.
    fn place(&self, event: &PointerEvent) -> Option<[usize; 4]> {
        let values = self.values.borrow();
        let (tiles, _) = values.as_ref()?;
        let (width, height) = tiles.size();
        let share = |offset: i32, length: i32| f64::from(offset) / f64::from(length.max(1));
        let x = share(event.offset_x(), self.canvas.client_width()) * width as f64;
        let y = share(event.offset_y(), self.canvas.client_height()) * height as f64;
        tiles.at((x.max(0.0) as usize).min(width - 1), (y.max(0.0) as usize).min(height - 1))
    }

    fn readout(&self) -> String {
        self.scale.track();
        let Some([tile, row, column, index]) = self.hover.get() else { return String::new() };
        let value = self.values.borrow().as_ref().and_then(|(_, values)| values.get(index).copied());
        let Some(value) = value else { return String::new() };
        let [tile, row, column] = [tile, row, column].map(|at| at.to_string());
        let value = format::loss(value);
        t_with("tensor_value", &[("tile", &tile), ("row", &row), ("column", &column), ("value", &value)])
    }
}

/// From -1 (blue) over 0 (the ground) to 1 (orange), as `--scale-negative` and `--scale-positive` in the style sheet.
fn colour(value: f32, is_dark: bool) -> [u8; 4] {
    let ground: [f32; 3] = if is_dark { [36.0, 42.0, 45.0] } else { [244.0, 243.0, 238.0] };
    let full: [f32; 3] = match (value > 0.0, is_dark) {
        (true, false) => [190.0, 82.0, 14.0],
        (true, true) => [246.0, 150.0, 74.0],
        (false, false) => [28.0, 88.0, 166.0],
        (false, true) => [108.0, 172.0, 246.0],
    };
    // The square root shows small values too; what is no number stands out.
    let share = if value.is_finite() { value.abs().min(1.0).sqrt() } else { return [255, 0, 200, 255] };
    let mix = |at: usize| (ground[at] + (full[at] - ground[at]) * share) as u8;
    [mix(0), mix(1), mix(2), 255]
}
