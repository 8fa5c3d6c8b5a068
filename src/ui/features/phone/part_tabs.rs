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
    let state = use_state();
    let open = state.screen.part();
    keep_scroll(open);
    let button = move |part: Part| {
        view! {
            <button
                type="button"
                class="part-tab"
                id=format!("part-{}", part.key())
                aria-current=move || (open.get() == part).then_some("true")
                on:click=move |_| state.screen.show(part)
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

/// Brings a part back to where it was scrolled when it was left, however the messages above it have changed meanwhile.
fn keep_scroll(open: ReadSignal<Part>) {
    // The upper edge of the parts in the window.
    let tops_px = StoredValue::new([None::<f64>; Part::ALL.len()]);
    // Noted while the part is there: once it is hidden, the page may be too low to be scrolled that far.
    let listener = window_event_listener(ev::scroll, move |_| {
        tops_px.update_value(|tops_px| tops_px[open.get_untracked() as usize] = parts_top_px());
    });
    on_cleanup(move || listener.remove());
    Effect::new(move |before: Option<Part>| {
        let now = open.get();
        if before.is_some_and(|before| before != now) {
            let left_px = tops_px.with_value(|tops_px| tops_px[now as usize]);
            next_frame(move || match left_px.zip(parts_top_px()) {
                Some((left_px, top_px)) => window().scroll_by_with_x_and_y(0.0, top_px - left_px),
                None => window().scroll_to_with_x_and_y(0.0, 0.0),
            });
        }
        now
    });
}

/// Returns the upper edge of the parts in the window.
fn parts_top_px() -> Option<f64> {
    let parts = document().query_selector("main").ok().flatten()?;
    Some(parts.get_bounding_client_rect().top())
}
