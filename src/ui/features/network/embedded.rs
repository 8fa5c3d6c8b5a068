//! Elements of the former kind inside views.

use leptos::html::Div;
use leptos::prelude::*;

use crate::ui::widgets::element::Element;

/// Puts an element into a view, for as long as the view lives.
pub fn embedded(make: impl FnOnce() -> Element) -> impl IntoView {
    let element = StoredValue::new_local(untrack(make));
    let place = NodeRef::<Div>::new();
    place.on_load(move |place| {
        // A view that is made again keeps the place, and with it the element before.
        place.set_text_content(None);
        // Appending fails only for a node inside itself.
        element.with_value(|element| drop(place.append_child(&element.node())));
    });
    view! { <div class="contents" node_ref=place></div> }
}
