//! Buttons above the trail: back and forward, the ways to the loss and to the input, and play.

use leptos::prelude::*;

use super::route::Goal;
use super::trail::Trail;
use crate::ui::components::icon::Icon;
use crate::ui::components::icon_button::IconButton;
use crate::ui::state::use_state;
use crate::ui::text::t;

#[component]
pub fn TrailControls() -> impl IntoView {
    let state = use_state();
    let trail = state.follow.trail();
    let is_idle = Memo::new(move |_| state.can_follow() && !state.follow.is_asking().get());
    let last = move || trail.with(|trail| trail.lines().len()).saturating_sub(1);
    let cannot_go_back = Signal::derive(move || !is_idle.get() || !trail.with(Trail::can_go_back));
    let cannot_go_forward = Signal::derive(move || !is_idle.get() || !trail.with(Trail::can_go_forward));
    let is_playing = state.follow.is_playing();
    let go = move |change: fn(&mut Trail)| {
        state.follow.set_playing(false);
        state.follow.change(change, usize::MAX);
    };
    let way = move |goal: Goal, text: &'static str, help: &'static str| {
        // Tracked by the trail, from which the next number follows.
        let is_at_end = Memo::new(move |_| {
            trail.track();
            state.next_cell(goal).is_none()
        });
        view! {
            <button
                type="button"
                class="button"
                title=move || t(help)
                disabled=move || !is_idle.get() || is_at_end.get()
                on:click=move |_| state.follow_to(goal)
            >
                {move || t(text)}
            </button>
        }
    };
    view! {
        <div class="follow-controls" role="group" aria-label=move || t("follow_controls")>
            <IconButton text="follow_back" icon="left" disabled=cannot_go_back on_click=move || go(Trail::back) />
            <IconButton text="follow_forward" icon="right" disabled=cannot_go_forward on_click=move || go(Trail::forward) />
            {way(Goal::Loss, "follow_to_loss", "follow_to_loss_help")}
            {way(Goal::Input, "follow_to_input", "follow_to_input_help")}
            <button
                type="button"
                class="button"
                title=move || t("follow_play_help")
                disabled=move || last() == 0
                on:click=move |_| state.play_trail()
            >
                {move || view! { <Icon name=if is_playing.get() { "pause" } else { "train" } /> }}
                <span>{move || t(if is_playing.get() { "follow_stop" } else { "follow_play" })}</span>
            </button>
            <button
                type="button"
                class="button quiet"
                hidden=move || !state.follow.is_asking().get()
                on:click=move |_| state.follow.cancel()
            >
                {move || t("follow_cancel")}
            </button>
        </div>
    }
}
