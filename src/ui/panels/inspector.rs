//! The selected layer, as an element of the page.

use leptos::prelude::*;

use crate::ui::features::network::inspector::Inspector;
use crate::ui::widgets::element::Element;
use crate::ui::widgets::place;

pub fn inspector_panel() -> Element {
    place().view(view! { <Inspector /> })
}
