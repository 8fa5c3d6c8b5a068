//! Offers to continue what earlier visits and other tabs have saved.

use leptos::prelude::*;

use crate::ui::browser::moment;
use crate::ui::components::icon_button::IconButton;
use crate::ui::features::keep::autosave::{self, Saved};
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::{locale, t, t_with};

#[component]
pub fn Offers() -> impl IntoView {
    let state = use_state();
    view! {
        <For each=move || state.offers.all().get() key=|offer| offer.number let:offer>
            <Offer offer />
        </For>
    }
}

#[component]
fn Offer(offer: Saved) -> impl IntoView {
    let state = use_state();
    let number = offer.number;
    let text = move || {
        let time = moment(offer.saved_ms, locale().tag());
        let (epoch, step) = ((offer.epoch + 1).to_string(), format::count(offer.step as usize));
        t_with("offer", &[("epoch", &epoch), ("step", &step), ("time", &time)])
    };
    let dismiss = move || drop(state.offers.take(number));
    view! {
        <div class="notice">
            <p>{text}</p>
            <button type="button" class="button" on:click=move |_| autosave::restore(state, number)>
                {move || t("offer_take")}
            </button>
            <IconButton text="dismiss" icon="close" on_click=dismiss />
        </div>
    }
}
