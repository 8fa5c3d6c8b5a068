//! The picture of a tensor, for views that are not components yet.

use std::rc::Rc;

use super::element::Element;
use super::place;
use crate::ui::browser::InView;
use crate::ui::features::inspector::tensor_picture::TensorPicture;
use crate::ui::state::State;
use crate::ui::tensor_image::Role;
use crate::ui::watch::Subscriptions;
use leptos::prelude::*;

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

pub fn tensor_view(_: State, name: &str, role: Role) -> Element {
    let name = name.to_owned();
    place().view(view! { <TensorPicture name role /> })
}
