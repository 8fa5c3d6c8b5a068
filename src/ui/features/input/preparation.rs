//! The steps by which a drawing or a picture becomes an image of the data set's kind.

use leptos::prelude::*;

use crate::ui::browser::get;
use crate::ui::components::digit_image::StageImage;
use crate::ui::features::input::photo::Stage;
use crate::ui::features::input::store::Source;
use crate::ui::state::use_state;
use crate::ui::text::t;

#[component]
pub fn Preparation() -> impl IntoView {
    let state = use_state();
    let is_open = RwSignal::new(false);
    let stages = move || {
        state.input.image().track();
        state.input.source().track();
        if is_open.get() { untrack(|| state.input.stages()) } else { Vec::new() }
    };
    let note = move || match state.input.source().get() {
        Source::Test { .. } => t("stages_of_sample"),
        _ if state.input.image().with(Vec::is_empty) => t("stages_of_nothing"),
        _ => String::new(),
    };
    let toggled = move |event: web_sys::Event| {
        is_open.set(event.current_target().is_some_and(|details| get(&details, "open").is_truthy()));
    };
    let list = move || {
        let stages = stages();
        (!stages.is_empty()).then(|| {
            let items = stages.into_iter().map(|stage| view! { <StageItem stage /> }).collect_view();
            view! { <ol class="stages">{items}</ol> }
        })
    };
    view! {
        <details class="preparation" on:toggle=toggled>
            <summary>{move || t("preparation")}</summary>
            {list}
            <p class="help">{note}</p>
        </details>
    }
}

#[component]
fn StageItem(stage: Stage) -> impl IntoView {
    let (key, size) = (stage.key, format!("{}×{}", stage.width, stage.height));
    view! {
        <li>
            <StageImage stage />
            <span>{move || t(key)}" "<small>{size}</small></span>
        </li>
    }
}
