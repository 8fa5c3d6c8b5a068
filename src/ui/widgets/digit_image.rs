//! [`DigitImage`](crate::ui::components::digit_image::DigitImage) for the views that are built of elements.

use leptos::prelude::*;

use super::element::{Element, el};
use crate::ui::components::digit_image::{paint, put};
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

/// Shows pixels (0: no ink, 255: full ink) of `width` columns as ink on transparent ground.
pub fn digit_image(state: State, pixels: impl Fn() -> Vec<u8> + 'static, width: usize) -> Element {
    let side = width.to_string();
    let image =
        el("canvas").class("digit-image").attr("width", &side).attr("height", &side).attr("aria-hidden", "true");
    let canvas = image.canvas();
    image.effect(move || paint(&canvas, &pixels(), width, state.is_dark.get()))
}
