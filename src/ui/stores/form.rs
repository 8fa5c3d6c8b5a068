//! Texts of the training form that are not accepted yet.

use leptos::prelude::*;

/// See the [module](self).
#[derive(Default)]
pub struct TrainingForm {
    /// By field name.
    typed: RwSignal<Vec<(&'static str, String)>>,
}

impl TrainingForm {
    /// Returns the text in a field that has not been accepted yet.
    pub fn typed(&self, name: &str) -> Option<String> {
        self.typed.with(|typed| typed.iter().find(|(other, _)| *other == name).map(|(_, text)| text.clone()))
    }

    /// Keeps the text in a field.
    pub fn keep(&self, name: &'static str, text: String) {
        self.typed.update(|typed| {
            typed.retain(|(other, _)| *other != name);
            typed.push((name, text));
        });
    }

    /// Drops the text in a field, which shows its setting again.
    pub fn forget(&self, name: &str) {
        self.typed.update(|typed| typed.retain(|(other, _)| *other != name));
    }
}
