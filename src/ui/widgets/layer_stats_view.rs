//! Statistics of the selected layer, for views that are not components yet.

use super::element::Element;
use super::place;
use crate::ui::features::inspector::layer_stats::LayerStatsView;
use crate::ui::state::State;
use leptos::prelude::*;

pub fn layer_stats_view(_: State, layer: &str) -> Element {
    let layer = layer.to_owned();
    place().view(view! { <LayerStatsView layer /> })
}
