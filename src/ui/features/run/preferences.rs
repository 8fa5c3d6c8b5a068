//! Language, theme and presentation.

use leptos::prelude::*;

use crate::ui::components::icon::Icon;
use crate::ui::state::use_state;
use crate::ui::text::{Locale, locale, set_locale, t};

fn pressed(is_pressed: bool) -> &'static str {
    if is_pressed { "true" } else { "false" }
}

#[component]
pub fn LanguageSwitch() -> impl IntoView {
    let button = |choice: Locale| {
        view! {
            <button
                type="button"
                lang=choice.tag()
                aria-pressed=move || pressed(locale() == choice)
                on:click=move |_| set_locale(choice)
            >
                {choice.name()}
            </button>
        }
    };
    view! {
        <div class="segmented" role="group" aria-label=move || t("language")>
            {Locale::ALL.map(button)}
        </div>
    }
}

/// Button that enters and leaves the presentation mode.
#[component]
pub fn PresentationSwitch() -> impl IntoView {
    let state = use_state();
    let is_presenting = state.screen.is_presenting();
    let title = move || format!("{} (Alt+P)", t("presentation"));
    view! {
        <button
            type="button"
            class="icon-button present"
            aria-label=move || t("presentation")
            title=title
            aria-pressed=move || pressed(is_presenting.get())
            on:click=move |_| state.screen.present(!is_presenting.get_untracked())
        >
            {move || view! { <Icon name=if is_presenting.get() { "close" } else { "present" } /> }}
        </button>
    }
}

#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let state = use_state();
    let is_dark = state.screen.is_dark();
    view! {
        <button
            type="button"
            class="icon-button"
            aria-label=move || t("dark_theme")
            title=move || t("dark_theme")
            aria-pressed=move || pressed(is_dark.get())
            on:click=move |_| state.screen.set_dark(!is_dark.get_untracked())
        >
            {move || view! { <Icon name=if is_dark.get() { "sun" } else { "moon" } /> }}
        </button>
    }
}
