//! Warnings and errors, the download of the data, and what is read out.

use leptos::prelude::*;

use crate::ui::format;
use crate::ui::state::{Notice, NoticeKind, State};
use crate::ui::text::{report_text, t_with, tr};
use crate::ui::widgets::IconButton;
use crate::ui::widgets::icon::icon;

#[component]
pub fn Notices() -> impl IntoView {
    let state = expect_context::<State>();
    view! {
        <div class="visually-hidden" role="status" aria-live="polite">{move || state.announcement.get()}</div>
        <div class="notices" role="region" aria-live="polite" aria-label=tr("messages")>
            <DataProgress/>
            <For each=move || state.notices.get() key=|notice| notice.id children=move |notice| view! { <NoticeView notice=notice/> }/>
        </div>
    }
    .into_any()
}

#[component]
fn NoticeView(notice: Notice) -> impl IntoView {
    let state = expect_context::<State>();
    let id = notice.id;
    let class = if notice.kind == NoticeKind::Warning { "notice" } else { "notice notice-error" };
    let report = notice.report;
    let retry = (notice.kind == NoticeKind::Data).then(|| {
        view! {
            <button type="button" class="button" on:click=move |_| state.retry_data()>{tr("retry")}</button>
        }
    });
    let dismiss = move || state.notices.update(|notices| notices.retain(|notice| notice.id != id));
    view! {
        <div class=class>
            {icon("warning")}
            <p>{move || report_text(&report)}</p>
            {retry}
            <IconButton text_key="dismiss" icon="close" disabled=false on_click=dismiss/>
        </div>
    }
    .into_any()
}

/// While the images come in: how many are there. Nothing here is read out again and again.
#[component]
fn DataProgress() -> impl IntoView {
    let state = expect_context::<State>();
    let is_loading =
        Memo::new(move |_| state.data.with(|data| data.total_bytes > 0.0 && !data.complete && data.error.is_none()));
    let text = Signal::derive(move || {
        state.data.with(|data| {
            let (loaded, total) = (format::megabytes(data.loaded_bytes), format::megabytes(data.total_bytes));
            let images = format::count(data.train_images as usize);
            t_with("data_progress", &[("loaded", &loaded), ("total", &total), ("images", &images)])
        })
    });
    let share = move || state.data.with(|data| (data.loaded_bytes / data.total_bytes.max(1.0)).clamp(0.0, 1.0));
    view! {
        {move || is_loading.get().then(|| view! {
            <div class="notice notice-data" aria-live="off">
                <span class="data-track"><span class="data-fill" style=move || format!("transform:scaleX({:.3})", share())></span></span>
                <p>{text}</p>
            </div>
        })}
    }
    .into_any()
}
