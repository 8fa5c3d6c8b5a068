//! Subscriptions of views to tensors, for as long as the views are visible.

use leptos::prelude::*;
use leptos_use::core::IntoElementMaybeSignal;
use leptos_use::use_element_visibility;

use super::watch::Sight;
use crate::ui::state::use_state;
use chalkgrad_engine::protocol::responses::TensorData;

/// Shows the named tensors now and whenever they may have changed, while the element is in view.
pub fn use_tensors<Place, M>(names: Vec<String>, place: Place, show: impl Fn(&[TensorData]) + 'static)
where
    Place: IntoElementMaybeSignal<web_sys::Element, M>,
{
    use_tensors_of(Sight::Input, names, place, show);
}

/// As [`use_tensors`], for the inputs of a sight.
pub fn use_tensors_of<Place, M>(sight: Sight, names: Vec<String>, place: Place, show: impl Fn(&[TensorData]) + 'static)
where
    Place: IntoElementMaybeSignal<web_sys::Element, M>,
{
    let subscription = StoredValue::new_local(use_state().watch(sight, names, show));
    let is_seen = use_element_visibility(place);
    Effect::new(move |_| {
        let is_seen = is_seen.get();
        subscription.with_value(|subscription| subscription.set_seen(is_seen));
    });
}
