//! The bar at the bottom: training, the latest numbers, and the parts of the page.

use leptos::prelude::*;

use super::PartTabs;
use crate::ui::components::icon_button::IconButton;
use crate::ui::features::run::{MoreControls, Numbers, Progress, StepButton, TrainButton};
use crate::ui::text::t;

#[component]
pub fn RunBar() -> impl IntoView {
    let is_open = RwSignal::new(false);
    let close_by_escape = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Escape" {
            is_open.set(false);
        }
    };
    view! {
        <footer class="run-bar" on:keydown=close_by_escape>
            // It covers the page, so it goes with what was chosen.
            <div class="run-more" hidden=move || !is_open.get() on:click=move |_| is_open.set(false)>
                <div class="controls" role="group" aria-label=move || t("run_more")>
                    <MoreControls />
                </div>
            </div>
            <Progress />
            <div class="run-row">
                <div class="controls" role="group" aria-label=move || t("run")>
                    <TrainButton />
                    <StepButton />
                    <IconButton
                        text="run_more"
                        icon="more"
                        expanded=is_open
                        on_click=move || is_open.update(|is_open| *is_open = !*is_open)
                    />
                </div>
                <Numbers shows_speed=false />
            </div>
            <PartTabs />
        </footer>
    }
}
