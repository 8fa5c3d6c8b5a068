//! Warnings and errors, and the announcements for screen readers.

use leptos::prelude::*;

use super::offers::Offers;
use crate::ui::components::icon::Icon;
use crate::ui::components::icon_button::IconButton;
use crate::ui::state::use_state;
use crate::ui::stores::messages::{Notice, NoticeFix, NoticeKind};
use crate::ui::text::{report_text, t, t_with};

#[component]
pub fn Messages() -> impl IntoView {
    let state = use_state();
    view! {
        <div class="visually-hidden" role="status" aria-live="polite">{move || state.messages.announcement().get()}</div>
        <div class="confirmation" role="status" aria-live="polite">{move || state.messages.confirmation().get()}</div>
        <div class="notices" role="region" aria-live="polite" aria-label=move || t("messages")>
            <Offers />
            <For each=move || state.messages.notices().get() key=|notice| notice.id let:notice>
                <NoticeView notice />
            </For>
        </div>
    }
}

#[component]
fn NoticeView(notice: Notice) -> impl IntoView {
    let state = use_state();
    let Notice { id, kind, report, fix } = notice;
    let class = if matches!(kind, NoticeKind::Warning | NoticeKind::Note) { "notice" } else { "notice notice-error" };
    let dismiss = move || state.messages.dismiss(id);
    view! {
        <div class=class>
            <Icon name="warning" />
            <p>{move || report_text(&report)}</p>
            {fix.map(|fix| view! { <Fix fix /> })}
            {(kind == NoticeKind::Data)
                .then(|| {
                    view! {
                        <button type="button" class="button" on:click=move |_| state.retry_data()>
                            {move || t("retry")}
                        </button>
                    }
                })}
            <IconButton text="dismiss" icon="close" on_click=dismiss />
        </div>
    }
}

#[component]
fn Fix(fix: NoticeFix) -> impl IntoView {
    let state = use_state();
    let NoticeFix::ResetWithRate(rate) = fix;
    view! {
        <button type="button" class="button" on:click=move |_| state.reset_with_rate(rate)>
            {move || t_with("reset_with_rate", &[("rate", &rate.to_string())])}
        </button>
    }
}
