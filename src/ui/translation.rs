//! Texts under the browser's own translation.
//!
//! A translator puts elements of its own in the place of the page's text nodes. Leptos goes on to write into the nodes, which are
//! not in the document any more, so numbers and sentences would stand still. Here a node that has gone this way comes back as
//! soon as its text changes; the translator then takes it again.

use leptos::prelude::document;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, MutationObserver, MutationObserverInit, MutationRecord, Node, Text};

/// The element by which the translators of Chrome and Edge replace a text.
const STAND_IN: &str = "FONT";

/// Brings texts back whenever they change, for as long as the page lives.
pub fn follow() {
    // From a text node to its stand-in. Weak, so that the texts of views that are gone go, too.
    let stand_ins = js_sys::WeakMap::new();
    let known = stand_ins.clone();
    let Some(changes) = observer(move |record| {
        let Some(text) = record.target().filter(|target| known.has(target)) else { return };
        if let Ok(stand_in) = known.get(&text).dyn_into::<Element>() {
            // If the stand-in is gone as well, so is the view.
            let _ = stand_in.replace_with_with_node_1(&text);
        }
        known.delete(&text);
    }) else {
        return;
    };
    let Some(replacements) = observer(move |record| {
        let Some(stand_in) = stand_in(record) else { return };
        let removed = record.removed_nodes();
        for text in (0..removed.length()).filter_map(|at| removed.item(at)).filter(Node::has_type::<Text>) {
            let options = MutationObserverInit::new();
            options.set_character_data(true);
            if changes.observe_with_options(&text, &options).is_ok() {
                stand_ins.set(&text, &stand_in);
            }
        }
    }) else {
        return;
    };
    let options = MutationObserverInit::new();
    options.set_child_list(true);
    options.set_subtree(true);
    if let Some(body) = document().body() {
        // These options are valid.
        let _ = replacements.observe_with_options(&body, &options);
    }
}

/// Makes an observer that lives as long as the page.
fn observer(on_record: impl Fn(&MutationRecord) + 'static) -> Option<MutationObserver> {
    let on_records = Closure::<dyn Fn(js_sys::Array)>::new(move |records: js_sys::Array| {
        records.iter().filter_map(|record| record.dyn_into().ok()).for_each(|record| on_record(&record));
    });
    MutationObserver::new(on_records.into_js_value().unchecked_ref()).ok()
}

/// Returns the stand-in of what was removed: it came in the same change, or stands beside the place.
fn stand_in(record: &MutationRecord) -> Option<JsValue> {
    let added = record.added_nodes();
    let added = (0..added.length()).filter_map(|at| added.item(at));
    let beside = [record.previous_sibling(), record.next_sibling()].into_iter().flatten();
    added.chain(beside).find(|node| node.node_name() == STAND_IN).map(JsValue::from)
}
