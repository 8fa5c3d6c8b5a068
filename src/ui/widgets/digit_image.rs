//! [`DigitImage`](crate::ui::components::digit_image::DigitImage) for the views that are built of elements.

use leptos::prelude::*;

use super::element::{Element, el};
use crate::ui::components::digit_image::paint;
use crate::ui::state::State;

/// Shows pixels (0: no ink, 255: full ink) of `width` columns as ink on transparent ground.
pub fn digit_image(state: State, pixels: impl Fn() -> Vec<u8> + 'static, width: usize) -> Element {
    let side = width.to_string();
    let image =
        el("canvas").class("digit-image").attr("width", &side).attr("height", &side).attr("aria-hidden", "true");
    let canvas = image.canvas();
    image.effect(move || paint(&canvas, &pixels(), width, state.is_dark.get()))
}
