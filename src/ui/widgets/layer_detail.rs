//! A layer in detail: its settings, and what is in it while it trains.

use std::rc::Rc;

use super::element::{Element, button, el};
use super::layer_form::layer_form;
use super::place;
use super::tensor_view::tensor_view;
use crate::ui::history::LayerId;
use crate::ui::live::Live;
use crate::ui::state::State;
use crate::ui::tensor_image::Role;

const VIEWS: [&str; 4] = ["settings", "weights", "activations", "gradients"];

pub fn layer_detail(state: State, id: LayerId) -> Element {
    let view = Rc::new(Live::new(VIEWS[0]));
    let tabs = VIEWS.map(|name| {
        let (choice, chosen) = (view.clone(), view.clone());
        button("", move || choice.set(name)).bool_attr("aria-pressed", move || chosen.get() == name).tr(name)
    });
    // What is shown depends on the layer's name and size as well, which an edit may change.
    let layer = move || {
        let index = state.history.with(|history| history.draft().position(id))?;
        state.checked.with(|checked| checked.layers.get(index).map(|layer| (layer.name.clone(), layer.params > 0)))
    };
    let key = move || match (view.get(), layer()) {
        ("settings", _) => "settings".to_owned(),
        (view, Some((name, has_weights))) => format!("{view} {name} {has_weights}"),
        (view, None) => format!("{view}  false"),
    };
    let content = move |key: &str| {
        let mut parts = key.split(' ');
        let (view, name, has_weights) = (parts.next()?, parts.next(), parts.next() == Some("true"));
        let name = name.unwrap_or_default();
        Some(match view {
            "settings" => layer_form(state, id),
            "activations" if !name.is_empty() => tensor_view(state, format!("{name}.output"), Role::Activations),
            _ if !has_weights => el("p").class("help").tr("no_weights"),
            "weights" => weights(state, name, ""),
            _ => weights(state, name, "grad "),
        })
    };
    place()
        .child(el("div").class("segmented views").attr("role", "group").label("inspect").children(tabs))
        .child(place().switch(key, content))
}

/// The layer's main weights: a kernel, or what a normalisation scales by.
fn weights(state: State, name: &str, prefix: &str) -> Element {
    let kernel = if name.starts_with("batch_normalization") { "gamma" } else { "kernel" };
    tensor_view(state, format!("{prefix}{name}.{kernel}"), Role::Weights)
}
