//! Settings for the pictures of all tensors. The page remembers them.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::ui::browser::{remember, remembered};
use crate::ui::charts::palette::{ColourScale, Mapping, limit};

const KEY: &str = "chalkgrad.pictures";

/// Settings of all pictures, given by context.
#[derive(Clone, Copy)]
pub struct PictureSettings {
    pub is_linear: RwSignal<bool>,
    /// The scale ends at the 99.5th percentile.
    pub is_robust: RwSignal<bool>,
    /// Scales by the tensor's name that stay as they are; `None` while scales follow the numbers.
    pub locked: RwSignal<Option<BTreeMap<String, f32>>>,
    pub has_log_counts: RwSignal<bool>,
}

impl PictureSettings {
    /// Reads the settings of the last visit and keeps them from now on.
    pub fn remembered() -> Self {
        let words = remembered(KEY).unwrap_or_default();
        let has = |word: &str| words.split(' ').any(|other| other == word);
        let settings = Self {
            is_linear: RwSignal::new(has("linear")),
            is_robust: RwSignal::new(has("robust")),
            locked: RwSignal::new(None),
            has_log_counts: RwSignal::new(has("log")),
        };
        let first = words.clone();
        Effect::new(move |before: Option<String>| {
            let words = [
                settings.is_linear.get().then_some("linear"),
                settings.is_robust.get().then_some("robust"),
                settings.has_log_counts.get().then_some("log"),
            ];
            let words = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
            if before.as_ref().unwrap_or(&first) != &words {
                remember(KEY, &words);
            }
            words
        });
        settings
    }

    /// Returns the scale for the values of a tensor.
    pub fn scale(&self, name: &str, values: &[f32], is_dark: bool) -> ColourScale {
        let locked = self.locked.with(|locked| locked.as_ref().and_then(|scales| scales.get(name).copied()));
        let size = locked.unwrap_or_else(|| limit(values, self.is_robust.get()));
        let mapping = if self.is_linear.get() { Mapping::Linear } else { Mapping::Root };
        let mut scale = ColourScale { limit: size, mapping, is_dark, has_caps: false };
        scale.has_caps = scale.clips(limit(values, false));
        scale
    }

    /// While scales are locked, keeps the first one of a tensor.
    pub fn keep(&self, name: &str, scale: f32) {
        let is_new = self
            .locked
            .with_untracked(|locked| locked.as_ref().is_some_and(|scales| scale > 0.0 && !scales.contains_key(name)));
        if is_new {
            self.locked.update(|locked| {
                if let Some(scales) = locked {
                    scales.insert(name.to_owned(), scale);
                }
            });
        }
    }

    pub fn is_locked(&self) -> bool {
        self.locked.with(Option::is_some)
    }

    /// Locks the scales as they are, or lets them follow the numbers again.
    pub fn toggle_lock(&self) {
        self.locked.update(|locked| *locked = if locked.is_some() { None } else { Some(BTreeMap::new()) });
    }
}

/// Returns the settings of all pictures.
pub fn use_pictures() -> PictureSettings {
    expect_context()
}
