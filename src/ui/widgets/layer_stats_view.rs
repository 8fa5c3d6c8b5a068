//! Statistics of the selected layer in the last step: dead units, and the size of its weights' updates.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;

use super::element::{Element, el};
use super::place;
use crate::ui::browser::{InView, after_ms};
use crate::ui::format;
use crate::ui::live::Live;
use crate::ui::state::State;
use crate::ui::text::{t, t_with};
use chalkgrad_engine::protocol::{LayerStats, requests};

/// Time between two requests: the engine reads the outputs of a whole batch for each.
const PAUSE_MS: i32 = 1000;

struct Shown {
    layer_stats: Live<Option<LayerStats>>,
    /// Counter that distinguishes one result from the next.
    version: Live<u32>,
    is_seen: Live<bool>,
    is_asking: Cell<bool>,
    stale: Live<u32>,
}

pub fn layer_stats_view(state: State, layer: &str) -> Element {
    let shown = Rc::new(Shown {
        layer_stats: Live::new(None),
        version: Live::new(0),
        is_seen: Live::new(false),
        is_asking: Cell::new(false),
        stale: Live::new(0),
    });
    let (asked, keyed, made) = (shown.clone(), shown.clone(), shown.clone());
    let name = layer.to_owned();
    let view = el("div").class("vitals").effect(move || ask(state, &name, &asked)).child(place().switch(
        move || keyed.version.get().to_string(),
        move |_| made.layer_stats.with_untracked(|layer_stats| layer_stats.as_ref().map(table)),
    ));
    let weak = Rc::downgrade(&shown);
    let in_view = InView::follow(&view.node(), move |is_seen| {
        if let Some(shown) = weak.upgrade() {
            shown.is_seen.set(is_seen);
        }
    });
    view.keep(in_view)
}

fn ask(state: State, layer: &str, shown: &Rc<Shown>) {
    state.weights_version.track();
    shown.stale.track();
    if !shown.is_seen.get() || shown.is_asking.replace(true) {
        return;
    }
    let version = state.weights_version.get_untracked();
    let shown = shown.clone();
    let response = state.client().request(requests::LayerStats { layer: layer.to_owned() });
    spawn_local(async move {
        // Before the first step there is nothing to show, and no error to repeat.
        if let Ok(layer_stats) = response.await
            && shown.layer_stats.with_untracked(|before| before.as_ref() != Some(&layer_stats))
        {
            shown.layer_stats.set(Some(layer_stats));
            shown.version.update(|version| *version += 1);
        }
        after_ms(PAUSE_MS, move || {
            shown.is_asking.set(false);
            if state.weights_version.get_untracked() != version {
                shown.stale.update(|count| *count += 1);
            }
        });
    });
}

fn table(layer_stats: &LayerStats) -> Element {
    let dead = t_with(
        "dead_units",
        &[("dead", &layer_stats.dead_units.to_string()), ("units", &layer_stats.units.to_string())],
    );
    let class = if layer_stats.dead_units > 0 { "dead-units some" } else { "dead-units" };
    let view = place().child(el("p").class(class).text(&dead));
    if layer_stats.updates.is_empty() {
        return view;
    }
    let rows = layer_stats.updates.iter().map(|update| {
        let cell = |value: f32| el("td").text(&format::value(value));
        el("tr")
            .child(el("th").attr("scope", "row").text(&update.weight))
            .child(cell(update.ratio))
            .child(cell(update.gradient_norm))
    });
    let heads = ["vitals_weight", "vitals_ratio", "vitals_gradient"];
    let head = el("tr").children(heads.map(|head| el("th").attr("scope", "col").text(&t(head))));
    let table = el("table")
        .class("numbers-table")
        .child(el("caption").text(&t("vitals")))
        .child(el("thead").child(head))
        .child(el("tbody").children(rows));
    view.child(table).child(el("p").class("help").text(&t("vitals_help")))
}
