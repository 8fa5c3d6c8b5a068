//! Messages to the user: notices that stay, confirmations that go, and announcements for screen readers.

use leptos::prelude::*;

use crate::ui::browser::after_ms;
use chalkgrad_engine::protocol::ErrorReport;

/// A message that stays until it is dismissed or its cause is gone.
#[derive(Clone, PartialEq, Debug)]
pub struct Notice {
    pub id: u32,
    pub kind: NoticeKind,
    pub report: ErrorReport,
    /// The click that mends it.
    pub fix: Option<NoticeFix>,
}

/// A click that mends what a message is about.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum NoticeFix {
    /// Begin again with new weights and this learning rate.
    ResetWithRate(f64),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoticeKind {
    Warning,
    Error,
    /// Nothing is wrong.
    Note,
    /// The data set could not be had: offers to try again.
    Data,
}

/// See the [module](self).
#[derive(Default)]
pub struct Messages {
    notices: RwSignal<Vec<Notice>>,
    confirmation: RwSignal<Option<String>>,
    announcement: RwSignal<String>,
    next_notice: StoredValue<u32>,
}

impl Messages {
    pub fn notices(&self) -> ReadSignal<Vec<Notice>> {
        self.notices.read_only()
    }

    /// Result of the last click, shown for a few seconds.
    pub fn confirmation(&self) -> ReadSignal<Option<String>> {
        self.confirmation.read_only()
    }

    /// For screen readers: once per epoch and for results, never per batch.
    pub fn announcement(&self) -> ReadSignal<String> {
        self.announcement.read_only()
    }

    /// Shows a notice, once however often it comes.
    pub fn show(&self, kind: NoticeKind, report: ErrorReport, fix: Option<NoticeFix>) {
        const MAX_NOTICES: usize = 4;
        let id = self.next_notice.get_value() + 1;
        self.next_notice.set_value(id);
        self.notices.update(|notices| {
            notices.retain(|notice| notice.report != report && !(kind == NoticeKind::Data && notice.kind == kind));
            notices.push(Notice { id, kind, report, fix });
            let surplus = notices.len().saturating_sub(MAX_NOTICES);
            notices.drain(..surplus);
        });
    }

    /// Returns true if there is a notice of a kind, without tracking.
    pub fn has(&self, kind: NoticeKind) -> bool {
        self.notices.with_untracked(|notices| notices.iter().any(|notice| notice.kind == kind))
    }

    pub fn dismiss(&self, id: u32) {
        self.notices.update(|notices| notices.retain(|notice| notice.id != id));
    }

    /// Takes the notices of a kind away, because their cause is gone.
    pub fn forget(&self, kind: NoticeKind) {
        if self.has(kind) {
            self.notices.update(|notices| notices.retain(|notice| notice.kind != kind));
        }
    }

    /// Confirms for a few seconds what a click has done.
    pub fn confirm(&self, text: String) {
        const SHOWN_MS: i32 = 4_000;
        let confirmation = self.confirmation;
        confirmation.set(Some(text.clone()));
        after_ms(SHOWN_MS, move || {
            if confirmation.with_untracked(|shown| shown.as_ref() == Some(&text)) {
                confirmation.set(None);
            }
        });
    }

    pub fn announce(&self, text: String) {
        self.announcement.set(text);
    }
}
