//! The log of what has happened, with times.

use leptos::prelude::*;

use crate::ui::browser::clock_time;
use crate::ui::stores::messages::NoticeKind;
use crate::ui::text::{locale, report_text, t_with};
use chalkgrad_engine::protocol::{BackendDetail, ErrorReport};

/// The most entries that the log keeps.
const MAX_ENTRIES: usize = 300;

/// A line of the log.
#[derive(Clone)]
pub struct Entry {
    pub id: u32,
    /// As a clock shows it.
    pub time: String,
    /// `"note"`, `"warning"` or `"error"`.
    pub kind: &'static str,
    said: Said,
}

#[derive(Clone)]
enum Said {
    /// The key of a text and its values.
    Text(&'static str, Vec<(&'static str, String)>),
    Report(ErrorReport),
    Backend(BackendDetail),
}

impl Entry {
    /// Returns the text in the language of the page.
    pub fn text(&self) -> String {
        match &self.said {
            Said::Text(key, values) => {
                let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
                t_with(key, &values)
            }
            Said::Report(report) => report_text(report),
            Said::Backend(detail) => t_with("log_backend", &[("detail", &locale().backend_text(detail))]),
        }
    }
}

/// See the [module](self).
#[derive(Default)]
pub struct Log {
    entries: RwSignal<Vec<Entry>>,
    /// Entries that have been written so far.
    written: StoredValue<u32>,
}

impl Log {
    /// The entries, the oldest first.
    pub fn entries(&self) -> ReadSignal<Vec<Entry>> {
        self.entries.read_only()
    }

    /// Writes a line: the key of a text, and its values.
    pub fn text(&self, key: &'static str, values: Vec<(&'static str, String)>) {
        self.write("note", Said::Text(key, values));
    }

    pub fn backend(&self, detail: BackendDetail) {
        self.write("note", Said::Backend(detail));
    }

    pub fn report(&self, kind: NoticeKind, report: &ErrorReport) {
        let kind = match kind {
            NoticeKind::Note => "note",
            NoticeKind::Warning => "warning",
            NoticeKind::Error | NoticeKind::Data => "error",
        };
        self.write(kind, Said::Report(report.clone()));
    }

    fn write(&self, kind: &'static str, said: Said) {
        let id = self.written.get_value() + 1;
        self.written.set_value(id);
        self.entries.update(|entries| {
            entries.push(Entry { id, time: clock_time(), kind, said });
            let surplus = entries.len().saturating_sub(MAX_ENTRIES);
            entries.drain(..surplus);
        });
    }
}
