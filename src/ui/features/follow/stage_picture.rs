//! A card's picture in a slow step: the layer's output, or its gradient, for one example of the batch.

use leptos::html::Canvas;
use leptos::prelude::*;

use super::stages::of_example;
use crate::ui::charts::palette::{ColourScale, Mapping};
use crate::ui::charts::tensor_canvas::{paint_on, scale_of};
use crate::ui::charts::tensor_image::{Role, Tiles};
use crate::ui::state::use_state;

/// Picture of the tensor of this name; empty without a name.
#[component]
pub fn StagePicture(
    #[prop(into)] tensor: Signal<String>,
    /// Rows and columns of channels that are shown.
    channels: (usize, usize),
) -> impl IntoView {
    let (state, canvas) = (use_state(), NodeRef::<Canvas>::new());
    let shown = Memo::new(move |_| {
        let example = state.follow.example().get();
        state.follow.tensors().with(|tensors| of_example(tensors.get(&tensor.get())?, example))
    });
    Effect::new(move |_| {
        let is_dark = state.screen.is_dark().get();
        let Some(canvas) = canvas.get() else { return };
        shown.with(|shown| {
            let Some(shown) = shown else { return };
            let tiles = Tiles::new(&shown.shape, Role::Activations).first(channels.0, channels.1);
            let scale =
                ColourScale { limit: scale_of(&shown.values), mapping: Mapping::Root, is_dark, has_caps: false };
            paint_on(&canvas, &tiles, &shown.values, &scale, |_| false);
        });
    });
    view! {
        <span class="thumbnail-place">
            <canvas
                class="thumbnail"
                class:unseen=move || shown.with(Option::is_none)
                width="0"
                height="0"
                aria-hidden="true"
                node_ref=canvas
            ></canvas>
        </span>
    }
}
