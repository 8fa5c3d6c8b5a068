//! Facts on a card or a shape under the pointer or the focus.

use leptos::html::Div;
use leptos::prelude::*;

use super::shape_chip::rule;
use super::store::{NetworkStore, TipSubject};
use super::thumbnail::left_out;
use crate::ui::browser::next_frame;
use crate::ui::features::network::history::LayerId;
use crate::ui::fields;
use crate::ui::format;
use crate::ui::state::{State, use_state};
use crate::ui::text::{t, t_or_empty, t_with};
use chalkgrad_engine::model::catalogue;

/// Id of the one open tip.
pub const TIP: &str = "shape-tip";

/// The open tip, if there is one. It lies in the window and not in the strip, which would cut it.
#[component]
pub fn TipView() -> impl IntoView {
    let (state, store) = (use_state(), NetworkStore::get());
    let on_scroll = window_event_listener(leptos::ev::scroll, move |_| store.place_tip());
    on_cleanup(move || on_scroll.remove());
    move || store.tip.get().map(|subject| view! { <OpenTip lines=lines(state, subject) subject /> })
}

#[component]
fn OpenTip(lines: Vec<String>, subject: TipSubject) -> impl IntoView {
    const MARGIN: f64 = 6.0;
    /// A tip above needs this room.
    const ROOM: f64 = 140.0;
    let store = NetworkStore::get();
    let tip = NodeRef::<Div>::new();
    tip.on_load(|tip| next_frame(move || keep_in_window(&tip)));
    let is_above = move || {
        let [_, top, ..] = store.tip_anchor.get();
        matches!(subject, TipSubject::Shape(_)) && top > ROOM
    };
    let top = move || {
        let [_, _, _, bottom] = store.tip_anchor.get();
        if is_above() { "auto".to_owned() } else { format!("{}px", bottom + MARGIN) }
    };
    let bottom = move || {
        let [_, top, ..] = store.tip_anchor.get();
        if is_above() { format!("{}px", window_height() - top + MARGIN) } else { "auto".to_owned() }
    };
    view! {
        <div
            class="tip"
            id=TIP
            role="tooltip"
            style:left=move || format!("{}px", store.tip_anchor.get()[0])
            style:top=top
            style:bottom=bottom
            on:pointerenter=move |_| store.keep_tip()
            on:pointerleave=move |_| store.leave_tip()
            node_ref=tip
        >
            {lines.into_iter().map(|line| view! { <span>{line}</span> }).collect_view()}
        </div>
    }
}

fn window_height() -> f64 {
    document().document_element().map_or(0.0, |root| root.client_height().into())
}

/// Moves the tip so that no edge of the window cuts it.
fn keep_in_window(tip: &web_sys::HtmlElement) {
    const MARGIN: f64 = 8.0;
    let width = document().document_element().map_or(0, |root| root.client_width());
    let place = tip.get_bounding_client_rect();
    let shift = (MARGIN - place.left()).max(0.0) - (place.right() - f64::from(width) + MARGIN).max(0.0);
    // Setting a known property cannot fail.
    let _ = tip.style().set_property("translate", &format!("{}px", shift as i32));
}

fn lines(state: State, subject: TipSubject) -> Vec<String> {
    match subject {
        TipSubject::Shape(index) => rule(state, index),
        TipSubject::Layer(id) => layer_lines(state, id),
    }
}

/// Describes a layer: its name, what it does, its settings and cost, and the channels that its thumbnail leaves out.
fn layer_lines(state: State, id: LayerId) -> Vec<String> {
    let Some((index, layer)) = state.network.history().with(|history| {
        let draft = history.draft();
        Some((draft.position(id)?, draft.layer(id)?.clone()))
    }) else {
        return Vec::new();
    };
    let settings = catalogue::find(&layer.type_name).map(|layer_type| layer_type.schema().settings).unwrap_or_default();
    let summary = fields::summary(settings, &layer).join(" · ");
    let batch = state.engine.training().with(|training| training.batch_size);
    let help = t_or_empty(&format!("layer_{}_help", layer.type_name));
    let mut lines = state.network.checked().with(|checked| {
        let Some(layer) = checked.layers.get(index) else { return vec![help.clone()] };
        let cost = t_with(
            "cost",
            &[
                ("params", &format::count(layer.params)),
                ("flops", &format::magnitude(layer.flops as f64)),
                ("memory", &format::magnitude(layer.memory_bytes(batch) as f64)),
                ("batch", &batch.to_string()),
            ],
        );
        let channels = left_out(&layer.output_shape, state.is_plane())
            .map(|(shown, all)| t_with("first_channels", &[("shown", &shown.to_string()), ("all", &all.to_string())]));
        [layer.name.clone(), help.clone(), summary, cost].into_iter().chain(channels).collect()
    });
    lines.retain(|line| !line.is_empty());
    if lines.is_empty() {
        lines.push(t("layer"));
    }
    lines
}
