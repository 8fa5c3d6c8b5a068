//! A layer in detail: its settings, and its tensors while it trains.

use std::rc::Rc;

use super::element::{Element, button, el};
use super::formula_view::formula_view;
use super::layer_form::layer_form;
use super::layer_stats_view::layer_stats_view;
use super::place;
use super::tensor_view::tensor_view;
use crate::ui::history::LayerId;
use crate::ui::state::State;
use crate::ui::tensor_image::Role;
use leptos::prelude::*;

const VIEWS: [&str; 5] = ["settings", "weights", "activations", "gradients", "formula"];

/// Name of a layer's output among its tensors.
const OUTPUT: &str = "output";

pub fn layer_detail(state: State, id: LayerId) -> Element {
    let tabs = VIEWS.map(|name| {
        button("", move || state.view.set(name)).bool_attr("aria-pressed", move || state.view.get() == name).tr(name)
    });
    // The view depends on the layer's name, weights and, in its formulas, everything else, which an edit may change.
    let layer = move || {
        let index = state.history.with(|history| history.draft().position(id))?;
        state.checked.with(|checked| {
            checked
                .layers
                .get(index)
                .map(|layer| (layer.name.clone(), layer.weights.iter().map(|weight| weight.name).collect::<Vec<_>>()))
        })
    };
    let all = move || {
        let settings = state.history.with(|history| {
            let layer = history.draft().layer(id)?;
            Some(layer.settings.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(","))
        });
        let index = state.history.with(|history| history.draft().position(id)).unwrap_or_default();
        let rule = state.checked.with(|checked| checked.layers.get(index).map(|layer| layer.rule.join(",")));
        settings.unwrap_or_default() + &rule.unwrap_or_default()
    };
    let key = move || match (state.view.get(), layer()) {
        ("settings", _) => "settings".to_owned(),
        ("formula", Some((name, _))) => format!("formula {name} {}", all()),
        (view, Some((name, weights))) => format!("{view} {name} {}", weights.join(",")),
        (view, None) => format!("{view}  "),
    };
    let content = move |key: &str| {
        let mut parts = key.split(' ');
        let (view, name) = (parts.next()?, parts.next().unwrap_or_default());
        let weights: Vec<&str> =
            parts.next().unwrap_or_default().split(',').filter(|weight| !weight.is_empty()).collect();
        Some(match view {
            "settings" => layer_form(state, id),
            _ if name.is_empty() => el("p").class("help").tr("not_in_order"),
            "formula" => formula_view(state, id),
            "activations" => tensor_view(state, &format!("{name}.output"), Role::Activations),
            "weights" if weights.is_empty() => el("p").class("help").tr("no_weights"),
            "weights" => choice_view(state, name, &weights, ""),
            _ => {
                let trained = state.checked.with_untracked(|checked| {
                    let layer = checked.layers.iter().find(|layer| layer.name == name);
                    layer.map(|layer| {
                        layer
                            .weights
                            .iter()
                            .filter(|weight| weight.trainable)
                            .map(|weight| weight.name)
                            .collect::<Vec<_>>()
                    })
                });
                let choices: Vec<&str> = trained.unwrap_or_default().into_iter().chain([OUTPUT]).collect();
                place().child(layer_stats_view(state, name)).child(choice_view(state, name, &choices, "grad "))
            }
        })
    };
    place()
        .child(el("div").class("segmented views").attr("role", "group").label("inspect").children(tabs))
        .child(place().switch(key, content))
}

/// Shows the layer's weights, or the gradients of these and of its output, one at a time.
fn choice_view(state: State, layer: &str, tensors: &[&str], prefix: &'static str) -> Element {
    let shown = Rc::new(RwSignal::new(tensors.first().map(|tensor| (*tensor).to_owned()).unwrap_or_default()));
    let choices = tensors.iter().map(|weight| {
        let (weight, set, read) = ((*weight).to_owned(), shown.clone(), shown.clone());
        let (chosen, own) = (weight.clone(), weight.clone());
        button("", move || set.set(chosen.clone()))
            .bool_attr("aria-pressed", move || read.with(|shown| *shown == own))
            .text(&weight)
    });
    let label = if prefix.is_empty() { "which_weight" } else { "which_gradient" };
    let choice = (tensors.len() > 1)
        .then(|| el("div").class("segmented which").attr("role", "group").label(label).children(choices));
    let layer = layer.to_owned();
    let image = place().switch(
        move || shown.get(),
        move |tensor| {
            let name = format!("{prefix}{layer}.{tensor}");
            Some(match tensor {
                OUTPUT => place().child(el("p").class("help").tr("output_gradient_help")).child(tensor_view(
                    state,
                    &name,
                    Role::Activations,
                )),
                _ => tensor_view(state, &name, Role::Weights),
            })
        },
    );
    place().children(choice).child(image)
}
