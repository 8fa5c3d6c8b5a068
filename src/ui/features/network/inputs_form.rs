//! The choice of the layers whose outputs a layer takes.

use leptos::prelude::*;

use super::layer_form::{fault, position};
use crate::ui::browser::event_text;
use crate::ui::components::form::FormRow;
use crate::ui::components::icon_button::IconButton;
use crate::ui::features::network::history::LayerId;
use crate::ui::state::{State, use_state};
use crate::ui::text::{t, t_with};
use chalkgrad_engine::model::catalogue;
use chalkgrad_engine::model::layers::merging::MAX_INPUTS;
use chalkgrad_engine::model::naming::{INPUT_LAYER, layer_names};

/// Rows of the inputs of a layer that merges several, or that does not take the layer before it.
#[component]
pub fn InputsRows(id: LayerId) -> impl IntoView {
    let state = use_state();
    let count = Memo::new(move |_| shown_inputs(state, id).map(|inputs| inputs.len()));
    move || {
        let count = count.get()?;
        let merges = merges(state, id);
        let add = move |_| {
            if let Some(mut inputs) = shown_inputs(state, id) {
                inputs.extend(earlier(state, id).last().cloned());
                set(state, id, Some(inputs));
            }
        };
        let more = (merges && count < MAX_INPUTS).then(|| {
            view! {
                <button type="button" class="button quiet" on:click=add>
                    {move || t("add_input")}
                </button>
            }
        });
        let can_remove = count > if merges { 2 } else { 0 };
        let rows = (0..count).map(|at| view! { <InputRow id at can_remove /> });
        Some(view! {
            {rows.collect_view()}
            {more}
        })
    }
}

/// Returns the inputs that the form shows; `None` for a layer that takes the one before it, as nearly all do.
fn shown_inputs(state: State, id: LayerId) -> Option<Vec<String>> {
    let inputs =
        state.network.history().with(|history| history.draft().layer(id).and_then(|layer| layer.inputs.clone()));
    if inputs.is_none() && merges(state, id) { Some(Vec::new()) } else { inputs }
}

fn merges(state: State, id: LayerId) -> bool {
    state.network.history().with(|history| {
        let layer = history.draft().layer(id);
        layer.is_some_and(|layer| catalogue::find(&layer.type_name).is_ok_and(|layer_type| layer_type.merges()))
    })
}

/// Returns the names that the inputs of a layer can have: the model's input, and the layers before it.
fn earlier(state: State, id: LayerId) -> Vec<String> {
    let names =
        state.network.history().with(|history| layer_names(history.draft().layers.iter().map(|(_, layer)| layer)));
    let before = names.into_iter().take(position(state, id).unwrap_or_default());
    [INPUT_LAYER.to_owned()].into_iter().chain(before).collect()
}

fn set(state: State, id: LayerId, inputs: Option<Vec<String>>) {
    state.edit(|history| history.set_inputs(id, inputs));
}

/// Row of one input: a choice between the layers before this one.
#[component]
fn InputRow(id: LayerId, at: usize, can_remove: bool) -> impl IntoView {
    let state = use_state();
    let row = format!("layer-input-{at}");
    let error = Memo::new(move |_| fault(state, id, "inputs").filter(|_| at == 0));
    let chosen =
        Memo::new(move |_| shown_inputs(state, id).and_then(|inputs| inputs.get(at).cloned()).unwrap_or_default());
    let options = Memo::new(move |_| {
        let (mut names, chosen) = (earlier(state, id), chosen.get());
        // A name that does not exist shows, so that the form says what the model says.
        if !names.contains(&chosen) {
            names.push(chosen);
        }
        names
    });
    let change = move |edit: &dyn Fn(&mut Vec<String>)| {
        if let Some(mut inputs) = shown_inputs(state, id) {
            edit(&mut inputs);
            let is_none = inputs.is_empty() && !merges(state, id);
            set(state, id, (!is_none).then_some(inputs));
        }
    };
    let choose = move |event: web_sys::Event| {
        let name = event_text(&event);
        change(&|inputs| {
            if let Some(input) = inputs.get_mut(at) {
                input.clone_from(&name);
            }
        });
    };
    let remove = can_remove.then(|| {
        let remove = move || {
            change(&|inputs| {
                if at < inputs.len() {
                    inputs.remove(at);
                }
            });
        };
        view! { <IconButton text="remove_input" icon="delete" on_click=remove /> }
    });
    let described = format!("{row}-help {row}-error");
    view! {
        <FormRow id=row.clone() label="layer_input" help="layer_input_help" error>
            <select
                class="input"
                id=row
                aria-label=move || t_with("layer_input_number", &[("number", &(at + 1).to_string())])
                aria-describedby=described
                aria-invalid=move || error.with(Option::is_some).to_string()
                prop:value=move || chosen.get()
                on:change=choose
            >
                {move || {
                    let chosen = chosen.get();
                    let option = |name: String| view! { <option value=name.clone() selected=name == chosen>{name.clone()}</option> };
                    options.get().into_iter().map(option).collect_view()
                }}
            </select>
            {remove}
        </FormRow>
    }
}
