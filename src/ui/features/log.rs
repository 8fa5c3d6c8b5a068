//! The log of events with their times, the latest at the end.

use leptos::html::Div;
use leptos::prelude::*;

use crate::ui::browser::next_frame;
use crate::ui::state::use_state;
use crate::ui::stores::log::Entry;
use crate::ui::text::t;

/// Panel with the log and the description of the backend.
#[component]
pub fn Log() -> impl IntoView {
    let state = use_state();
    let is_gpu =
        move || state.engine.backend().with(|backend| backend.as_ref().is_some_and(|info| info.backend == "webgpu"));
    let lines = NodeRef::<Div>::new();
    Effect::new(move |_| {
        state.log.entries().track();
        let Some(lines) = lines.get() else { return };
        // A reader who has scrolled up keeps the place.
        if is_at_end(&lines) {
            next_frame(move || lines.set_scroll_top(lines.scroll_height()));
        }
    });
    view! {
        <section aria-labelledby="log-title">
            <h3 id="log-title" class="visually-hidden">{move || t("tab_log")}</h3>
            <p class="help"><strong>{move || t("backend")}</strong>" · "{move || state.engine.backend_text()}</p>
            <Show when=is_gpu>
                <div>
                    <button type="button" class="button quiet" on:click=move |_| state.log_profile()>
                        {move || t("profile_kernels")}
                    </button>
                </div>
            </Show>
            <div
                class="scroll-y log-lines"
                tabindex="0"
                role="log"
                aria-live="off"
                aria-label=move || t("tab_log")
                node_ref=lines
            >
                <ol class="log">
                    <For each=move || state.log.entries().get() key=|entry| entry.id let:entry>
                        <LogLine entry />
                    </For>
                </ol>
            </div>
        </section>
    }
}

#[component]
fn LogLine(entry: Entry) -> impl IntoView {
    let (class, time) = (format!("log-line log-{}", entry.kind), entry.time.clone());
    view! {
        <li class=class>
            <time>{time}</time>
            <span>{move || entry.text()}</span>
        </li>
    }
}

/// Returns true if the last line of the log is in view.
fn is_at_end(lines: &web_sys::HtmlElement) -> bool {
    const TOLERANCE_PX: i32 = 4;
    lines.scroll_top() + lines.client_height() >= lines.scroll_height() - TOLERANCE_PX
}
