//! A grey image of a digit, drawn pixel by pixel.

use leptos::html::Canvas;
use leptos::prelude::*;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

/// Shows pixels (0: no ink, 255: full ink) of `width` columns as ink on transparent ground: light themes show it dark on
/// paper, dark ones light on slate.
#[component]
pub fn DigitImage(
    #[prop(into)] pixels: Signal<Vec<u8>>,
    width: usize,
    #[prop(into)] is_dark: Signal<bool>,
) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    Effect::new(move |_| {
        let is_dark = is_dark.get();
        if let Some(canvas) = canvas.get() {
            pixels.with(|pixels| paint(&canvas, pixels, width, is_dark));
        }
    });
    view! { <canvas class="digit-image" width=width height=width aria-hidden="true" node_ref=canvas></canvas> }
        .into_any()
}

fn paint(canvas: &HtmlCanvasElement, pixels: &[u8], width: usize, is_dark: bool) {
    let ink: [u8; 3] = if is_dark { [238, 240, 232] } else { [32, 40, 44] };
    let rgba: Vec<u8> = pixels.iter().flat_map(|alpha| [ink[0], ink[1], ink[2], *alpha]).collect();
    let context = canvas.get_context("2d").ok().flatten();
    let Some(context) = context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok()) else { return };
    let Ok(image) = ImageData::new_with_u8_clamped_array(Clamped(&rgba), width as u32) else { return };
    // It fails only for an image of another origin, which this is not.
    let _ = context.put_image_data(&image, 0.0, 0.0);
}
