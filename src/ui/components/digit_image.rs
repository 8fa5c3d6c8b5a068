//! A grey image of a digit, drawn pixel by pixel.

use leptos::html::Canvas;
use leptos::prelude::*;
use wasm_bindgen::Clamped;
use web_sys::{HtmlCanvasElement, ImageData};

use crate::ui::browser::context_2d;
use crate::ui::features::input::digit::SIDE;
use crate::ui::features::input::photo::Stage;
use crate::ui::state::use_state;

/// Image of pixels (0: no ink, 255: full ink) as ink on transparent ground: dark on paper in light themes, light on slate
/// in dark ones. No pixels: nothing.
#[component]
pub fn DigitImage(
    #[prop(into)] pixels: Signal<Vec<u8>>,
    /// Columns of the image, which is square.
    #[prop(default = SIDE)]
    width: usize,
) -> impl IntoView {
    let (state, canvas) = (use_state(), NodeRef::<Canvas>::new());
    Effect::new(move |_| {
        if let Some(canvas) = canvas.get() {
            pixels.with(|pixels| paint(&canvas, pixels, width, state.screen.is_dark().get()));
        }
    });
    view! { <canvas class="digit-image" width=width.to_string() height=width.to_string() aria-hidden="true" node_ref=canvas /> }
}

/// Image of one step of a digit's preparation: ink as in [`DigitImage`], or colours as they are.
#[component]
pub fn StageImage(stage: Stage) -> impl IntoView {
    let (state, canvas) = (use_state(), NodeRef::<Canvas>::new());
    let (width, height) = (stage.width.to_string(), stage.height.to_string());
    Effect::new(move |_| {
        let Some(canvas) = canvas.get() else { return };
        match stage.pixels.len() == stage.width * stage.height * 4 {
            true => put(&canvas, &stage.pixels, stage.width),
            false => paint(&canvas, &stage.pixels, stage.width, state.screen.is_dark().get()),
        }
    });
    view! { <canvas class="digit-image" width=width height=height aria-hidden="true" node_ref=canvas /> }
}

/// Draws pixels as ink; without pixels, clears the canvas.
pub fn paint(canvas: &HtmlCanvasElement, pixels: &[u8], width: usize, is_dark: bool) {
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

/// Draws pixels of red, green, blue and alpha.
pub fn put(canvas: &HtmlCanvasElement, rgba: &[u8], width: usize) {
    let Some(context) = context_2d(canvas) else { return };
    let Ok(image) = ImageData::new_with_u8_clamped_array(Clamped(rgba), width as u32) else { return };
    // This fails only for an image of another origin.
    let _ = context.put_image_data(&image, 0.0, 0.0);
}
