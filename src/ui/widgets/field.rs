//! A checkbox, for views that are not components yet.

use super::element::{Element, el};
use crate::ui::browser::event_checked;

pub fn checkbox(id: &str, value: impl Fn() -> bool + 'static, on_change: impl Fn(bool) + 'static) -> Element {
    el("input")
        .class("checkbox")
        .attr("type", "checkbox")
        .id(id)
        .attr("aria-describedby", &format!("{id}-help"))
        .property("checked", move || value().into())
        .on("change", move |event| on_change(event_checked(&event)))
}
