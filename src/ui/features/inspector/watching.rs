//! Subscriptions of views to tensors, and sizes of elements.

use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::ui::browser::{InView, callback};
use crate::ui::state::use_state;
use chalkgrad_engine::protocol::responses::TensorData;

/// Shows the named tensors now and whenever they may have changed, while the element is in view.
pub fn use_tensors(names: Vec<String>, place: NodeRef<Div>, show: impl Fn(&[TensorData]) + 'static) {
    let watching = StoredValue::new_local(use_state().watch(names, show));
    use_in_view(place, move |is_seen| {
        // The view may have gone.
        let _ = watching.try_with_value(|watching| watching.set_seen(is_seen));
    });
}

/// Calls `changed` soon with whether an element is in view, and whenever that changes.
pub fn use_in_view(place: NodeRef<Div>, changed: impl Fn(bool) + 'static) {
    let in_view = StoredValue::new_local(None::<InView>);
    let changed = StoredValue::new_local(Some(changed));
    place.on_load(move |element| {
        let Some(changed) = changed.try_update_value(Option::take).flatten() else { return };
        in_view.set_value(InView::follow(&element, changed));
    });
}

/// Returns the width of an element in CSS pixels; 0 until it is in the page.
pub fn use_width(place: NodeRef<Div>) -> RwSignal<f64> {
    let width = RwSignal::new(0.0);
    let observer = StoredValue::new_local(None::<web_sys::ResizeObserver>);
    place.on_load(move |element| {
        let node = element.clone();
        let on_resize = callback(Box::new(move |_| {
            let now = f64::from(node.client_width());
            if width.try_get_untracked().is_some_and(|before| before != now) {
                width.set(now);
            }
        }));
        // Every browser with WebAssembly SIMD has it.
        if let Ok(made) = web_sys::ResizeObserver::new(on_resize.unchecked_ref()) {
            made.observe(&element);
            observer.set_value(Some(made));
        }
    });
    on_cleanup(move || {
        observer.try_with_value(|observer| {
            if let Some(observer) = observer {
                observer.disconnect();
            }
        });
    });
    width
}
