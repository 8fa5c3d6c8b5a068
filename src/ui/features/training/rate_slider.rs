//! A logarithmic slider for the learning rate.

use leptos::prelude::*;

use super::row::read;
use crate::ui::browser::event_text;
use crate::ui::features::training::fields::TrainingRow;
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::t;

/// Exponents of 10 at the ends; the field beside the slider takes any rate.
const ENDS: [f64; 2] = [-5.0, 1.0];

/// Positions for each power of 10: 1, 2, 5.
const DIGITS: [f64; 3] = [1.0, 2.0, 5.0];

#[component]
pub fn RateSlider(row: TrainingRow) -> impl IntoView {
    let state = use_state();
    let text = move || state.engine.training().with(|training| row.text(training));
    let place = move || format::parse(&text()).map_or(0.0, position);
    let slide = move |event: web_sys::Event| {
        let rate = format::parse(&event_text(&event)).map(rate_at);
        if let Some(rate) = rate
            && let Ok(config) = untrack(|| read(state, row, &rate.to_string()))
        {
            state.form.forget(row.setting().name);
            state.set_training(config);
        }
    };
    view! {
        <input
            type="range"
            class="rate-slider"
            min="0"
            max=last_position().to_string()
            step="1"
            aria-label=move || t("rate_slider")
            aria-valuetext=text
            prop:value=move || place().to_string()
            on:input=slide
        />
    }
}

fn last_position() -> f64 {
    (ENDS[1] - ENDS[0]) * DIGITS.len() as f64
}

/// Returns the rate at a position of the slider.
fn rate_at(position: f64) -> f64 {
    let position = position.clamp(0.0, last_position()) as usize;
    let (power, digit) = (position / DIGITS.len(), position % DIGITS.len());
    format::rounded(DIGITS[digit] * 10f64.powf(ENDS[0] + power as f64))
}

/// Returns the position nearest to a rate.
fn position(rate: f64) -> f64 {
    let places = 0..=last_position() as usize;
    let distance = |place: &usize| (rate_at(*place as f64).ln() - rate.max(f64::MIN_POSITIVE).ln()).abs();
    places.min_by(|one, other| distance(one).total_cmp(&distance(other))).unwrap_or_default() as f64
}
