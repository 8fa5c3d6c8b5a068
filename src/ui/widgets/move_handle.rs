//! Moving a card by pointer: with the mouse by the card itself, with a finger by its handle, so that a finger elsewhere
//! scrolls. Keys and buttons do the same.

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element as Node, PointerEvent};

use super::element::{Element, el};
use super::icon::icon;
use crate::ui::history::LayerId;
use crate::ui::state::State;

/// Distance in pixels below which a movement is a click.
const THRESHOLD: f64 = 6.0;

/// Card that is being dragged.
#[derive(Default)]
struct Drag {
    /// Position at which the pointer went down.
    start: Cell<Option<(f64, f64)>>,
    is_moving: Cell<bool>,
}

/// Makes the handle of a card.
pub fn handle() -> Element {
    el("span").class("handle").attr("aria-hidden", "true").child(icon("grip"))
}

/// Lets the card of a layer, within `element`, be dragged into another gap. Calls `moved` after a move.
pub fn draggable(state: State, id: LayerId, element: Element, moved: fn(State)) -> Element {
    let drag = Rc::new(Drag::default());
    let (down, moving, up, cancelled, clicked) = (drag.clone(), drag.clone(), drag.clone(), drag.clone(), drag.clone());
    let node = element.node();
    element
        .toggle("dragged", move || state.dragged.get() == Some(id))
        .on("pointerdown", move |event| {
            let event: &PointerEvent = event.unchecked_ref();
            let is_on = |place: &str| {
                let target = event.target().and_then(|target| target.dyn_into::<Node>().ok());
                target.and_then(|target| target.closest(place).ok().flatten()).is_some()
            };
            let takes = if event.pointer_type() == "mouse" { is_on("button.card, .handle") } else { is_on(".handle") };
            drag.is_moving.set(false);
            if takes && event.button() == 0 {
                down.start.set(Some((event.client_x().into(), event.client_y().into())));
            }
        })
        .on("pointermove", move |event| {
            let event: &PointerEvent = event.unchecked_ref();
            let Some((x, y)) = moving.start.get() else { return };
            let (to_x, to_y) = (f64::from(event.client_x()), f64::from(event.client_y()));
            if !moving.is_moving.get() {
                if (to_x - x).abs().max((to_y - y).abs()) < THRESHOLD {
                    return;
                }
                moving.is_moving.set(true);
                // Without capture the drag ends at the edge of the card, which is harmless.
                let _ = node.set_pointer_capture(event.pointer_id());
                state.dragged.set(Some(id));
            }
            event.prevent_default();
            let gap = nearest_gap(to_x, to_y);
            if state.drop_gap.with_untracked(|before| *before != gap) {
                state.drop_gap.set(gap);
            }
        })
        .on("pointerup", move |_| {
            up.start.set(None);
            if !up.is_moving.get() {
                return;
            }
            let gap = state.drop_gap.get_untracked();
            state.dragged.set(None);
            state.drop_gap.set(None);
            let from = state.history.with_untracked(|history| history.draft().position(id));
            let (Some(from), Some(gap)) = (from, gap) else { return };
            let to = if gap > from { gap - 1 } else { gap };
            if to != from {
                state.selected.set(Some(id));
                state.move_selected(to as isize - from as isize);
                moved(state);
            }
        })
        .on("pointercancel", move |_| {
            cancelled.start.set(None);
            cancelled.is_moving.set(false);
            state.dragged.set(None);
            state.drop_gap.set(None);
        })
        .on_capture("click", move |event| {
            // The end of a drag is not a click.
            if clicked.is_moving.replace(false) {
                event.stop_propagation();
                event.prevent_default();
            }
        })
}

/// Finds the gap nearest to a point of the window.
fn nearest_gap(x: f64, y: f64) -> Option<usize> {
    let gaps = document().query_selector_all(".cards .gap").ok()?;
    let distance = |at: u32| {
        let bounds = gaps.item(at)?.dyn_into::<Node>().ok()?.get_bounding_client_rect();
        let (to_x, to_y) = (bounds.left() + bounds.width() / 2.0 - x, bounds.top() + bounds.height() / 2.0 - y);
        Some((at as usize, to_x * to_x + to_y * to_y))
    };
    (0..gaps.length()).filter_map(distance).min_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at)
}
