//! Buttons that begin to follow a number.

use leptos::prelude::*;

use crate::ui::components::icon::Icon;
use crate::ui::state::use_state;
use crate::ui::stores::follow::Entry;
use crate::ui::text::t;
use chalkgrad_engine::protocol::Cell;

const GRADIENT_ID: &str = "follow-gradient";
const NUMBER_ID: &str = "follow-number";

/// Button that follows the largest gradient of the first layer with weights.
#[component]
pub fn FollowGradient() -> impl IntoView {
    let state = use_state();
    view! {
        <button
            type="button"
            class="button quiet follow-entry"
            id=GRADIENT_ID
            aria-expanded=move || state.follow.is_open().get().to_string()
            aria-label=move || t("follow_a_gradient")
            title=move || t("follow_a_gradient_help")
            on:click=move |_| state.open_follow(Entry::LargestGradient, GRADIENT_ID)
        >
            <Icon name="follow" />
            <span>{move || t("follow_a_gradient")}</span>
        </button>
    }
}

/// Button that follows the number that was chosen in a picture of a tensor. Outputs in pictures are those of the input
/// panel's example; all else belongs to the last step.
#[component]
pub fn FollowNumber(
    /// Name of the tensor in the picture.
    #[prop(into)]
    name: String,
    is_output: bool,
    /// Index of the number in the picture's tensor.
    #[prop(into)]
    chosen: Signal<Option<usize>>,
) -> impl IntoView {
    let state = use_state();
    let (text, help) = match is_output {
        true => ("follow_number", "follow_place_help"),
        false => ("follow_number", "follow_number_help"),
    };
    let follow = move |_| {
        let Some(chosen) = chosen.get_untracked() else { return };
        let cell = Cell { tensor: name.clone(), index: chosen as u32, shard: None };
        let entry = if is_output { Entry::InputCell(cell) } else { Entry::Cell(cell) };
        state.open_follow(entry, NUMBER_ID);
    };
    view! {
        <button
            type="button"
            class="button quiet"
            id=NUMBER_ID
            title=move || t(help)
            disabled=move || chosen.get().is_none()
            on:click=follow
        >
            <Icon name="follow" />
            <span>{move || t(text)}</span>
        </button>
        <span class="help" hidden=move || chosen.get().is_some()>{move || t("follow_number_choose")}</span>
    }
}
