//! Histograms over the course of training, for views that are not components yet.

use crate::ui::features::weight_histograms::WeightHistograms;
use crate::ui::state::State;
use crate::ui::widgets::element::Element;
use crate::ui::widgets::place;
use leptos::prelude::*;

pub fn histograms_panel(_: State) -> Element {
    place().view(view! { <WeightHistograms /> })
}
