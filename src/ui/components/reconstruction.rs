//! An image and what an autoencoder makes of it, side by side.

use leptos::prelude::*;

use crate::ui::components::digit_image::DigitImage;
use crate::ui::state::use_state;
use crate::ui::text::t;

/// Turns outputs from 0 to 1 into pixels. Numbers beyond are cut off.
pub fn pixels(outputs: &[f32]) -> Vec<u8> {
    outputs.iter().map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8).collect()
}

/// Two images of the data set's width.
#[component]
pub fn Reconstruction(#[prop(into)] input: Signal<Vec<u8>>, #[prop(into)] output: Signal<Vec<u8>>) -> impl IntoView {
    let width = untrack(|| use_state().dataset()).schema.input.shape.get(1).copied().unwrap_or(1);
    let image = move |pixels: Signal<Vec<u8>>, name: &'static str| {
        view! {
            <span class="reconstruction-image">
                <DigitImage pixels width />
                <span>{move || t(name)}</span>
            </span>
        }
    };
    view! {
        <span class="reconstruction">
            {image(input, "reconstruction_input")} {image(output, "reconstruction_output")}
        </span>
    }
}
