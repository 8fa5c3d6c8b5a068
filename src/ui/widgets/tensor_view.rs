//! Watching tensors while an element is in view, for views that are not components yet.

use std::rc::Rc;

use super::element::Element;
use crate::ui::browser::InView;
use crate::ui::watch::Subscriptions;

/// Watches the tensors while the element is mounted and in view.
pub fn watched(element: Element, watching: Rc<Subscriptions>) -> Element {
    let weak = Rc::downgrade(&watching);
    let in_view = InView::follow(&element.node(), move |is_seen| {
        if let Some(watching) = weak.upgrade() {
            watching.set_seen(is_seen);
        }
    });
    element.keep(watching).keep(in_view)
}
