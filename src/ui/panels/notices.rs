//! Warnings and errors, the progress of the download, and the announcements for screen readers.

use super::keep;
use crate::ui::format;
use crate::ui::state::{NoticeKind, State};
use crate::ui::text::{report_text, t_with};
use crate::ui::widgets::element::{Element, button, el};
use crate::ui::widgets::icon::icon;
use crate::ui::widgets::{icon_button, place};
use leptos::prelude::*;

pub fn notices(state: State) -> [Element; 2] {
    let status = el("div")
        .class("visually-hidden")
        .attr("role", "status")
        .attr("aria-live", "polite")
        .text_fn(move || state.announcement.get());
    let notices = el("div")
        .class("notices")
        .attr("role", "region")
        .attr("aria-live", "polite")
        .label("messages")
        .child(keep::offers(state))
        .child(place().when(
            move || state.data.with(|data| data.total_bytes > 0.0 && !data.complete && data.error.is_none()),
            move || data_progress(state),
        ))
        .keyed(
            move || state.notices.with(|notices| notices.iter().map(|notice| notice.id).collect()),
            move |id| notice(state, id),
        );
    [status, notices]
}

fn notice(state: State, id: u32) -> Element {
    let notice = state.notices.with_untracked(|all| all.iter().find(|notice| notice.id == id).cloned());
    let Some(notice) = notice else { return place() };
    let is_calm = matches!(notice.kind, NoticeKind::Warning | NoticeKind::Note);
    let class = if is_calm { "notice" } else { "notice notice-error" };
    let report = notice.report;
    let retry = (notice.kind == NoticeKind::Data).then(|| button("button", move || state.retry_data()).tr("retry"));
    let dismiss = move || state.notices.update(|notices| notices.retain(|notice| notice.id != id));
    el("div")
        .class(class)
        .child(icon("warning"))
        .child(el("p").text_fn(move || report_text(&report)))
        .children(retry)
        .child(icon_button("dismiss", "close", "", dismiss))
}

/// Shows how many images have arrived during the download. Screen readers do not announce every change.
fn data_progress(state: State) -> Element {
    let text = move || {
        state.data.with(|data| {
            let (loaded, total) = (format::megabytes(data.loaded_bytes), format::megabytes(data.total_bytes));
            let images = format::count(data.train_images as usize);
            t_with("data_progress", &[("loaded", &loaded), ("total", &total), ("images", &images)])
        })
    };
    let share = move || state.data.with(|data| data.loaded_bytes / data.total_bytes.max(1.0));
    el("div")
        .class("notice notice-data")
        .attr("aria-live", "off")
        .child(
            el("span")
                .class("data-track")
                .child(el("span").class("data-fill").attr_fn("style", move || format::scale_x(share()))),
        )
        .child(el("p").text_fn(text))
}
