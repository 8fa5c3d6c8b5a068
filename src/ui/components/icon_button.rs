//! A button with an icon.

use leptos::prelude::*;

use super::icon::Icon;
use crate::ui::text::t;

/// Button with an icon, and a text as its name. `shortcut` is added to the title, for example the equivalent key.
#[component]
pub fn IconButton(
    /// Key of the text.
    text: &'static str,
    icon: &'static str,
    #[prop(optional)] shortcut: &'static str,
    /// Key of a word of its name, which stands beside the icon where there is room.
    #[prop(optional)]
    word: &'static str,
    #[prop(optional, into)] disabled: Signal<bool>,
    /// True while the part that the button opens is open; absent for a button that opens none.
    #[prop(optional, into)]
    expanded: Option<Signal<bool>>,
    on_click: impl Fn() + 'static,
) -> impl IntoView {
    let title = move || if shortcut.is_empty() { t(text) } else { format!("{} ({shortcut})", t(text)) };
    view! {
        <button
            type="button"
            class="icon-button"
            aria-label=move || t(text)
            aria-expanded=move || expanded.map(|expanded| expanded.get().to_string())
            title=title
            disabled=disabled
            on:click=move |_| on_click()
        >
            <Icon name=icon />
            {(!word.is_empty()).then(|| view! { <span class="icon-word">{move || t(word)}</span> })}
        </button>
    }
}
