//! The training buttons.

use leptos::prelude::*;

use crate::ui::components::icon::Icon;
use crate::ui::state::{State, use_state};
use crate::ui::text::t;

#[component]
pub fn Controls() -> impl IntoView {
    view! {
        <div class="controls" role="group" aria-label=move || t("run")>
            <TrainButton />
            <StepButton />
            <MoreControls />
        </div>
    }
}

#[component]
pub fn TrainButton() -> impl IntoView {
    let state = use_state();
    let is_training = Memo::new(move |_| state.is_training());
    let train = move || if is_training.get() { "pause" } else { "train" };
    let trains_last_valid = Memo::new(move |_| !is_training.get() && is_draft_faulty(state));
    let title = move || if trains_last_valid.get() { t("last_valid_help") } else { String::new() };
    view! {
        <button
            type="button"
            class="button primary"
            class:last-valid=trains_last_valid
            title=title
            on:click=move |_| state.train_or_pause()
        >
            {move || view! { <Icon name=train() /> }}
            <span>{move || t(train())}</span>
            <Show when=move || trains_last_valid.get()>
                <small>{move || t("last_valid_network")}</small>
            </Show>
        </button>
    }
}

#[component]
pub fn StepButton() -> impl IntoView {
    let state = use_state();
    let is_training = Memo::new(move |_| state.is_training());
    view! { <Control name="step" icon="step" trains=true disabled=is_training on_click=move || state.step() /> }
}

/// Buttons besides Train and Step.
#[component]
pub fn MoreControls() -> impl IntoView {
    let state = use_state();
    let is_training = Memo::new(move |_| state.is_training());
    view! {
        <Control
            name="step_epoch"
            icon="step-epoch"
            trains=true
            disabled=is_training
            on_click=move || state.step_epoch()
        />
        <Control name="reset" icon="reset" on_click=move || state.reset() />
        <Control name="evaluate" icon="evaluate" busy=state.results.is_evaluating() on_click=move || state.evaluate() />
    }
}

/// Returns true if the network that the page shows is at fault, so that the engine has an earlier one.
fn is_draft_faulty(state: State) -> bool {
    state.network.checked().with(|checked| checked.error.is_some())
}

/// Button with an icon and a text; its help, under `<name>_help`, is the title.
#[component]
fn Control(
    /// Key of the text.
    name: &'static str,
    icon: &'static str,
    /// It trains, which a title says of a network that is not the one shown.
    #[prop(optional)]
    trains: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] busy: Signal<bool>,
    on_click: impl Fn() + 'static,
) -> impl IntoView {
    let state = use_state();
    let trains_last_valid = Memo::new(move |_| trains && is_draft_faulty(state));
    let title = move || {
        let help = t(&format!("{name}_help"));
        if trains_last_valid.get() { format!("{help}. {}", t("last_valid_help")) } else { help }
    };
    view! {
        <button
            type="button"
            class="button"
            title=title
            disabled=disabled
            aria-busy=move || busy.get().to_string()
            on:click=move |_| on_click()
        >
            <Icon name=icon />
            <span>{move || t(name)}</span>
        </button>
    }
}
