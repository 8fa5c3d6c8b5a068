//! The list of known networks to start from.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::ui::features::network::presets::{PRESETS, preset};
use crate::ui::state::use_state;
use crate::ui::text::t;

/// Key of the name of the network that was trained in advance, which comes with its weights.
const PRETRAINED: &str = "preset_pretrained";

/// List of known networks. Choosing one is an edit.
#[component]
pub fn PresetList() -> impl IntoView {
    let state = use_state();
    let choose = move |event: web_sys::Event| {
        let Some(list) = event.target() else { return };
        let list: web_sys::HtmlSelectElement = list.unchecked_into();
        let name = list.value();
        // The list is a menu: it shows no choice.
        list.set_value("");
        if name == PRETRAINED {
            state.bring_back_pretrained();
        } else if !name.is_empty() {
            state.edit(|history| history.replace(&preset(&name)));
            state.network.select(None);
        }
    };
    let option = |name: &'static str| view! { <option value=name>{move || t(name)}</option> };
    view! {
        <select class="input presets" aria-label=move || t("presets") on:change=choose>
            <option value="">{move || t("preset_choose")}</option>
            {PRESETS.map(option).collect_view()}
            <Show when=move || state.fits_pretrained()>{option(PRETRAINED)}</Show>
        </select>
    }
}
