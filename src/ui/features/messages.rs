//! Messages: warnings and errors, the progress of the download, offers to continue, announcements for screen readers; and
//! the files that are saved and opened.

mod files;
mod notices;
mod offers;

pub use files::{OpenFile, SaveFile};
pub use notices::Messages;
