//! The choice of one filter or unit, and what stands beside the kernels of a filter: its bias and its map.

use std::sync::Arc;

use leptos::html::{Canvas, Div};
use leptos::prelude::*;

use super::settings::use_pictures;
use super::tensor_picture::{Reading, own_scale};
use super::watching::use_tensors;
use crate::ui::browser::event_text;
use crate::ui::charts::tensor_canvas::paint_on;
use crate::ui::charts::tensor_image::{Role, Tiles, by_norm};
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::{t, t_with};

/// Part of a weight that is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pick {
    /// All kernels, or the weights of all units as images where these have one channel.
    All,
    /// The table of inputs and units.
    Matrix,
    /// One filter or unit.
    One(usize),
}

/// Fields that choose a filter or unit, in the order of their indices or norms. Empty for tensors without filters.
#[component]
pub fn KernelPicker(
    reading: RwSignal<Option<Arc<Reading>>>,
    role: Role,
    #[prop(into)] flattened: Signal<Option<[usize; 3]>>,
    pick: RwSignal<Pick>,
) -> impl IntoView {
    let is_sorted = RwSignal::new(false);
    let norms = RwSignal::new(Vec::<(usize, f32)>::new());
    // The number of filters or units.
    let count = Memo::new(move |_| {
        let shape = reading.with(|reading| reading.as_ref().map(|reading| reading.shape.clone()))?;
        match (&shape[..], role, flattened.get()) {
            (&[_, _, _, filters], Role::Weights, _) => Some((filters, true, true)),
            (&[_, units], Role::Weights, Some([_, _, channels])) => Some((units, false, channels == 1)),
            _ => None,
        }
    });
    // An open list must not change under the pointer.
    let is_open = RwSignal::new(false);
    Effect::new(move |_| {
        let (Some((count, ..)), false) = (count.get(), is_open.get()) else { return };
        let mut sorted =
            reading.with(|reading| reading.as_ref().map(|reading| by_norm(&reading.values, count))).unwrap_or_default();
        if !is_sorted.get() {
            sorted.sort_by_key(|(at, _)| *at);
        }
        if norms.with_untracked(|before| *before != sorted) {
            norms.set(sorted);
        }
    });
    let on_pick = move |event: web_sys::Event| {
        pick.set(match event_text(&event).as_str() {
            "all" => Pick::All,
            "matrix" => Pick::Matrix,
            index => index.parse().map_or(Pick::All, Pick::One),
        });
    };
    let options = move || {
        let key = if count.get().is_some_and(|(_, is_filter, _)| is_filter) { "filter_option" } else { "unit_option" };
        norms.with(|norms| {
            let option = |(at, norm): &(usize, f32)| {
                let (at, norm) = (at.to_string(), format::short_value(*norm));
                let selected = pick.get_untracked() == Pick::One(at.parse().unwrap_or_default());
                view! { <option value=at.clone() selected=selected>{t_with(key, &[("index", &at), ("norm", &norm)])}</option> }
            };
            norms.iter().map(option).collect::<Vec<_>>()
        })
    };
    let content = move || {
        let (_, is_filter, has_all) = count.get()?;
        let (label, all) = if is_filter { ("pick_filter", "all_filters") } else { ("pick_unit", "all_units") };
        Some(view! {
            <div class="kernel-picker">
                <label>
                    <span>{move || t(label)}</span>
                    <select class="input" on:change=on_pick on:blur=move |_| is_open.set(false) on:focus=move |_| is_open.set(true)>
                        {has_all.then(|| view! { <option value="all">{move || t(all)}</option> })}
                        {(!is_filter).then(|| view! { <option value="matrix" selected=!has_all>{move || t("weights_matrix")}</option> })}
                        {options}
                    </select>
                </label>
                <label>
                    <span>{move || t("pick_order")}</span>
                    <select class="input" on:change=move |event| is_sorted.set(event_text(&event) == "norm")>
                        <option value="index">{move || t("by_index")}</option>
                        <option value="norm">{move || t("by_norm")}</option>
                    </select>
                </label>
            </div>
        })
    };
    view! { {content} }
}

/// Bias and map of a filter, for the image in the input panel.
#[component]
pub fn FilterCompanions(#[prop(into)] layer: String, filter: usize) -> impl IntoView {
    let (state, pictures) = (use_state(), use_pictures());
    let (place, canvas) = (NodeRef::<Div>::new(), NodeRef::<Canvas>::new());
    let has_bias = state.network.checked().with_untracked(|checked| {
        let layer = checked.layers.iter().find(|other| other.name == layer);
        layer.is_some_and(|layer| layer.weights.iter().any(|weight| weight.name == "bias"))
    });
    let output = format!("{layer}.output");
    let mut names = vec![output.clone()];
    if has_bias {
        names.push(format!("{layer}.bias"));
    }
    let map = RwSignal::new(None::<Reading>);
    let bias = RwSignal::new(None::<f32>);
    use_tensors(names, place, move |tensors| {
        let output = &tensors[0];
        map.set(
            (output.shape.len() == 4 && !output.values.is_empty())
                .then(|| Reading { shape: output.shape.clone(), values: output.values.clone() }),
        );
        bias.set(tensors.get(1).and_then(|bias| bias.values.get(filter).copied()));
    });
    Effect::new(move |_| {
        let is_dark = state.screen.is_dark().get();
        let Some(canvas) = canvas.get() else { return };
        map.with(|map| {
            let Some(map) = map else { return };
            let scale = own_scale(&map.values, pictures.scale("", &map.values, is_dark));
            let tiles = Tiles::new(&map.shape, Role::Activations).only(filter);
            paint_on(&canvas, &tiles, &map.values, &scale, |_| false);
        });
    });
    let number = filter.to_string();
    let label = {
        let number = number.clone();
        move || t_with("filter_map", &[("filter", &number), ("name", &output)])
    };
    let caption = label.clone();
    let bias_text = move || match bias.get() {
        Some(value) => t_with("filter_bias", &[("filter", &number), ("value", &format::value(value))]),
        None => String::new(),
    };
    view! {
        <div class="filter-companions" node_ref=place>
            <canvas class="filter-map tensor-image" role="img" aria-label=label node_ref=canvas></canvas>
            <div>
                <p class="help">{caption}</p>
                <p class="help">{bias_text}</p>
            </div>
        </div>
    }
}
