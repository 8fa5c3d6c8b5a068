//! The legend of a picture of numbers, and the settings of its scale.

use leptos::html::{Canvas, Div};
use leptos::prelude::*;
use leptos_use::use_element_size;

use super::settings::use_pictures;
use crate::ui::charts::canvas::{draw, pixel_ratio};
use crate::ui::charts::figure::{SCALE_HEIGHT, ink, scale_shapes};
use crate::ui::charts::palette::{ColourScale, Mapping};
use crate::ui::format;
use crate::ui::text::{t, t_with};

/// Names a scale and says which number has the full colour.
pub fn scale_text(scale: &ColourScale) -> String {
    if scale.limit == 0.0 {
        return String::new();
    }
    let key = match scale.mapping {
        Mapping::Linear => "tensor_scale_linear",
        Mapping::Root => "tensor_scale_root",
    };
    t_with(key, &[("scale", &format::value(scale.limit))])
}

/// Bar in the colours of a scale, with ticks.
#[component]
pub fn ScaleBar(#[prop(into)] scale: Signal<ColourScale>) -> impl IntoView {
    let (place, canvas) = (NodeRef::<Div>::new(), NodeRef::<Canvas>::new());
    let width = use_element_size(place).width;
    Effect::new(move |_| {
        let (scale, width) = (scale.get(), width.get());
        let Some(canvas) = canvas.get() else { return };
        if width < 40.0 || scale.limit == 0.0 {
            return;
        }
        let shapes = scale_shapes(&scale, [0.0, 0.0, width], ink(scale.is_dark).soft);
        draw(&canvas, [width, SCALE_HEIGHT], pixel_ratio(&canvas), &shapes, None);
    });
    view! {
        <div class="scale-bar-place" node_ref=place>
            <canvas class="tensor-scale" aria-hidden="true" node_ref=canvas width="0" height="0"></canvas>
        </div>
    }
}

/// Legend of a picture: the scale in its colours, its name, how many numbers lie beyond it, and its settings.
#[component]
pub fn Legend(
    #[prop(into)] scale: Signal<ColourScale>,
    /// Numbers beyond the scale.
    #[prop(into)]
    clipped: Signal<usize>,
) -> impl IntoView {
    let pictures = use_pictures();
    let beyond = move || match clipped.get() {
        0 => String::new(),
        count => t_with("scale_clipped", &[("count", &format::count(count))]),
    };
    view! {
        <ScaleBar scale />
        <p class="help">{move || scale_text(&scale.get())}</p>
        <p class="help scale-clipped" hidden=move || clipped.get() == 0>{beyond}</p>
        <div class="scale-settings">
            <div class="segmented" role="group" aria-label=move || t("scale_mapping")>
                <Choice text="scale_root" is_on=move || !pictures.is_linear.get() choose=move || pictures.is_linear.set(false) />
                <Choice text="scale_linear" is_on=move || pictures.is_linear.get() choose=move || pictures.is_linear.set(true) />
            </div>
            <div class="segmented" role="group" aria-label=move || t("scale_range")>
                <Choice text="scale_full" is_on=move || !pictures.is_robust.get() choose=move || pictures.is_robust.set(false) />
                <Choice text="scale_robust" is_on=move || pictures.is_robust.get() choose=move || pictures.is_robust.set(true) />
            </div>
            <div class="segmented">
                <Choice text="scale_lock" is_on=move || pictures.is_locked() choose=move || pictures.toggle_lock() />
            </div>
        </div>
    }
}

/// Button that is pressed while its choice is the one in use.
#[component]
pub fn Choice(
    text: &'static str,
    is_on: impl Fn() -> bool + Send + Sync + 'static,
    choose: impl Fn() + 'static,
) -> impl IntoView {
    let is_on = Signal::derive(is_on);
    view! {
        <button
            type="button"
            aria-pressed=move || if is_on.get() { "true" } else { "false" }
            title=move || t(&format!("{text}_help"))
            on:click=move |_| choose()
        >
            {move || t(text)}
        </button>
    }
}
