//! A layer in detail: its settings, and its tensors while it trains.

use leptos::prelude::*;

use super::layer_form::LayerForm;
use crate::ui::charts::tensor_image::Role;
use crate::ui::features::inspector::formula::FormulaView;
use crate::ui::features::inspector::layer_stats::LayerStatsView;
use crate::ui::features::inspector::states::StatesPicture;
use crate::ui::features::inspector::tensor_picture::TensorPicture;
use crate::ui::features::inspector::watch::Sight;
use crate::ui::features::network::checked::CheckedLayer;
use crate::ui::features::network::history::LayerId;
use crate::ui::features::share::moment::VIEWS;
use crate::ui::state::use_state;
use crate::ui::text::t;
use chalkgrad_engine::model::spec::LayerSpec;

/// Name of a layer's output among its tensors.
const OUTPUT: &str = "output";

/// Content of the panel with what it depends on. It is made again when that changes, and only then.
#[derive(Clone, PartialEq)]
enum Content {
    Settings,
    NotInOrder,
    Formula(Option<LayerSpec>, CheckedLayer),
    NoWeights,
    /// Name of the layer, and of its weights.
    Weights(String, Vec<&'static str>),
    /// Name of the layer, and of its tensors of states over time, and the inputs for which its outputs are shown.
    Activations(String, &'static [&'static str], Sight),
    /// Name of the layer, and of its trained weights.
    Gradients(String, Vec<&'static str>),
}

/// Views of a layer, one at a time.
#[component]
pub fn LayerDetail(id: LayerId) -> impl IntoView {
    let state = use_state();
    let tab = move |name: &'static str| {
        view! {
            <button
                type="button"
                aria-pressed=move || (state.network.view().get() == name).to_string()
                on:click=move |_| state.network.show_view(name)
            >
                {move || t(name)}
            </button>
        }
    };
    let content = Memo::new(move |_| {
        let view = state.network.view().get();
        if view == "settings" {
            return Content::Settings;
        }
        let (index, spec) = state.network.history().with(|history| {
            let draft = history.draft();
            (draft.position(id), draft.layer(id).cloned())
        });
        let layer = index.and_then(|index| state.network.checked().with(|checked| checked.layers.get(index).cloned()));
        let Some(layer) = layer else { return Content::NotInOrder };
        match view {
            "formula" => Content::Formula(spec, layer),
            "activations" => {
                let sight = if state.is_plane() { Sight::Plane } else { Sight::Input };
                Content::Activations(layer.name, layer.views, sight)
            }
            "weights" if layer.weights.is_empty() => Content::NoWeights,
            "weights" => Content::Weights(layer.name, layer.weights.iter().map(|weight| weight.name).collect()),
            _ => {
                let trained = layer.weights.iter().filter(|weight| weight.trainable);
                Content::Gradients(layer.name, trained.map(|weight| weight.name).collect())
            }
        }
    });
    let shown = move || match content.get() {
        Content::Settings => view! { <LayerForm id /> }.into_any(),
        Content::NotInOrder => view! { <p class="help">{move || t("not_in_order")}</p> }.into_any(),
        Content::NoWeights => view! { <p class="help">{move || t("no_weights")}</p> }.into_any(),
        Content::Formula(..) => view! { <FormulaView id /> }.into_any(),
        Content::Activations(layer, states, sight) => {
            let states = states.iter().map(|states| view! { <StatesPicture name=format!("{layer}.{states}") /> });
            view! {
                {states.collect_view()}
                <TensorPicture name=format!("{layer}.{OUTPUT}") role=Role::Activations sight />
            }
            .into_any()
        }
        Content::Weights(layer, weights) => view! { <TensorChoice layer tensors=weights /> }.into_any(),
        Content::Gradients(layer, weights) => {
            let tensors = weights.into_iter().chain([OUTPUT]).collect();
            view! {
                <LayerStatsView layer=layer.clone() />
                <TensorChoice layer tensors is_gradient=true />
            }
            .into_any()
        }
    };
    view! {
        <div class="segmented views" role="group" aria-label=move || t("inspect")>
            {VIEWS.map(tab).collect_view()}
        </div>
        {shown}
    }
}

/// The layer's weights, or the gradients of these and of its output, one at a time.
#[component]
fn TensorChoice(layer: String, tensors: Vec<&'static str>, #[prop(optional)] is_gradient: bool) -> impl IntoView {
    let shown = RwSignal::new(tensors.first().copied().unwrap_or_default());
    let label = if is_gradient { "which_gradient" } else { "which_weight" };
    let choice = (tensors.len() > 1).then(|| {
        let button = |tensor: &'static str| {
            view! {
                <button
                    type="button"
                    aria-pressed=move || (shown.get() == tensor).to_string()
                    on:click=move |_| shown.set(tensor)
                >
                    {tensor}
                </button>
            }
        };
        view! {
            <div class="segmented which" role="group" aria-label=move || t(label)>
                {tensors.iter().copied().map(button).collect_view()}
            </div>
        }
    });
    let image = move || {
        let tensor = shown.get();
        let name = if is_gradient { format!("grad {layer}.{tensor}") } else { format!("{layer}.{tensor}") };
        let role = if tensor == OUTPUT { Role::Activations } else { Role::Weights };
        let help = (tensor == OUTPUT).then(|| view! { <p class="help">{move || t("output_gradient_help")}</p> });
        view! {
            {help}
            <TensorPicture name role />
        }
    };
    view! {
        {choice}
        {image}
    }
}
