//! Statistics of the selected layer in the last step: dead units, and the size of its weights' updates.

use leptos::html::Div;
use leptos::prelude::*;
use leptos_use::use_element_visibility;
use wasm_bindgen_futures::spawn_local;

use crate::ui::browser::after_ms;
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::{t, t_with};
use chalkgrad_engine::protocol::{LayerStats, requests};

/// Time between two requests: the engine reads the outputs of a whole batch for each.
const PAUSE_MS: i32 = 1000;

/// Statistics of the layer with this name, read at most once a second while they are in view.
#[component]
pub fn LayerStatsView(#[prop(into)] layer: String) -> impl IntoView {
    let state = use_state();
    let place = NodeRef::<Div>::new();
    let shown = RwSignal::new(None::<LayerStats>);
    let is_seen = use_element_visibility(place);
    let is_asking = StoredValue::new(false);
    let stale = RwSignal::new(0u32);
    Effect::new(move |_| {
        state.run.weights_version().track();
        stale.track();
        if !is_seen.get() || is_asking.get_value() {
            return;
        }
        is_asking.set_value(true);
        let version = state.run.weights_version().get_untracked();
        let response = state.client().request(requests::LayerStats { layer: layer.clone() });
        spawn_local(async move {
            // Before the first step there is nothing to show, and no error to repeat.
            if let Ok(layer_stats) = response.await
                && shown.try_with_untracked(|before| before.as_ref() != Some(&layer_stats)).unwrap_or(false)
            {
                shown.set(Some(layer_stats));
            }
            after_ms(PAUSE_MS, move || {
                // The view may have gone meanwhile.
                is_asking.try_set_value(false);
                if state.run.weights_version().get_untracked() != version {
                    stale.try_update(|count| *count += 1);
                }
            });
        });
    });
    view! {
        <div class="vitals" node_ref=place>
            {move || shown.get().map(|layer_stats| view! { <StatsTable layer_stats /> })}
        </div>
    }
}

#[component]
fn StatsTable(layer_stats: LayerStats) -> impl IntoView {
    let LayerStats { dead_units, units, updates, .. } = layer_stats;
    let dead = move || t_with("dead_units", &[("dead", &dead_units.to_string()), ("units", &units.to_string())]);
    let class = if dead_units > 0 { "dead-units some" } else { "dead-units" };
    let has_updates = !updates.is_empty();
    let rows: Vec<_> = updates
        .into_iter()
        .map(|update| {
            view! {
                <tr>
                    <th scope="row">{update.weight}</th>
                    <td>{format::value(update.ratio)}</td>
                    <td>{format::value(update.gradient_norm)}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <p class=class>{dead}</p>
        {has_updates
            .then(|| {
                view! {
                    <table class="numbers-table">
                        <caption>{move || t("vitals")}</caption>
                        <thead>
                            <tr>
                                <th scope="col">{move || t("vitals_weight")}</th>
                                <th scope="col">{move || t("vitals_ratio")}</th>
                                <th scope="col">{move || t("vitals_gradient")}</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                    <p class="help">{move || t("vitals_help")}</p>
                }
            })}
    }
}
