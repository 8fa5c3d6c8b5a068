//! The selected layer in detail. On a phone the form opens under the card instead, and this panel is not mounted.

use leptos::prelude::*;

use super::layer_detail::LayerDetail;
use crate::ui::state::use_state;
use crate::ui::text::t;

/// Panel with the settings and tensors of the selected layer.
#[component]
pub fn Inspector() -> impl IntoView {
    let state = use_state();
    let title = move || {
        let position = state
            .network
            .selected()
            .get()
            .and_then(|id| state.network.history().with(|history| history.draft().position(id)));
        let Some(index) = position else { return t("layer") };
        let name = state.network.checked().with(|checked| checked.layers.get(index).map(|layer| layer.name.clone()));
        name.unwrap_or_else(|| {
            state.network.history().with(|history| history.draft().layers[index].1.type_name.clone())
        })
    };
    let selected = Memo::new(move |_| state.network.selected().get());
    let detail = move || match selected.get() {
        Some(id) => view! { <LayerDetail id /> }.into_any(),
        None => view! { <p class="help empty">{move || t("select_a_layer")}</p> }.into_any(),
    };
    view! {
        <Show when=move || !state.screen.is_narrow().get()>
            <section class="panel inspector" aria-label=move || t("layer")>
                <header class="panel-header">
                    <h2 id="inspector-title" class="layer-title">
                        {title}
                    </h2>
                </header>
                {detail}
            </section>
        </Show>
    }
}
