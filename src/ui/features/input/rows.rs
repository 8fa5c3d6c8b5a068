//! An example of a data set that has no pictures: its numbers, and the way to the others.

use leptos::prelude::*;

use crate::ui::components::icon_button::IconButton;
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::{t, t_with};

/// Numbers shown of an example.
const MAX_SHOWN: usize = 40;

#[component]
pub fn Rows() -> impl IntoView {
    let state = use_state();
    // The first example is shown as soon as the data set is there.
    Effect::new(move |_| {
        let is_there = state.engine.data().with(|data| data.complete) && state.input.row().with(Option::is_none);
        if is_there && !state.has_images() {
            state.show_row(0);
        }
    });
    let go = move |places: i64| {
        let count = untrack(|| state.dataset()).test_total.max(1) as i64;
        let at = state.input.row().with_untracked(|row| row.as_ref().map_or(0, |row| i64::from(row.index)));
        state.show_row((at + places).rem_euclid(count) as u32);
    };
    let position = move || {
        let count = format::count(state.dataset().test_total);
        state.input.row().with(|row| {
            let row = row.as_ref()?;
            let place = format::count(row.index as usize + 1);
            Some(t_with("row_position", &[("place", &place), ("count", &count)]))
        })
    };
    let truth = move || {
        state.input.row().with(|row| match row.as_ref()?.label {
            Some(label) => Some(t_with("true_label", &[("label", &state.class_name(label as usize))])),
            None => {
                let values = row.as_ref()?.target.iter().map(|value| format::value(*value));
                Some(t_with("true_value", &[("value", &values.collect::<Vec<_>>().join(", "))]))
            }
        })
    };
    let numbers = move || {
        let values = state.input.row().with(|row| row.as_ref().map(|row| row.values.clone())).unwrap_or_default();
        let shown = values.into_iter().take(MAX_SHOWN).enumerate();
        shown
            .map(|(column, value)| {
                view! {
                    <li>
                        <span>{column + 1}</span>
                        <b>{format::value(value)}</b>
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <div class="samples-box" role="group" aria-label=move || t("rows")>
            <ol class="row-values">{numbers}</ol>
            <p class="truth">{truth}</p>
            <div class="samples-way">
                <IconButton text="previous_row" icon="left" on_click=move || go(-1) />
                <span role="status">{position}</span>
                <IconButton text="next_row" icon="right" on_click=move || go(1) />
            </div>
        </div>
    }
}
