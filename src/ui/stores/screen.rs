//! The page on its screen: width, theme, and the part that a phone shows.

use leptos::prelude::*;

use crate::ui::features::phone::Part;

/// See the [module](self).
#[derive(Default)]
pub struct Screen {
    is_narrow: RwSignal<bool>,
    is_stacked: RwSignal<bool>,
    is_dark: RwSignal<bool>,
    is_presenting: RwSignal<bool>,
    part: RwSignal<Part>,
}

impl Screen {
    /// The page is a single column, as on a phone, and shows one part at a time.
    pub fn is_narrow(&self) -> ReadSignal<bool> {
        self.is_narrow.read_only()
    }

    /// The panels are stacked: none stands beside the dock.
    pub fn is_stacked(&self) -> ReadSignal<bool> {
        self.is_stacked.read_only()
    }

    pub fn is_dark(&self) -> ReadSignal<bool> {
        self.is_dark.read_only()
    }

    /// Large type and few controls, for a projector.
    pub fn is_presenting(&self) -> ReadSignal<bool> {
        self.is_presenting.read_only()
    }

    /// The part that a phone shows.
    pub fn part(&self) -> ReadSignal<Part> {
        self.part.read_only()
    }

    /// Returns the factor by which text in pictures is larger than usual, without tracking.
    pub fn picture_scale(&self) -> f64 {
        if self.is_presenting.get_untracked() { 1.5 } else { 1.0 }
    }

    pub fn set_narrow(&self, is_narrow: bool) {
        self.is_narrow.set(is_narrow);
    }

    pub fn set_stacked(&self, is_stacked: bool) {
        self.is_stacked.set(is_stacked);
    }

    pub fn set_dark(&self, is_dark: bool) {
        self.is_dark.set(is_dark);
    }

    pub fn present(&self, is_presenting: bool) {
        self.is_presenting.set(is_presenting);
    }

    /// Shows a part on a phone.
    pub fn show(&self, part: Part) {
        self.part.set(part);
    }
}
