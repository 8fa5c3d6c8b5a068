//! The header of a panel.

use leptos::prelude::*;

use crate::ui::text::t;

/// Header of a panel, with its title and whatever stands beside it.
#[component]
pub fn PanelHeader(
    /// Id of the title, which names the panel.
    id: &'static str,
    /// Key of the title's text.
    #[prop(into)]
    title: Signal<String>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <header class="panel-header">
            <h2 id=id>{move || title.with(|title| t(title))}</h2>
            {children.map(|children| children())}
        </header>
    }
}
