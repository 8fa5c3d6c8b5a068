//! The network, as an element of the page.

use leptos::prelude::*;

use crate::ui::features::network::Network;
use crate::ui::widgets::element::Element;
use crate::ui::widgets::place;

pub fn network_panel() -> Element {
    place().view(view! { <Network /> })
}
