//! The line below the bar at the top: what the page is, or what has become of the pretrained network.

use leptos::prelude::*;

use super::tour::Tour;
use crate::ui::browser::{remember, remembered};
use crate::ui::components::icon_button::IconButton;
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::{t, t_with};

/// Key of the stored preference that the sentence is not shown again.
const SEEN: &str = "chalkgrad.welcome";

/// Subject of the line.
#[derive(Clone, Copy, PartialEq)]
enum Subject {
    /// The network that was trained in advance has made way for a new one.
    Replaced,
    /// It is back, and the user's own, trained for this number of steps, is kept.
    SetAside(u32),
    Introduction,
}

#[component]
pub fn Welcome() -> impl IntoView {
    let (state, tour) = (use_state(), Tour::get());
    let is_new = RwSignal::new(remembered(SEEN).is_none());
    let subject = Memo::new(move |_| {
        if state.pretrained.is_replaced().get() && state.fits_pretrained() {
            return Some(Subject::Replaced);
        }
        if let Some(steps) = state.pretrained.set_aside_steps().get() {
            return Some(Subject::SetAside(steps));
        }
        is_new.get().then_some(Subject::Introduction)
    });
    // After the tour, finished or left, the introduction has been read.
    Effect::new(move |was_open: Option<bool>| {
        let is_open = tour.is_open();
        if was_open == Some(true) && !is_open {
            forget_introduction(is_new);
        }
        is_open
    });
    let text = move || match subject.get() {
        Some(Subject::Replaced) => t("pretrained_replaced"),
        Some(Subject::SetAside(steps)) => t_with("pretrained_back", &[("steps", &format::count(steps as usize))]),
        Some(Subject::Introduction) => t("introduction"),
        None => String::new(),
    };
    let action = move || match subject.get()? {
        Subject::Replaced => Some("bring_back"),
        Subject::SetAside(_) => Some("take_own_back"),
        Subject::Introduction => Some("tour_offer"),
    };
    let act = move |_| match subject.get_untracked() {
        Some(Subject::Replaced) => state.bring_back_pretrained(),
        Some(Subject::SetAside(_)) => state.take_own_back(),
        Some(Subject::Introduction) => tour.start(),
        None => {}
    };
    let dismiss = move || match subject.get_untracked() {
        Some(Subject::Replaced) => state.pretrained.dismiss_replaced(),
        Some(Subject::SetAside(_)) => state.pretrained.dismiss_set_aside(),
        Some(Subject::Introduction) => forget_introduction(is_new),
        None => {}
    };
    let is_note = move || subject.get().is_some_and(|subject| subject != Subject::Introduction);
    view! {
        <aside
            class="welcome"
            class:note=is_note
            aria-label=move || t("welcome")
            hidden=move || subject.get().is_none()
        >
            <p role="status">{text}</p>
            <button type="button" class="button quiet" on:click=act>
                {move || action().map(t).unwrap_or_default()}
            </button>
            <IconButton text="dismiss" icon="close" on_click=dismiss />
        </aside>
    }
}

fn forget_introduction(is_new: RwSignal<bool>) {
    is_new.set(false);
    remember(SEEN, "true");
}
