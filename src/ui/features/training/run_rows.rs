//! Rows about the run on this page: its speed, and whether it pauses while the page is hidden.

use leptos::prelude::*;

use crate::ui::components::form::{CheckboxField, FormRow, SelectField};
use crate::ui::state::use_state;

/// Delays after each step in ms, by name.
const SPEEDS: [(&str, u32); 4] = [("full_speed", 0), ("ten_steps", 100), ("two_steps", 500), ("slow_steps", 2_000)];

/// Row for pausing runs while the page is hidden.
#[component]
pub fn HiddenRow() -> impl IntoView {
    let state = use_state();
    view! {
        <FormRow id="training-hidden" label="pause_hidden" help="pause_hidden_help">
            <CheckboxField
                id="training-hidden"
                value=state.run.pauses_hidden()
                on_change=Callback::new(move |is_on| state.run.set_pauses_hidden(is_on))
            />
        </FormRow>
    }
}

/// Row for the speed of training; at a slow speed every number can be followed.
#[component]
pub fn SpeedRow() -> impl IntoView {
    let state = use_state();
    let speed = move || {
        let step_delay_ms = state.run.step_delay_ms().get();
        SPEEDS.iter().find(|(_, known)| *known == step_delay_ms).map(|(name, _)| (*name).to_owned()).unwrap_or_default()
    };
    let choose = move |name: String| {
        if let Some((_, step_delay_ms)) = SPEEDS.iter().find(|(known, _)| *known == name) {
            state.set_step_delay(*step_delay_ms);
        }
    };
    view! {
        <FormRow id="training-speed" label="speed" help="speed_help">
            <SelectField
                id="training-speed"
                choices=SPEEDS.map(|(name, _)| name).to_vec()
                value=Signal::derive(speed)
                on_choice=Callback::new(choose)
            />
        </FormRow>
    }
}
