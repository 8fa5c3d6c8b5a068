//! The panel in the place of the dock: the trail of a number, or the step stage by stage.

use leptos::prelude::*;

use super::controls::TrailControls;
use super::line::LineView;
use super::slow_step::SlowStep;
use super::trail::Line;
use super::trouble::TroubleView;
use crate::ui::components::icon_button::IconButton;
use crate::ui::format;
use crate::ui::state::{State, use_state};
use crate::ui::stores::follow::View;
use crate::ui::text::{t, t_with};
use chalkgrad_engine::protocol::RunState;

#[component]
pub fn FollowPanel() -> impl IntoView {
    let state = use_state();
    follow_run(state);
    let close_by_escape = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Escape" && !event.default_prevented() {
            event.prevent_default();
            state.close_follow();
        }
    };
    let step = move || {
        let step = state.follow.step().get()?;
        let Some(info) = step.info() else { return Some(t("follow_input")) };
        let (number, epoch) = (format::count(info.step as usize), (info.epoch + 1).to_string());
        let values = [
            ("step", number.as_str()),
            ("epoch", epoch.as_str()),
            ("batch", &format::count(info.batch_in_epoch as usize)),
            ("count", &format::count(step.examples())),
        ];
        Some(t_with("follow_step", &values))
    };
    let choice = move |view: View, text: &'static str| {
        let choose = move |_| {
            state.follow.show_view(view);
            if view == View::Stages {
                state.load_stages();
            }
        };
        view! {
            <button
                type="button"
                aria-pressed=move || (state.follow.view().get() == view).to_string()
                title=move || t(&format!("{text}_help"))
                on:click=choose
            >
                {move || t(text)}
            </button>
        }
    };
    let is_trail = move || state.follow.view().get() == View::Trail;
    view! {
        <section
            class="panel dock follow"
            class:over=move || state.follow.is_over().get() || state.is_edited_since()
            aria-labelledby="follow-title"
            on:keydown=close_by_escape
        >
            <header class="panel-header follow-header">
                <h2 id="follow-title" tabindex="-1">{move || t("follow_title")}</h2>
                <div class="segmented" role="group" aria-label=move || t("follow_view")>
                    {choice(View::Trail, "follow_one")}
                    {choice(View::Stages, "slow_step")}
                </div>
                <span class="panel-note">{step}</span>
                <div class="panel-actions">
                    <IconButton text="follow_close" icon="close" shortcut="Esc" on_click=move || state.close_follow() />
                </div>
            </header>
            <TroubleView />
            <Show when=is_trail fallback=SlowStep>
                <TrailView />
            </Show>
        </section>
    }
}

#[component]
fn TrailView() -> impl IntoView {
    let state = use_state();
    let lines = Memo::new(move |_| {
        let step = state.follow.step().get();
        let lines = state.follow.trail().with(|trail| trail.lines().to_vec());
        let numbered = lines.into_iter().enumerate();
        step.map(|step| numbered.map(|(at, line)| (at, line, step.clone())).collect::<Vec<_>>()).unwrap_or_default()
    });
    // A line is made again where another explanation takes its place.
    let key = |(at, line, _): &(usize, Line, _)| (*at, std::sync::Arc::as_ptr(&line.explanation) as usize);
    view! {
        <TrailControls />
        <p class="help">{move || t("follow_help")}</p>
        <ol class="follow-lines" aria-busy=move || state.follow.is_asking().get().to_string()>
            <For each=move || lines.get() key=key let:entry>
                <LineView at=entry.0 line=entry.1 step=entry.2 />
            </For>
        </ol>
    }
}

/// Asks again when a run has ended or the weights have changed, and notes that a step is over when a run begins.
fn follow_run(state: State) {
    Effect::new(move |before: Option<(bool, u32)>| {
        let now = (state.can_follow(), state.run.weights_version().get());
        if state.run.state().with(|run| *run == RunState::Training) {
            state.follow.step_is_over();
        }
        if before.is_some_and(|before| before != now) && now.0 {
            state.load_followed();
        }
        now
    });
}
