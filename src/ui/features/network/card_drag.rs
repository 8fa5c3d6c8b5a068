//! Moving a card by pointer: with the mouse by the card itself, with a finger by its handle, so that a finger elsewhere
//! scrolls. Keys and buttons do the same.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, PointerEvent};

use super::strip::announce_place;
use crate::ui::features::network::history::LayerId;
use crate::ui::state::State;

/// Distance in pixels below which a movement is a click.
const THRESHOLD: f64 = 6.0;

/// Drag of a layer's card. Copied freely: it is a handle.
#[derive(Clone, Copy)]
pub struct CardDrag {
    state: State,
    id: LayerId,
    /// Position at which the pointer went down.
    start: StoredValue<Option<(f64, f64)>>,
    is_moving: StoredValue<bool>,
}

impl CardDrag {
    pub fn new(state: State, id: LayerId) -> Self {
        Self { state, id, start: StoredValue::new(None), is_moving: StoredValue::new(false) }
    }

    pub fn is_dragged(self) -> bool {
        self.state.network.dragged().get() == Some(self.id)
    }

    fn is_under_way(self) -> bool {
        self.state.network.dragged().get_untracked() == Some(self.id)
    }

    pub fn on_down(self, event: &PointerEvent) {
        let is_on = |place: &str| {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            target.and_then(|target| target.closest(place).ok().flatten()).is_some()
        };
        let takes = if event.pointer_type() == "mouse" { is_on("button.card, .handle") } else { is_on(".handle") };
        self.is_moving.set_value(false);
        if takes && event.button() == 0 {
            self.start.set_value(Some((event.client_x().into(), event.client_y().into())));
        }
    }

    pub fn on_move(self, event: &PointerEvent) {
        let Some((x, y)) = self.start.get_value() else { return };
        let (to_x, to_y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        if !self.is_moving.get_value() {
            if (to_x - x).abs().max((to_y - y).abs()) < THRESHOLD {
                return;
            }
            self.is_moving.set_value(true);
            if let Some(place) = event.current_target() {
                // Without capture the drag ends at the edge of the card, which is harmless.
                let _ = place.unchecked_ref::<Element>().set_pointer_capture(event.pointer_id());
            }
            self.state.network.begin_drag(self.id);
        } else if !self.is_under_way() {
            return;
        }
        event.prevent_default();
        scroll_at_edge(to_x);
        let gap = nearest_gap(to_x, to_y);
        if self.state.network.drop_gap().with_untracked(|before| *before != gap) {
            self.state.network.drag_over(gap);
        }
    }

    pub fn on_up(self) {
        let state = self.state;
        self.start.set_value(None);
        // Escape ends a drag before the pointer goes up.
        if !self.is_moving.get_value() || !self.is_under_way() {
            return;
        }
        let gap = state.network.drop_gap().get_untracked();
        state.network.end_drag();
        let from = state.network.history().with_untracked(|history| history.draft().position(self.id));
        let (Some(from), Some(gap)) = (from, gap) else { return };
        let to = if gap > from { gap - 1 } else { gap };
        if to != from {
            state.network.select(Some(self.id));
            state.move_selected(to as isize - from as isize);
            announce_place(state);
        }
    }

    /// Gives the drag up. The layer stays in its place.
    pub fn on_cancel(self) {
        self.start.set_value(None);
        self.is_moving.set_value(false);
        self.state.network.end_drag();
    }

    /// Suppresses the click that ends a drag.
    pub fn on_click(self, event: &web_sys::Event) {
        if self.is_moving.get_value() {
            self.is_moving.set_value(false);
            event.stop_propagation();
            event.prevent_default();
        }
    }
}

/// Lets Escape end a drag with the layer in its place, for as long as the surrounding view lives.
pub fn follow_escape(state: State) {
    let listener = window_event_listener(leptos::ev::keydown, move |event| {
        if event.key() == "Escape" && state.network.dragged().get_untracked().is_some() {
            event.prevent_default();
            state.network.end_drag();
        }
    });
    on_cleanup(move || listener.remove());
}

/// Finds the gap nearest to a point of the window. Gaps inside a folded block have no place.
fn nearest_gap(x: f64, y: f64) -> Option<usize> {
    let gaps = document().query_selector_all(".cards .gap").ok()?;
    let distance = |at: u32| {
        let bounds = gaps.item(at)?.dyn_into::<Element>().ok()?.get_bounding_client_rect();
        let (to_x, to_y) = (bounds.left() + bounds.width() / 2.0 - x, bounds.top() + bounds.height() / 2.0 - y);
        (bounds.width() > 0.0).then_some((at as usize, to_x * to_x + to_y * to_y))
    };
    (0..gaps.length()).filter_map(distance).min_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at)
}

/// Scrolls the strip when the pointer is near one of its ends.
fn scroll_at_edge(x: f64) {
    const EDGE: f64 = 40.0;
    const STEP: i32 = 14;
    let Some(strip) = document().query_selector(".strip").ok().flatten() else { return };
    let bounds = strip.get_bounding_client_rect();
    let by = if x < bounds.left() + EDGE {
        -STEP
    } else if x > bounds.right() - EDGE {
        STEP
    } else {
        return;
    };
    strip.set_scroll_left(strip.scroll_left() + by);
}
