//! Costs of the last edit: the run that it ended, the weights that are new.

use leptos::prelude::*;

use super::store::{EditCost, NetworkStore};
use crate::ui::browser::{after_ms, cancel};
use crate::ui::features::network::edit_effects::WeightShapes;
use crate::ui::features::network::history::History;
use crate::ui::state::{State, use_state};
use crate::ui::text::{t, t_with};
use chalkgrad_engine::protocol::RunState;

/// Names that fit into the line; the log has them all.
const MAX_NAMES: usize = 3;

/// Line below the cards that says what the last edit cost.
#[component]
pub fn EditNote() -> impl IntoView {
    let (state, store) = (use_state(), NetworkStore::get());
    Effect::new(move |_| {
        if state.run.state().with(|run| matches!(run, RunState::Training)) {
            store.edit_cost.set(EditCost::default());
        }
    });
    let text = move || {
        store.edit_cost.with(|cost| {
            let weights = match &cost.renewed[..] {
                [] => None,
                _ if cost.all => Some(t("edit_renewed_all")),
                names if names.len() > MAX_NAMES => {
                    Some(t_with("edit_renewed_count", &[("count", &names.len().to_string())]))
                }
                names => Some(t_with("edit_renewed", &[("layers", &names.join(", "))])),
            };
            let run = cost.ended_run.then(|| t("edit_ended_run"));
            let way_back = (run.is_some() || weights.is_some()).then(|| t("undo_brings_back"));
            run.into_iter().chain(weights).chain(way_back).collect::<Vec<_>>().join(" ")
        })
    };
    view! {
        <p class="edit-note" role="status" title=text>
            {text}
        </p>
    }
}

/// Follows the edits of the model and notes what each costs, in the store and in the log.
pub fn watch_edits(state: State, store: NetworkStore) {
    const REST_MS: i32 = 350;
    let shapes = move || {
        let read = |history: &History| {
            state.network.checked().with_untracked(|checked| WeightShapes::new(history.draft(), checked))
        };
        state.network.history().with_untracked(read)
    };
    let before = StoredValue::new(shapes());
    let waiting = StoredValue::new(None::<i32>);
    let ended_run = StoredValue::new(false);
    // A layer has weights that were trained, so that new ones are a loss.
    let is_trained = StoredValue::new(false);
    Effect::new(move |_| {
        let has_steps = state.run.batch().with(|batch| batch.as_ref().is_some_and(|batch| batch.step > 0));
        if has_steps || state.pretrained.accuracy().with(Option::is_some) {
            is_trained.set_value(true);
        }
    });
    let note = move || {
        waiting.set_value(None);
        let now = shapes();
        let old = before.get_value();
        let renewed: Vec<String> = now.renewed(&old).into_iter().map(str::to_owned).collect();
        let ended_run = ended_run.try_update_value(std::mem::take).unwrap_or_default();
        let all = renewed.len() == now.count();
        let is_lost = is_trained.get_value() && !state.has_restored_weights();
        let cost = EditCost { ended_run, renewed: if is_lost { renewed } else { Vec::new() }, all };
        if all && is_lost {
            is_trained.set_value(false);
        }
        before.set_value(now);
        if cost.ended_run {
            state.log.text("edit_ended_run", Vec::new());
        }
        match &cost.renewed[..] {
            [] => {}
            _ if cost.all => state.log.text("edit_renewed_all", Vec::new()),
            names => state.log.text("edit_renewed", vec![("layers", names.join(", "))]),
        }
        store.edit_cost.set(cost);
    };
    Effect::new(move |was_before: Option<()>| {
        let is_valid = state.network.checked().with(|checked| checked.error.is_none());
        let spec = state.network.history().with(History::spec);
        if was_before.is_none() || !is_valid {
            return;
        }
        // A model that came from elsewhere is the engine's already, with its weights.
        if state.engine_model() == spec {
            before.set_value(shapes());
            store.edit_cost.set(EditCost::default());
            return;
        }
        let is_under_way = |run: &RunState| matches!(run, RunState::Training | RunState::Waiting | RunState::Paused);
        ended_run.update_value(|ended| *ended |= state.run.state().with_untracked(is_under_way));
        if let Some(waiting) = waiting.try_update_value(Option::take).flatten() {
            cancel(waiting);
        }
        waiting.set_value(Some(after_ms(REST_MS, note)));
    });
}
