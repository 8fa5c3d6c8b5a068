//! The menu of networks to start from, by chapter of the course.

use chalkgrad_engine::presets::{self, Chapter};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::ui::state::use_state;
use crate::ui::text::t;

/// Key of the name of the network that was trained in advance, which comes with its weights.
const PRETRAINED: &str = "preset_pretrained";

/// Menu of known networks. Choosing one sets network, data set and training, as one step to undo.
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
        } else if let Some(preset) = presets::find(&name) {
            state.choose_preset(preset);
        }
    };
    let option = |name: &'static str| view! { <option value=name>{move || t(name)}</option> };
    let chapter = |chapter: Chapter| {
        let options = chapter.presets().map(|preset| option(preset.name)).collect_view();
        view! { <optgroup label=move || t(chapter.key())>{options}</optgroup> }
    };
    // A chapter without presets would be an empty heading.
    let chapters = Chapter::ALL.into_iter().filter(|chapter| chapter.presets().next().is_some());
    view! {
        <select class="input presets" aria-label=move || t("presets") title=move || t("presets_help") on:change=choose>
            <option value="">{move || t("preset_choose")}</option>
            {chapters.map(chapter).collect_view()}
            <Show when=move || state.fits_pretrained()>{option(PRETRAINED)}</Show>
        </select>
    }
}
