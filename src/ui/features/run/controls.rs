//! The training buttons.

use leptos::prelude::*;

use crate::ui::components::icon::Icon;
use crate::ui::state::use_state;
use crate::ui::text::t;

#[component]
pub fn Controls() -> impl IntoView {
    let state = use_state();
    let is_training = Memo::new(move |_| state.is_training());
    let train = move || if is_training.get() { "pause" } else { "train" };
    view! {
        <div class="controls" role="group" aria-label=move || t("run")>
            <button type="button" class="button primary" on:click=move |_| state.train_or_pause()>
                {move || view! { <Icon name=train() /> }}
                <span>{move || t(train())}</span>
            </button>
            <Control name="step" icon="step" disabled=is_training on_click=move || state.step() />
            <Control name="step_epoch" icon="step-epoch" disabled=is_training on_click=move || state.step_epoch() />
            <Control name="reset" icon="reset" on_click=move || state.reset() />
            <Control name="evaluate" icon="evaluate" busy=state.is_evaluating on_click=move || state.evaluate() />
        </div>
    }
}

/// Button with an icon and a text; its help, under `<name>_help`, is the title.
#[component]
fn Control(
    /// Key of the text.
    name: &'static str,
    icon: &'static str,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] busy: Signal<bool>,
    on_click: impl Fn() + 'static,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="button"
            title=move || t(&format!("{name}_help"))
            disabled=disabled
            aria-busy=move || busy.get().to_string()
            on:click=move |_| on_click()
        >
            <Icon name=icon />
            <span>{move || t(name)}</span>
        </button>
    }
}
