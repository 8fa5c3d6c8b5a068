//! The buttons that open the parts of the page, in reach of a thumb.

use leptos::ev;
use leptos::prelude::*;

use super::Part;
use crate::ui::browser::next_frame;
use crate::ui::components::icon::Icon;
use crate::ui::state::use_state;
use crate::ui::text::t;

#[component]
pub fn PartTabs() -> impl IntoView {
    let open = use_state().part;
    keep_scroll(open);
    let button = move |part: Part| {
        view! {
            <button
                type="button"
                class="part-tab"
                id=format!("part-{}", part.key())
                aria-current=move || (open.get() == part).then_some("true")
                on:click=move |_| open.set(part)
            >
                <Icon name=part.icon() />
                <span>{move || t(part.title())}</span>
            </button>
        }
    };
    view! {
        <nav class="part-tabs" aria-label=move || t("parts")>
            {Part::ALL.map(button)}
        </nav>
    }
}

/// Brings a part back to where it was scrolled when it was left.
fn keep_scroll(open: RwSignal<Part>) {
    let scrolled = StoredValue::new([0.0; Part::ALL.len()]);
    // Noted while the part is there: once it is hidden, the page may be too low to be scrolled that far.
    let listener = window_event_listener(ev::scroll, move |_| {
        let top = window().scroll_y().unwrap_or_default();
        scrolled.update_value(|scrolled| scrolled[open.get_untracked() as usize] = top);
    });
    on_cleanup(move || listener.remove());
    Effect::new(move |before: Option<Part>| {
        let now = open.get();
        if before.is_some_and(|before| before != now) {
            let top = scrolled.with_value(|scrolled| scrolled[now as usize]);
            next_frame(move || window().scroll_to_with_x_and_y(0.0, top));
        }
        now
    });
}
