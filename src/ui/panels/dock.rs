//! [`Dock`] for the page that is built of elements.

use leptos::prelude::*;

use crate::ui::features::dock::Dock;
use crate::ui::widgets::element::Element;
use crate::ui::widgets::place;

pub fn dock_panel() -> Element {
    place().view(view! { <Dock /> })
}
