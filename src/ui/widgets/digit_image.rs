//! A grey image of a digit, drawn pixel by pixel.

use leptos::prelude::*;
use wasm_bindgen::Clamped;
use web_sys::{HtmlCanvasElement, ImageData};

use super::element::{Element, el};
use crate::ui::browser::context_2d;
use crate::ui::photo::Stage;
use crate::ui::state::State;

/// Shows one step of a digit's preparation: ink as in [`digit_image`], or colours as they are.
pub fn stage_image(state: State, stage: Stage) -> Element {
    let (width, height) = (stage.width.to_string(), stage.height.to_string());
    let image = el("canvas").class("digit-image").attr("width", &width).attr("height", &height);
    let canvas = image.attr("aria-hidden", "true");
    let surface = canvas.canvas();
    canvas.effect(move || match stage.pixels.len() == stage.width * stage.height * 4 {
        true => put(&surface, &stage.pixels, stage.width),
        false => paint(&surface, &stage.pixels, stage.width, state.is_dark.get()),
    })
}

/// Shows pixels (0: no ink, 255: full ink) of `width` columns as ink on transparent ground: dark on paper in light
/// themes, light on slate in dark ones.
pub fn digit_image(state: State, pixels: impl Fn() -> Vec<u8> + 'static, width: usize) -> Element {
    let side = width.to_string();
    let image =
        el("canvas").class("digit-image").attr("width", &side).attr("height", &side).attr("aria-hidden", "true");
    let canvas = image.canvas();
    image.effect(move || paint(&canvas, &pixels(), width, state.is_dark.get()))
}

fn paint(canvas: &HtmlCanvasElement, pixels: &[u8], width: usize, is_dark: bool) {
    let ink: [u8; 3] = if is_dark { [238, 240, 232] } else { [32, 40, 44] };
    if pixels.is_empty() {
        if let Some(context) = context_2d(canvas) {
            context.clear_rect(0.0, 0.0, canvas.width().into(), canvas.height().into());
        }
        return;
    }
    let rgba: Vec<u8> = pixels.iter().flat_map(|alpha| [ink[0], ink[1], ink[2], *alpha]).collect();
    put(canvas, &rgba, width);
}

fn put(canvas: &HtmlCanvasElement, rgba: &[u8], width: usize) {
    let Some(context) = context_2d(canvas) else { return };
    let Ok(image) = ImageData::new_with_u8_clamped_array(Clamped(rgba), width as u32) else { return };
    // This fails only for an image of another origin.
    let _ = context.put_image_data(&image, 0.0, 0.0);
}
