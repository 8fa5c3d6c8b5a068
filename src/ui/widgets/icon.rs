//! The icons as elements.

use super::element::{Element, svg};
use crate::ui::components::icon::{class, path};

/// Makes the icon of this name, hidden from screen readers; empty for an unknown name.
pub fn icon(name: &str) -> Element {
    svg("svg")
        .class(class(name))
        .attr("viewBox", "0 0 20 20")
        .attr("width", "18")
        .attr("height", "18")
        .attr("aria-hidden", "true")
        .child(svg("path").attr("d", path(name)))
}
