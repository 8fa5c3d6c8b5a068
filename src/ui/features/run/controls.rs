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
    let is_evaluating = move || if state.is_evaluating.get() { "true" } else { "false" };
    view! {
        <div class="controls" role="group" aria-label=move || t("run")>
            <button type="button" class="button primary" on:click=move |_| state.train_or_pause()>
                {move || view! { <Icon name=train() /> }}
                <span>{move || t(train())}</span>
            </button>
            <button
                type="button"
                class="button"
                title=move || t("step_help")
                disabled=is_training
                on:click=move |_| state.step()
            >
                <Icon name="step" />
                <span>{move || t("step")}</span>
            </button>
            <button
                type="button"
                class="button"
                title=move || t("step_epoch_help")
                disabled=is_training
                on:click=move |_| state.step_epoch()
            >
                <Icon name="step-epoch" />
                <span>{move || t("step_epoch")}</span>
            </button>
            <button type="button" class="button" title=move || t("reset_help") on:click=move |_| state.reset()>
                <Icon name="reset" />
                <span>{move || t("reset")}</span>
            </button>
            <button
                type="button"
                class="button"
                title=move || t("evaluate_help")
                aria-busy=is_evaluating
                on:click=move |_| state.evaluate()
            >
                <Icon name="evaluate" />
                <span>{move || t("evaluate")}</span>
            </button>
        </div>
    }
}
