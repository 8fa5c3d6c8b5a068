//! Warnings and errors, the progress of the download, and the announcements for screen readers.

use leptos::prelude::*;

use super::offers::Offers;
use crate::ui::components::icon::Icon;
use crate::ui::components::icon_button::IconButton;
use crate::ui::format;
use crate::ui::state::{Notice, NoticeFix, NoticeKind, use_state};
use crate::ui::text::{report_text, t, t_with};

#[component]
pub fn Messages() -> impl IntoView {
    let state = use_state();
    let is_downloading = move || {
        state.fetched.with(Option::is_some)
            || state.data.with(|data| data.total_bytes > 0.0 && !data.complete && data.error.is_none())
    };
    view! {
        <div class="visually-hidden" role="status" aria-live="polite">{move || state.announcement.get()}</div>
        <div class="confirmation" role="status" aria-live="polite">{move || state.confirmation.get()}</div>
        <div class="notices" role="region" aria-live="polite" aria-label=move || t("messages")>
            <Offers />
            <Show when=is_downloading>
                <DataProgress />
            </Show>
            <For each=move || state.notices.get() key=|notice| notice.id let:notice>
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
    let dismiss = move || state.notices.update(|notices| notices.retain(|notice| notice.id != id));
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

/// Number of images that have arrived during the download. Screen readers do not announce every change.
#[component]
fn DataProgress() -> impl IntoView {
    let state = use_state();
    let shown = move || state.fetched.get().unwrap_or_else(|| state.data.get());
    let text = move || {
        let data = shown();
        let (loaded, total) = (format::megabytes(data.loaded_bytes), format::megabytes(data.total_bytes));
        let images = format::count(data.train_images as usize);
        let name = state.dataset_title(&data.dataset);
        let values = [("name", name.as_str()), ("loaded", &loaded), ("total", &total), ("images", &images)];
        t_with("data_progress", &values)
    };
    let share = move || {
        let data = shown();
        data.loaded_bytes / data.total_bytes.max(1.0)
    };
    view! {
        <div class="notice notice-data" aria-live="off">
            <span class="data-track">
                <span class="data-fill" style:transform=move || format::scale_x(share())></span>
            </span>
            <p>{text}</p>
        </div>
    }
}
