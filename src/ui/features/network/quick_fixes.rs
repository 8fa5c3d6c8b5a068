//! Edits that repair a model, one click each.

use leptos::prelude::*;

use crate::ui::components::icon::Icon;
use crate::ui::features::network::history::History;
use crate::ui::state::use_state;
use crate::ui::text::{t, t_with};
use chalkgrad_engine::error::Error;
use chalkgrad_engine::model::catalogue::shape_text;
use chalkgrad_engine::model::quick_fixes::{Fix, fitting_losses, quick_fixes};
use chalkgrad_engine::model::spec::{LossSpec, ModelSpec, TrainingConfig};

/// Buttons for the fixes of an error.
#[component]
pub fn QuickFixes(error: Error) -> impl IntoView {
    let state = use_state();
    let model = state.network.history().with_untracked(History::spec);
    let button = |fix: Fix| {
        let (key, values) = text(&model, &fix);
        let text = move || {
            let values: Vec<(&str, String)> = values
                .iter()
                .map(|(name, value)| {
                    let value = if *name == "setting" { t(&format!("setting_{value}")) } else { value.clone() };
                    (*name, value)
                })
                .collect();
            let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            t_with(key, &values)
        };
        view! {
            <button type="button" class="button quiet fix" on:click=move |_| state.edit(|history| history.apply(&fix))>
                <Icon name="fix" />
                <span>{text}</span>
            </button>
        }
    };
    let loss_button = |loss: LossSpec| {
        let name = loss.type_name();
        let change = move |_| {
            let config = TrainingConfig { loss: loss.clone(), ..state.engine.training().get_untracked() };
            state.set_training(config);
        };
        view! {
            <button type="button" class="button quiet fix" on:click=change>
                <Icon name="fix" />
                <span>{move || t_with("fix_loss", &[("loss", name)])}</span>
            </button>
        }
    };
    let task = state.task();
    let buttons = quick_fixes(&model, &error, &task).into_iter().map(button).collect_view();
    let losses = fitting_losses(&model, &error, &task).into_iter().map(loss_button).collect_view();
    view! { <span class="fixes">{buttons} {losses}</span> }
}

/// Returns the key of a fix's text, and its values.
fn text(model: &ModelSpec, fix: &Fix) -> (&'static str, Vec<(&'static str, String)>) {
    let name = |at: usize| model.layers.get(at).map(|layer| layer.type_name.clone()).unwrap_or_default();
    match fix {
        Fix::Insert { index, layers } => {
            let names: Vec<&str> = layers.iter().map(|layer| layer.type_name.as_str()).collect();
            let key = if *index >= model.layers.len() { "fix_append" } else { "fix_insert" };
            (key, vec![("layer", names.join(" + "))])
        }
        Fix::Set { setting, value: Some(value), .. } => {
            ("fix_set", vec![("setting", setting.clone()), ("value", value.to_string())])
        }
        Fix::Set { setting, value: None, .. } => ("fix_unset", vec![("setting", setting.clone())]),
        Fix::SetInputs { inputs: Some(inputs), .. } => ("fix_inputs", vec![("inputs", inputs.join(" + "))]),
        Fix::SetInputs { index, inputs: None } => ("fix_no_inputs", vec![("layer", name(*index))]),
        Fix::Unname { .. } => ("fix_unname", Vec::new()),
        Fix::Move { index, to } => ("fix_move", vec![("layer", name(*index)), ("place", (to + 1).to_string())]),
        Fix::Remove { index } => ("fix_remove", vec![("layer", name(*index))]),
        Fix::SetInputShape { shape } => ("fix_input_shape", vec![("shape", shape_text(shape))]),
        Fix::Replace { model } => {
            let is_text = model.layers.first().is_some_and(|layer| layer.type_name == "Embedding");
            (if is_text { "fix_replace_text" } else { "fix_replace" }, Vec::new())
        }
    }
}
