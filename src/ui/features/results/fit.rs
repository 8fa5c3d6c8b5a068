//! Predicted against true values of the test examples. A click on a dot shows its example.

use std::sync::Arc;

use leptos::html::{Canvas, Div};
use leptos::prelude::*;
use leptos_use::use_element_size;
use wasm_bindgen::JsCast;

use crate::ui::browser::scroll_to;
use crate::ui::charts::canvas::{draw, pixel_ratio, pointer_place};
use crate::ui::charts::export::{Body, Figure};
use crate::ui::charts::figure::{Caption, Legend};
use crate::ui::charts::fit_chart::{FitChart, FitNumbers};
use crate::ui::components::data_table::DataTable;
use crate::ui::components::export_menu::ExportMenu;
use crate::ui::features::input::store::Row;
use crate::ui::features::phone::Part;
use crate::ui::format;
use crate::ui::state::{State, use_state};
use crate::ui::stores::results::Fit;
use crate::ui::text::{t, t_with};

const HEIGHT: f64 = 300.0;

/// Size of the picture in a file.
const FILE_SIZE: [f64; 2] = [480.0, 420.0];

/// Rows of the table, the largest errors first.
const MAX_ROWS: usize = 40;

#[component]
pub fn FitView(fit: Fit) -> impl IntoView {
    let columns = fit.columns();
    let (column, fit) = (RwSignal::new(0), StoredValue::new(fit));
    let state = use_state();
    let choice = (columns > 1).then(|| {
        let button = move |at: usize| {
            view! {
                <button type="button" aria-pressed=move || (column.get() == at).to_string() on:click=move |_| column.set(at)>
                    {move || state.value_name(at)}
                </button>
            }
        };
        view! {
            <div class="segmented" role="group" aria-label=move || t("fit_column")>
                {(0..columns).map(button).collect_view()}
            </div>
        }
    });
    let shown = move || {
        let at = column.get();
        fit.with_value(|fit| view! { <Column values=Arc::new(fit.column(at)) column=at /> })
    };
    view! { <div class="fit">{choice} {shown}</div> }
}

/// The chart of a column, its numbers, and the largest errors as a table.
#[component]
fn Column(
    /// True and predicted values.
    values: Arc<[Vec<f32>; 2]>,
    column: usize,
) -> impl IntoView {
    let state = use_state();
    let (place, canvas) = (NodeRef::<Div>::new(), NodeRef::<Canvas>::new());
    let picked = Memo::new(move |_| {
        let of_row = |row: &Row| (!row.is_edited).then_some(row.index as usize);
        state.input.row().with(|row| row.as_ref().and_then(of_row))
    });
    let axes = move || {
        let name = state.value_name(column);
        ["fit_true", "fit_predicted"].map(|key| t_with(key, &[("name", &name)]))
    };
    let width = use_element_size(place).width;
    let [for_drawing, for_click, for_file] = [(); 3].map(|()| values.clone());
    Effect::new(move |_| {
        let (width, picked, is_dark, axes) = (width.get(), picked.get(), state.screen.is_dark().get(), axes());
        let Some(canvas) = canvas.get() else { return };
        let [truth, predicted] = &*for_drawing;
        let chart = FitChart { truth, predicted, axes, picked, is_dark, size: [width, HEIGHT] };
        draw(&canvas, [width, HEIGHT], pixel_ratio(&canvas), &chart.shapes(), None);
    });
    let pick = move |event: web_sys::MouseEvent| {
        let Some(canvas) = canvas.get_untracked() else { return };
        let size = [width.get_untracked(), HEIGHT];
        let [truth, predicted] = &*for_click;
        let chart = FitChart { truth, predicted, axes: Default::default(), picked: None, is_dark: false, size };
        if let Some(index) = chart.dot_at(pointer_place(&canvas, event.unchecked_ref())) {
            show(state, index);
        }
    };
    let numbers = FitNumbers::new(&values[0], &values[1]);
    let summary = move || {
        let Some(FitNumbers { r2, mean_absolute_error }) = numbers else { return String::new() };
        let r2 = r2.map_or_else(|| "–".to_owned(), |r2| format::with_minus(format::fixed(r2, 3)));
        let error = format::value(mean_absolute_error as f32);
        t_with("fit_summary", &[("name", &state.value_name(column)), ("r2", &r2), ("error", &error)])
    };
    let figure = move || {
        let [truth, predicted] = &*for_file;
        let is_dark = state.screen.is_dark().get();
        let chart = FitChart { truth, predicted, axes: axes(), picked: None, is_dark, size: FILE_SIZE };
        let caption =
            Caption { title: summary(), legend: Legend::None, configuration: state.configuration_line(), is_dark };
        let body = Body::Shapes { shapes: chart.shapes(), size: FILE_SIZE };
        Some(Figure { name: "predicted-against-true".to_owned(), caption, body })
    };
    view! {
        <figure class="chart fit-chart">
            <figcaption>
                <span>{summary}</span>
            </figcaption>
            <div node_ref=place>
                <canvas
                    class="fit-canvas"
                    role="img"
                    aria-label=move || format!("{} {}", t("fit_chart"), summary())
                    width="0"
                    height="0"
                    node_ref=canvas
                    on:click=pick
                ></canvas>
            </div>
            <p class="help">{move || t("fit_chart_help")}</p>
            <ExportMenu figure />
        </figure>
        <Errors values />
    }
}

/// The examples with the largest errors.
#[component]
fn Errors(values: Arc<[Vec<f32>; 2]>) -> impl IntoView {
    let state = use_state();
    let [truth, predicted] = &*values;
    let mut rows: Vec<(usize, [f32; 2])> = truth.iter().zip(predicted).map(|(a, b)| [*a, *b]).enumerate().collect();
    rows.sort_by(|(_, one), (_, other)| (other[1] - other[0]).abs().total_cmp(&(one[1] - one[0]).abs()));
    rows.truncate(MAX_ROWS);
    let row = move |(index, [truth, predicted]): (usize, [f32; 2])| {
        let number = format::count(index + 1);
        let name = number.clone();
        view! {
            <tr>
                <td>
                    <button
                        type="button"
                        class="button quiet"
                        aria-label=move || t_with("fit_show", &[("number", &name)])
                        on:click=move |_| show(state, index)
                    >
                        {number}
                    </button>
                </td>
                <td>{format::value(truth)}</td>
                <td>{format::value(predicted)}</td>
                <td>{format::value(predicted - truth)}</td>
            </tr>
        }
    };
    view! {
        <details class="data">
            <summary>{move || t("fit_errors")}</summary>
            <DataTable name="fit_errors" columns=["column_example", "column_true", "column_predicted", "column_error"]>
                {rows.into_iter().map(row).collect_view()}
            </DataTable>
        </details>
    }
}

/// Makes a test example the input.
fn show(state: State, index: usize) {
    state.show_row(index as u32);
    let number = format::count(index + 1);
    state.messages.announce(untrack(|| t_with("row_shown", &[("number", &number)])));
    state.screen.show(Part::Input);
    scroll_to("digit-title");
}
