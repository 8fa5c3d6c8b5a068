//! A layer's output on its card, small: for the input or, unit by unit, all over the plane of two features.

use leptos::html::Canvas;
use leptos::prelude::*;

use crate::ui::charts::palette::{ColourScale, Mapping};
use crate::ui::charts::tensor_canvas::{paint_on, scale_of};
use crate::ui::charts::tensor_image::{Limits, Role, Tiles};
use crate::ui::features::follow::StagePicture;
use crate::ui::features::inspector::watch::Sight;
use crate::ui::features::inspector::watching::use_tensors_of;
use crate::ui::state::use_state;

/// Rows and columns of channels shown.
const CHANNELS: (usize, usize) = (2, 4);

/// Returns the channels that the thumbnail shows, and all, if it leaves some out. Over the plane, each unit is a channel.
pub fn left_out(output_shape: &[usize], is_plane: bool) -> Option<(usize, usize)> {
    let channels = match *output_shape {
        [_, _, channels] => channels,
        [units] if is_plane => units,
        _ => return None,
    };
    let shown = CHANNELS.0 * CHANNELS.1;
    (channels > shown).then_some((shown, channels))
}

/// Picture of the output of a layer, updated while it is visible.
#[component]
pub fn Thumbnail(layer: String) -> impl IntoView {
    let state = use_state();
    let sight = Memo::new(move |_| if state.is_plane() { Sight::Plane } else { Sight::Input });
    let own = layer.clone();
    // A slow step shows its own tensors here.
    let staged = Memo::new(move |_| state.card_tensor(&own));
    let is_staged = Memo::new(move |_| staged.with(Option::is_some));
    move || match is_staged.get() {
        true => {
            let tensor = Signal::derive(move || staged.get().unwrap_or_default());
            view! { <StagePicture tensor channels=CHANNELS /> }.into_any()
        }
        false => view! { <Output layer=layer.clone() sight=sight.get() /> }.into_any(),
    }
}

#[component]
fn Output(layer: String, sight: Sight) -> impl IntoView {
    let state = use_state();
    let canvas = NodeRef::<Canvas>::new();
    let output = RwSignal::new(None::<(Tiles, Vec<f32>)>);
    Effect::new(move |_| {
        let is_dark = state.screen.is_dark().get();
        let Some(canvas) = canvas.get() else { return };
        output.with(|output| {
            if let Some((tiles, values)) = output {
                // Units over the plane have the scale of the plane itself.
                let mapping = if sight == Sight::Plane { Mapping::Linear } else { Mapping::Root };
                let scale = ColourScale { limit: scale_of(values), mapping, is_dark, has_caps: false };
                paint_on(&canvas, tiles, values, &scale, |_| false);
            }
        });
    });
    use_tensors_of(sight, vec![format!("{layer}.output")], canvas, move |tensors| {
        if !tensors[0].values.is_empty() {
            let tiles = match sight {
                Sight::Input => Tiles::new(&tensors[0].shape, Role::Activations),
                Sight::Plane => Tiles::surfaces(&tensors[0].shape, Limits::default()),
            };
            let tiles = tiles.first(CHANNELS.0, CHANNELS.1);
            output.try_set(Some((tiles, tensors[0].values.clone())));
        }
    });
    view! {
        <span class="thumbnail-place">
            <canvas class="thumbnail" width="0" height="0" aria-hidden="true" node_ref=canvas></canvas>
        </span>
    }
}
