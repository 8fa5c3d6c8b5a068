//! The open tab of the dock.

use leptos::prelude::*;

/// See the [module](self).
pub struct Dock {
    tab: RwSignal<&'static str>,
}

impl Default for Dock {
    fn default() -> Self {
        Self { tab: RwSignal::new("curves") }
    }
}

impl Dock {
    /// The key of the open tab.
    pub fn tab(&self) -> ReadSignal<&'static str> {
        self.tab.read_only()
    }

    pub fn open(&self, tab: &'static str) {
        self.tab.set(tab);
    }

    /// Opens the tab in which a test's result appears, unless one of them is open.
    pub fn open_result(&self) {
        if self.tab.get_untracked() != "mistakes" {
            self.tab.set("confusion");
        }
    }
}
