//! The choice of the data set.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::ui::state::use_state;
use crate::ui::text::{t, t_with};

/// List of the data sets. While another one is fetched, the list shows it, and the one in use stays.
#[component]
pub fn DatasetChoice() -> impl IntoView {
    let state = use_state();
    let in_use = Memo::new(move |_| state.engine.training().with(|training| training.dataset.clone()));
    let fetched = Memo::new(move |_| {
        state.engine.fetched().with(|fetched| fetched.as_ref().map(|progress| progress.dataset.clone()))
    });
    let shown = move || fetched.get().unwrap_or_else(|| in_use.get());
    let choose = move |event: web_sys::Event| {
        let Some(list) = event.target() else { return };
        let list: web_sys::HtmlSelectElement = list.unchecked_into();
        let name = list.value();
        if name != in_use.get_untracked() {
            state.choose_dataset(&name);
        }
    };
    let option = move |name: String| {
        let (value, own) = (name.clone(), name.clone());
        view! {
            <option value=value selected=move || shown() == own>
                {move || state.dataset_title(&name)}
            </option>
        }
    };
    let note = move || {
        fetched.get().map(|name| {
            let [name, former] = [name, in_use.get()].map(|name| state.dataset_title(&name));
            t_with("dataset_fetched", &[("name", &name), ("former", &former)])
        })
    };
    view! {
        <div class="dataset-choice">
            <label for="dataset">{move || t("dataset")}</label>
            <select
                id="dataset"
                class="input"
                disabled=move || fetched.with(Option::is_some)
                prop:value=shown
                on:change=choose
            >
                <For each=move || state.dataset_names() key=Clone::clone let:name>
                    {option(name)}
                </For>
            </select>
        </div>
        <p class="help" role="status" hidden=move || fetched.with(Option::is_none)>{note}</p>
    }
}
