//! A layer's output for the image, small, on its card.

use leptos::html::Canvas;
use leptos::prelude::*;

use crate::ui::charts::tensor_canvas::{paint, scale_of};
use crate::ui::charts::tensor_image::{Role, Tiles};
use crate::ui::features::inspector::watching::use_tensors;
use crate::ui::state::use_state;

/// Rows and columns of channels shown.
const CHANNELS: (usize, usize) = (2, 4);

/// Returns the channels that the thumbnail shows, and all, if it leaves some out.
pub fn left_out(output_shape: &[usize]) -> Option<(usize, usize)> {
    let [_, _, channels] = *output_shape else { return None };
    let shown = CHANNELS.0 * CHANNELS.1;
    (channels > shown).then_some((shown, channels))
}

/// Picture of the output of a layer for the input image, updated while it is visible.
#[component]
pub fn Thumbnail(layer: String) -> impl IntoView {
    let state = use_state();
    let canvas = NodeRef::<Canvas>::new();
    let output = RwSignal::new(None::<(Tiles, Vec<f32>)>);
    Effect::new(move |_| {
        let is_dark = state.screen.is_dark().get();
        let Some(canvas) = canvas.get() else { return };
        output.with(|output| {
            if let Some((tiles, values)) = output {
                paint(&canvas, tiles, values, scale_of(values), is_dark);
            }
        });
    });
    use_tensors(vec![format!("{layer}.output")], canvas, move |tensors| {
        if !tensors[0].values.is_empty() {
            let tiles = Tiles::new(&tensors[0].shape, Role::Activations).first(CHANNELS.0, CHANNELS.1);
            output.try_set(Some((tiles, tensors[0].values.clone())));
        }
    });
    view! {
        <span class="thumbnail-place">
            <canvas class="thumbnail" width="0" height="0" aria-hidden="true" node_ref=canvas></canvas>
        </span>
    }
}
