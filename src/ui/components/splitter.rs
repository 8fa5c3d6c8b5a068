//! A bar between two parts of the page, which moves the border between them.

use leptos::prelude::*;
use web_sys::{KeyboardEvent, PointerEvent};

use crate::ui::browser::{remember, remembered};
use crate::ui::text::t;

/// Size that a splitter sets, in pixels, remembered on this device.
#[derive(Clone, Copy)]
pub struct SplitSize {
    size_px: RwSignal<f64>,
    key: &'static str,
    limits_px: [f64; 2],
    usual_px: f64,
}

impl SplitSize {
    /// Makes a size with a key for the browser's storage.
    pub fn new(key: &'static str, usual_px: f64, limits_px: [f64; 2]) -> Self {
        let known = remembered(key).and_then(|text| text.parse().ok()).filter(|size: &f64| size.is_finite());
        let size_px = RwSignal::new(known.unwrap_or(usual_px).clamp(limits_px[0], limits_px[1]));
        Self { size_px, key, limits_px, usual_px }
    }

    /// Returns the size as a length of CSS.
    pub fn css(self) -> String {
        format!("{:.0}px", self.size_px.get())
    }

    fn set(self, size_px: f64) {
        self.size_px.set(size_px.clamp(self.limits_px[0], self.limits_px[1]));
    }

    fn keep(self) {
        remember(self.key, &format!("{:.0}", self.size_px.get_untracked()));
    }
}

/// Edge of a part of the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edge {
    Left,
    Bottom,
}

impl Edge {
    /// Returns the place of a pointer across the edge, in pixels; it rises as the part becomes larger.
    fn place(self, event: &PointerEvent) -> f64 {
        match self {
            Self::Left => -f64::from(event.client_x()),
            Self::Bottom => event.client_y().into(),
        }
    }

    /// Returns the keys that make the part larger and smaller.
    fn keys(self) -> [&'static str; 2] {
        match self {
            Self::Left => ["ArrowLeft", "ArrowRight"],
            Self::Bottom => ["ArrowDown", "ArrowUp"],
        }
    }

    /// Returns the direction of the bar.
    fn orientation(self) -> &'static str {
        match self {
            Self::Left => "vertical",
            Self::Bottom => "horizontal",
        }
    }
}

/// Bar on an edge of the part whose size it sets. It is dragged, or moved with the arrow keys; a double click brings the usual
/// size back.
#[component]
pub fn Splitter(
    size: SplitSize,
    edge: Edge,
    /// Key of its name.
    label: &'static str,
) -> impl IntoView {
    const STEP_PX: f64 = 16.0;
    let start = StoredValue::new(None::<[f64; 2]>);
    let begin = move |event: PointerEvent| {
        if event.button() == 0 {
            let bar: web_sys::Element = event_target(&event);
            // Without capture the drag ends at the edge, which is harmless.
            let _ = bar.set_pointer_capture(event.pointer_id());
            start.set_value(Some([edge.place(&event), size.size_px.get_untracked()]));
            event.prevent_default();
        }
    };
    let drag = move |event: PointerEvent| {
        if let Some([place, size_px]) = start.get_value() {
            size.set(size_px + edge.place(&event) - place);
        }
    };
    let end = move |_| {
        if start.get_value().is_some() {
            start.set_value(None);
            size.keep();
        }
    };
    let keydown = move |event: KeyboardEvent| {
        let [min, max] = size.limits_px;
        let now = size.size_px.get_untracked();
        let [larger, smaller] = edge.keys();
        let next = match event.key().as_str() {
            key if key == larger => now + STEP_PX,
            key if key == smaller => now - STEP_PX,
            "Home" => min,
            "End" => max,
            _ => return,
        };
        event.prevent_default();
        size.set(next);
        size.keep();
    };
    let reset = move |_| {
        size.set(size.usual_px);
        size.keep();
    };
    view! {
        <div
            class="splitter"
            role="separator"
            aria-orientation=edge.orientation()
            tabindex="0"
            aria-label=move || t(label)
            aria-valuemin=size.limits_px[0].to_string()
            aria-valuemax=size.limits_px[1].to_string()
            aria-valuenow=move || format!("{:.0}", size.size_px.get())
            on:pointerdown=begin
            on:pointermove=drag
            on:pointerup=end
            on:pointercancel=end
            on:keydown=keydown
            on:dblclick=reset
        ></div>
    }
}
