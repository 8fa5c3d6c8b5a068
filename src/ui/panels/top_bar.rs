//! The bar at the top: what trains, how far it is, and how it goes.

use leptos::prelude::*;

use crate::protocol::RunState;
use crate::ui::app::Theme;
use crate::ui::format;
use crate::ui::state::State;
use crate::ui::text::{Locale, locale, set_locale, t, t_with, tr};
use crate::ui::widgets::icon::icon;

#[component]
pub fn TopBar() -> impl IntoView {
    let state = expect_context::<State>();
    view! {
        <header class="top-bar">
            <div class="brand">
                <svg class="brand-mark" viewBox="0 0 32 32" width="30" height="30" aria-hidden="true">
                    <path d="M4.500 6.500c7.600-.7 15.300-.6 23 .1M27.200 7.100C23.700 13.500 20 20.300 16.200 27M15.700 26.800C11.800 20.300 8 13.600 4.900 7.200"></path>
                </svg>
                <h1>"chalkgrad"</h1>
            </div>
            <Controls/>
            <Progress/>
            <Numbers/>
            <div class="top-end">
                <Backend state=state/>
                <LanguageSwitch/>
                <ThemeSwitch/>
            </div>
        </header>
    }
    .into_any()
}

#[component]
fn Controls() -> impl IntoView {
    let state = expect_context::<State>();
    let is_running = Memo::new(move |_| state.is_training());
    view! {
        <div class="controls" role="group" aria-label=tr("run")>
            <button type="button" class="button primary" on:click=move |_| state.train_or_pause()>
                {move || icon(if is_running.get() { "pause" } else { "train" })}
                <span>{move || if is_running.get() { t("pause") } else { t("train") }}</span>
            </button>
            <button type="button" class="button" title=tr("step_help") disabled=is_running on:click=move |_| state.step()>
                {icon("step")}
                <span>{tr("step")}</span>
            </button>
            <button type="button" class="button" title=tr("reset_help") on:click=move |_| state.reset()>
                {icon("reset")}
                <span>{tr("reset")}</span>
            </button>
            <button
                type="button"
                class="button"
                title=tr("evaluate_help")
                aria-busy=Signal::derive(move || state.is_evaluating.get().to_string())
                on:click=move |_| state.evaluate()
            >
                {icon("evaluate")}
                <span>{tr("evaluate")}</span>
            </button>
        </div>
    }
    .into_any()
}

/// The bar, and below it where the run stands.
#[component]
fn Progress() -> impl IntoView {
    let state = expect_context::<State>();
    let progress = Memo::new(move |_| {
        let progress = state.batch.with(|batch| batch.as_ref().map_or(0.0, |batch| batch.progress));
        // Thousandths are finer than the bar can show; less often the page has to be touched.
        (progress.clamp(0.0, 1.0) * 1000.0).round() as u32
    });
    let position = Signal::derive(move || {
        state.batch.with(|batch| match batch {
            None => t(if state.is_training() { "run_starts" } else { "run_idle" }),
            Some(batch) => {
                let epoch = (batch.epoch + 1).to_string();
                let (done, of) =
                    (format::count(batch.batch_in_epoch as usize), format::count(batch.batches_per_epoch as usize));
                t_with("run_position", &[("epoch", &epoch), ("batch", &done), ("batches", &of)])
            }
        })
    });
    let status = Signal::derive(move || match state.run.get() {
        RunState::Idle => String::new(),
        RunState::Training => {
            let remaining = state.batch.with(|batch| batch.as_ref().map(|batch| batch.remaining_seconds));
            remaining.map(|seconds| t_with("time_left", &[("time", &format::duration(seconds))])).unwrap_or_default()
        }
        // What ended before the weights were made anew is of no interest any more.
        RunState::Done | RunState::Stopped if state.batch.with(Option::is_none) => String::new(),
        RunState::Paused => t("state_paused"),
        RunState::Waiting => t("state_waiting"),
        RunState::Evaluating => t("state_evaluating"),
        RunState::Done => t("state_done"),
        RunState::Stopped => t("state_stopped"),
        RunState::Failed => t("state_failed"),
    });
    view! {
        <div class="progress">
            <div
                class="progress-track"
                role="progressbar"
                aria-label=tr("progress")
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=Signal::derive(move || (progress.get() / 10).to_string())
            >
                <div class="progress-fill" style=move || format!("transform:scaleX({})", progress.get() as f32 / 1000.0)></div>
            </div>
            <div class="progress-text">
                <span>{position}</span>
                <span>{status}</span>
            </div>
        </div>
    }
    .into_any()
}

/// Loss, accuracy and speed, in fields that keep their width.
#[component]
fn Numbers() -> impl IntoView {
    let state = expect_context::<State>();
    let number = move |read: fn(&crate::protocol::BatchReport) -> String| {
        move || state.batch.with(|batch| batch.as_ref().map_or_else(|| "–".to_owned(), read))
    };
    view! {
        <dl class="numbers">
            <div><dt>{tr("loss")}</dt><dd>{number(|batch| format::loss(batch.epoch_loss))}</dd></div>
            <div><dt>{tr("accuracy")}</dt><dd>{number(|batch| format::percent(batch.epoch_accuracy, 1))}</dd></div>
            <div>
                <dt>{tr("images_per_second")}</dt>
                <dd>{number(|batch| format::count(batch.images_per_second.max(0.0) as usize))}</dd>
            </div>
        </dl>
    }
    .into_any()
}

/// Which backend runs; the reason is in its title and read out by screen readers.
#[component]
fn Backend(state: State) -> impl IntoView {
    let name = move || {
        state.backend.with(|backend| match backend.as_ref().map(|backend| backend.backend.as_str()) {
            Some("cpu") => "CPU".to_owned(),
            Some("webgpu") => "WebGPU".to_owned(),
            Some(other) => other.to_owned(),
            None => "…".to_owned(),
        })
    };
    let detail = Signal::derive(move || {
        state.backend.with(|backend| match backend {
            Some(backend) => backend.detail.clone(),
            None => t("engine_starts"),
        })
    });
    view! {
        <span class="badge" title=detail>
            <span class="visually-hidden">{tr("backend")}": "</span>
            {name}
            <span class="visually-hidden">". " {detail}</span>
        </span>
    }
    .into_any()
}

#[component]
fn LanguageSwitch() -> impl IntoView {
    let buttons = Locale::ALL.map(|choice| {
        view! {
            <button
                type="button"
                lang=choice.tag()
                aria-pressed=Signal::derive(move || (locale() == choice).to_string())
                on:click=move |_| set_locale(choice)
            >
                {choice.name()}
            </button>
        }
    });
    view! { <div class="segmented" role="group" aria-label=tr("language")>{buttons.into_iter().collect_view()}</div> }
        .into_any()
}

#[component]
fn ThemeSwitch() -> impl IntoView {
    let theme = expect_context::<Theme>();
    view! {
        <button
            type="button"
            class="icon-button"
            aria-label=tr("dark_theme")
            title=tr("dark_theme")
            aria-pressed=Signal::derive(move || theme.is_dark.get().to_string())
            on:click=move |_| theme.is_dark.update(|dark| *dark = !*dark)
        >
            {move || icon(if theme.is_dark.get() { "sun" } else { "moon" })}
        </button>
    }
    .into_any()
}
