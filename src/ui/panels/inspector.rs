//! The selected layer in detail. On a phone the form opens under the card instead, and this panel is not there.

use leptos::prelude::*;

use crate::ui::state::State;
use crate::ui::text::{error_detail, error_title, t};
use crate::ui::widgets::icon::icon;
use crate::ui::widgets::layer_form::LayerForm;

#[component]
pub fn InspectorPanel() -> impl IntoView {
    let state = expect_context::<State>();
    view! { {move || (!state.is_narrow.get()).then(|| view! { <Inspector/> })} }.into_any()
}

#[component]
fn Inspector() -> impl IntoView {
    let state = expect_context::<State>();
    let position = Memo::new(move |_| {
        let id = state.selected.get()?;
        state.history.with(|history| history.draft().position(id))
    });
    let title = Signal::derive(move || {
        let Some(index) = position.get() else { return t("layer") };
        let name = state.checked.with(|checked| checked.layers.get(index).map(|layer| layer.name.clone()));
        name.unwrap_or_else(|| state.history.with(|history| history.draft().layers[index].1.type_name.clone()))
    });
    let fault = move || {
        let error = position.get().and_then(|index| state.checked.with(|checked| checked.error_at(index).cloned()))?;
        Some(view! {
            <p class="fault-box">
                {icon("warning")}
                <span><strong>{error_title(error.code)}</strong> " " {error_detail(&error)}</span>
            </p>
        })
    };
    view! {
        <section class="panel inspector" aria-labelledby="inspector-title">
            <header class="panel-header">
                <h2 id="inspector-title" class="layer-title">{title}</h2>
            </header>
            {fault}
            {move || match state.selected.get() {
                Some(id) => view! { <LayerForm id=id/> }.into_any(),
                None => view! { <p class="help empty">{t("select_a_layer")}</p> }.into_any(),
            }}
        </section>
    }
    .into_any()
}
