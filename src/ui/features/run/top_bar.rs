//! The bar at the top. On a phone the training buttons are in the bar at the bottom.

use leptos::prelude::*;

use super::backend::Backend;
use super::controls::Controls;
use super::numbers::Numbers;
use super::preferences::{LanguageSwitch, PresentationSwitch, ThemeSwitch};
use super::progress::Progress;
use crate::ui::components::icon_button::IconButton;
use crate::ui::features::messages::{OpenFile, SaveFile};
use crate::ui::features::share::link;
use crate::ui::features::welcome::TourButton;
use crate::ui::state::use_state;

/// Strokes of the mark: a gradient sign, as with chalk.
const MARK: &str = "M4.500 6.500c7.600-.7 15.300-.6 23 .1M27.200 7.100C23.700 13.500 20 20.300 16.200 27M15.700 26.800C11.800 20.300 8 13.600 4.900 7.200";

#[component]
pub fn TopBar() -> impl IntoView {
    let state = use_state();
    view! {
        <header class="top-bar">
            <div class="brand">
                <svg class="brand-mark" viewBox="0 0 32 32" width="30" height="30" aria-hidden="true">
                    <path d=MARK></path>
                </svg>
                <h1 class:visually-hidden=move || state.screen.is_narrow().get()>"chalkgrad"</h1>
            </div>
            <Show when=move || !state.screen.is_narrow().get()>
                <Controls />
                <Progress />
                <Numbers />
            </Show>
            <div class="top-end">
                <Backend />
                <IconButton text="copy_link" word="word_link" icon="link" on_click=move || link::copy(state) />
                <SaveFile />
                <OpenFile />
                <TourButton />
                <LanguageSwitch />
                <ThemeSwitch />
                <Show when=move || !state.screen.is_narrow().get()>
                    <PresentationSwitch />
                </Show>
            </div>
        </header>
    }
}
