//! An example of a table: its columns by name, whose values can be edited, and the way to the other examples.

use chalkgrad_engine::data::Target;
use leptos::prelude::*;

use crate::ui::browser::event_text;
use crate::ui::components::icon_button::IconButton;
use crate::ui::features::input::store::Row;
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::{t, t_with};

/// Columns shown of an example.
const MAX_SHOWN: usize = 64;

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
    // The numbers are others if they are standardised, or no longer.
    Effect::new(move |before: Option<bool>| {
        let is_standardized = state.engine.training().with(|training| training.standardize);
        let index = state.input.row().with_untracked(|row| row.as_ref().map(|row| row.index));
        if let Some(index) = index.filter(|_| before.is_some_and(|before| before != is_standardized)) {
            state.show_row(index);
        }
        is_standardized
    });
    let go = move |places: i64| {
        let count = untrack(|| state.dataset()).test_total.max(1) as i64;
        let at = state.input.row().with_untracked(|row| row.as_ref().map_or(0, |row| i64::from(row.index)));
        state.show_row((at + places).rem_euclid(count) as u32);
    };
    let is_edited = Memo::new(move |_| state.input.row().with(|row| row.as_ref().is_some_and(|row| row.is_edited)));
    let position = move || {
        let count = format::count(state.dataset().test_total);
        state.input.row().with(|row| {
            let row = row.as_ref()?;
            let place = format::count(row.index as usize + 1);
            Some(t_with("row_position", &[("place", &place), ("count", &count)]))
        })
    };
    let truth = move || {
        if is_edited.get() {
            return Some(t("row_edited"));
        }
        state.input.row().with(|row| match row.as_ref()?.label {
            Some(label) => Some(t_with("true_label", &[("label", &state.class_name(label as usize))])),
            None => {
                let values = row.as_ref()?.target.iter().map(|value| format::value(*value));
                Some(t_with("true_value", &[("value", &values.collect::<Vec<_>>().join(", "))]))
            }
        })
    };
    // Made anew for another row, but not while a value is typed.
    let shown = Memo::new(move |_| {
        state.input.row().with(|row| row.as_ref().map_or((0, 0), |row| (row.number, row.values.len().min(MAX_SHOWN))))
    });
    let cells = move || {
        let (number, columns) = shown.get();
        (0..columns).map(move |column| (number, column))
    };
    view! {
        <div class="samples-box" role="group" aria-label=move || t("rows")>
            <div class="row-values scroll-x" tabindex="0" role="group" aria-label=move || t("row_values")>
                <table>
                    <caption class="visually-hidden">{move || t("row_values")}</caption>
                    <tbody>
                        <For each=cells key=|key| *key let((_number, column))>
                            <Cell column />
                        </For>
                    </tbody>
                </table>
            </div>
            <p class="truth">
                {truth} " "
                <button type="button" class="button quiet" hidden=move || !is_edited.get() on:click=move |_| go(0)>
                    {move || t("row_restore")}
                </button>
            </p>
            <div class="samples-way">
                <IconButton text="previous_row" icon="left" on_click=move || go(-1) />
                <span role="status">{position}</span>
                <IconButton text="next_row" icon="right" on_click=move || go(1) />
            </div>
        </div>
    }
}

/// Row of the table: name and value of a column and, of an autoencoder, what it makes of the value.
#[component]
fn Cell(column: usize) -> impl IntoView {
    let state = use_state();
    let own = state.input.row().with_untracked(|row| row.as_ref().and_then(|row: &Row| row.own_value(column)));
    let is_bad = RwSignal::new(false);
    let type_value = move |event: web_sys::Event| match format::parse(&event_text(&event)) {
        Some(value) => {
            is_bad.set(false);
            state.edit_row(column, value as f32);
        }
        None => is_bad.set(true),
    };
    let output = move || {
        let is_reconstruction = matches!(state.task_target(), Target::Input);
        let value = state.input.probabilities().with(|outputs| outputs.as_ref()?.get(column).copied());
        value.filter(|_| is_reconstruction).map(|value| view! { <td class="row-output">{format::value(value)}</td> })
    };
    let id = format!("column-{column}");
    view! {
        <tr>
            <th scope="row">
                <label for=id.clone()>{move || state.column_name(column)}</label>
            </th>
            <td>
                <input
                    id=id
                    class="input"
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    value=own.map(|value| format::plain(f64::from(value)))
                    aria-invalid=move || if is_bad.get() { "true" } else { "false" }
                    on:input=type_value
                />
            </td>
            {output}
        </tr>
    }
}
