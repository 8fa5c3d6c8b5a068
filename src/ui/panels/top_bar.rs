//! The bar at the top: the training buttons, the progress, and the latest numbers.

use super::keep;
use crate::ui::format;
use crate::ui::link;
use crate::ui::state::State;
use crate::ui::text::{Locale, locale, set_locale, t, t_with};
use crate::ui::widgets::element::{Element, button, el, svg};
use crate::ui::widgets::icon::icon;
use crate::ui::widgets::{icon_button, place};
use chalkgrad_engine::protocol::{BatchReport, RunState, StopRule};
use leptos::prelude::*;

pub fn top_bar(state: State) -> Element {
    const MARK: &str = "M4.500 6.500c7.600-.7 15.300-.6 23 .1M27.200 7.100C23.700 13.500 20 20.300 16.200 27M15.700 26.800C11.800 20.300 8 13.600 4.900 7.200";
    let mark = svg("svg")
        .class("brand-mark")
        .attr("viewBox", "0 0 32 32")
        .attr("width", "30")
        .attr("height", "30")
        .attr("aria-hidden", "true")
        .child(svg("path").attr("d", MARK));
    let copy_link = icon_button("copy_link", "link", "", move || link::copy(state));
    el("header")
        .class("top-bar")
        .child(el("div").class("brand").child(mark).child(el("h1").text("chalkgrad")))
        .child(controls(state))
        .child(progress(state))
        .child(numbers(state))
        .child(
            el("div")
                .class("top-end")
                .child(backend(state))
                .child(copy_link)
                .children(keep::buttons(state))
                .child(language_switch())
                .child(theme_switch(state)),
        )
}

fn controls(state: State) -> Element {
    let train = move || if state.is_training() { "pause" } else { "train" };
    let train_icon = place().switch(move || train().to_owned(), |name| Some(icon(name)));
    el("div")
        .class("controls")
        .attr("role", "group")
        .label("run")
        .child(
            button("button primary", move || state.train_or_pause())
                .child(train_icon)
                .child(el("span").text_fn(move || t(train()))),
        )
        .child(
            button("button", move || state.step())
                .title("step_help")
                .flag("disabled", move || state.is_training())
                .child(icon("step"))
                .child(el("span").tr("step")),
        )
        .child(
            button("button", move || state.step_epoch())
                .title("step_epoch_help")
                .flag("disabled", move || state.is_training())
                .child(icon("step-epoch"))
                .child(el("span").tr("step_epoch")),
        )
        .child(
            button("button", move || state.reset())
                .title("reset_help")
                .child(icon("reset"))
                .child(el("span").tr("reset")),
        )
        .child(
            button("button", move || state.evaluate())
                .title("evaluate_help")
                .bool_attr("aria-busy", move || state.is_evaluating.get())
                .child(icon("evaluate"))
                .child(el("span").tr("evaluate")),
        )
}

/// Makes the progress bar, and the state of the run below it.
fn progress(state: State) -> Element {
    // A resolution of one thousandth is finer than the bar shows and saves updates of the page.
    let share = move || state.batch.with(|batch| batch.as_ref().map_or(0.0, |batch| batch.progress));
    let position = move || {
        state.batch.with(|batch| match batch {
            None => t(if state.is_training() { "run_starts" } else { "run_idle" }),
            Some(batch) => {
                let epoch = (batch.epoch + 1).to_string();
                let (done, of) =
                    (format::count(batch.batch_in_epoch as usize), format::count(batch.batches_per_epoch as usize));
                t_with("run_position", &[("epoch", &epoch), ("batch", &done), ("batches", &of)])
            }
        })
    };
    let status = move || match state.run.get() {
        RunState::Idle => String::new(),
        RunState::Training => {
            let remaining = state.batch.with(|batch| batch.as_ref().map(|batch| batch.remaining_seconds));
            remaining.map(|seconds| t_with("time_left", &[("time", &format::duration(seconds))])).unwrap_or_default()
        }
        // A run that ended before the weights were reset no longer matters.
        RunState::Done | RunState::Stopped if state.batch.with(Option::is_none) => String::new(),
        RunState::Paused => t("state_paused"),
        RunState::Waiting => t("state_waiting"),
        RunState::Evaluating => t("state_evaluating"),
        RunState::Done => match state.stopped_by.get() {
            Some(StopRule::TargetAccuracy) => t("stopped_by_target"),
            Some(StopRule::Patience) => t("stopped_by_patience"),
            None => t("state_done"),
        },
        RunState::Stopped => t("state_stopped"),
        RunState::Failed => t("state_failed"),
    };
    let track = el("div")
        .class("progress-track")
        .attr("role", "progressbar")
        .label("progress")
        .attr("aria-valuemin", "0")
        .attr("aria-valuemax", "100")
        .attr_fn("aria-valuenow", move || ((share().clamp(0.0, 1.0) * 100.0) as u32).to_string())
        .child(el("div").class("progress-fill").attr_fn("style", move || format::scale_x(share())));
    el("div")
        .class("progress")
        .child(track)
        .child(el("div").class("progress-text").child(el("span").text_fn(position)).child(el("span").text_fn(status)))
}

/// Shows loss, accuracy and speed, in fields of constant width.
fn numbers(state: State) -> Element {
    let number = move |key: &'static str, read: fn(&BatchReport) -> String| {
        let text = move || state.batch.with(|batch| batch.as_ref().map_or_else(|| "–".to_owned(), read));
        el("div").child(el("dt").tr(key)).child(el("dd").text_fn(text))
    };
    el("dl")
        .class("numbers")
        .child(number("loss", |batch| format::loss(batch.epoch_loss)))
        .child(number("accuracy", |batch| format::percent(batch.epoch_accuracy, 1)))
        .child(number("images_per_second", |batch| format::count(batch.images_per_second.max(0.0) as usize)))
}

/// Shows the backend; the reason for its choice is in the title and read out by screen readers.
fn backend(state: State) -> Element {
    let name = move || {
        state.backend.with(|backend| match backend.as_ref().map(|backend| backend.backend.as_str()) {
            Some("cpu") => "CPU".to_owned(),
            Some("webgpu") => "WebGPU".to_owned(),
            Some(other) => other.to_owned(),
            None => "…".to_owned(),
        })
    };
    let detail = move || state.backend_text();
    el("span")
        .class("badge")
        .attr_fn("title", detail)
        .attr_fn("style", move || {
            let (ready, total) = state.kernels.get();
            format!("--ready: {}%", if ready < total { 100 * ready / total } else { 0 })
        })
        .child(el("span").class("visually-hidden").tr("backend").text(": "))
        .text_fn(name)
        .child(el("span").class("visually-hidden").text(". ").text_fn(detail))
}

fn language_switch() -> Element {
    let buttons = Locale::ALL.map(|choice| {
        button("", move || set_locale(choice))
            .attr("lang", choice.tag())
            .bool_attr("aria-pressed", move || locale() == choice)
            .text(choice.name())
    });
    el("div").class("segmented").attr("role", "group").label("language").children(buttons)
}

fn theme_switch(state: State) -> Element {
    let name = move || if state.is_dark.get() { "sun" } else { "moon" }.to_owned();
    button("icon-button", move || state.is_dark.update(|dark| *dark = !*dark))
        .label("dark_theme")
        .title("dark_theme")
        .bool_attr("aria-pressed", move || state.is_dark.get())
        .child(place().switch(name, |name| Some(icon(name))))
}
