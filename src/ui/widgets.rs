//! Small parts that panels share.

pub mod chart;
pub mod digit_image;
pub mod field;
pub mod icon;
pub mod layer_form;
pub mod layer_menu;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::text::{t, tr};

/// A button that shows an icon and is called by a text.
#[component]
pub fn IconButton(
    text_key: &'static str,
    icon: &'static str,
    #[prop(into)] disabled: Signal<bool>,
    on_click: impl Fn() + 'static,
    /// What the title adds to the name, such as the key that does the same.
    #[prop(optional)]
    shortcut: &'static str,
) -> impl IntoView {
    let title = move || if shortcut.is_empty() { t(text_key) } else { format!("{} ({shortcut})", t(text_key)) };
    view! {
        <button
            type="button"
            class="icon-button"
            aria-label=tr(text_key)
            title=title
            disabled=disabled
            on:click=move |_| on_click()
        >
            {icon::icon(icon)}
        </button>
    }
    .into_any()
}

/// Moves the focus to an element once the page has been updated.
pub fn focus_soon(id: String) {
    request_animation_frame(move || {
        let element = document().get_element_by_id(&id);
        if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
            // An element that has gone meanwhile takes no focus, which is fine.
            let _ = element.focus();
        }
    });
}
