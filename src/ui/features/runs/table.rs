//! Earlier runs with configuration, seed and result, to compare with and to restore.

use leptos::prelude::*;

use crate::ui::browser::{event_checked, event_text, moment};
use crate::ui::charts::plot::run_colour;
use crate::ui::components::data_table::DataTable;
use crate::ui::features::runs::differences::{Difference, differences};
use crate::ui::features::runs::records::RunRecord;
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::{locale, t, t_with};

const COLUMNS: [&str; 9] = [
    "run_column",
    "network",
    "training",
    "seed",
    "column_step",
    "column_accuracy",
    "test_accuracy",
    "run_difference",
    "run_actions",
];

/// Contents of a run's row; they change at the ends of epochs and runs, not with every batch.
#[derive(Clone, PartialEq)]
struct Row {
    record: RunRecord,
    differences: Option<Vec<Difference>>,
    is_present: bool,
    is_best: bool,
}

#[component]
pub fn RunTable() -> impl IntoView {
    let state = use_state();
    let numbers = Memo::new(move |_| {
        state.runs.runs().with(|runs| runs.latest_first().map(|run| run.number).collect::<Vec<_>>())
    });
    view! {
        <section aria-labelledby="runs-title">
            <h3 id="runs-title" class="visually-hidden">{move || t("tab_runs")}</h3>
            <Show
                when=move || numbers.with(|numbers| !numbers.is_empty())
                fallback=|| view! { <p class="help empty">{move || t("no_run_yet")}</p> }
            >
                <DataTable name="tab_runs" columns=COLUMNS class="data-table runs">
                    <For each=move || numbers.get() key=|number| *number let:number>
                        <RunRow number />
                    </For>
                </DataTable>
            </Show>
        </section>
    }
}

#[component]
fn RunRow(number: u32) -> impl IntoView {
    let state = use_state();
    let row = Memo::new(move |_| {
        state.runs.runs().with(|runs| {
            let record = runs.get(number)?.clone();
            let differences = runs.before(number).map(|before| differences(before, &record));
            Some(Row { record, differences, is_present: runs.is_present(number), is_best: runs.best() == Some(number) })
        })
    });
    // A row that is about to go has no run any more.
    let read = move |read: fn(&Row) -> String| move || row.with(|row| row.as_ref().map(read).unwrap_or_default());
    let is_present = Memo::new(move |_| row.with(|row| row.as_ref().is_some_and(|row| row.is_present)));
    let number_text = number.to_string();
    let named = move |key: &'static str| {
        let number = number_text.clone();
        move || t_with(key, &[("number", &number)])
    };
    let rename = move |event| {
        let name = event_text(&event);
        state.runs.rename(number, &name);
    };
    let seed = read(|row| row.record.training.seed.to_string());
    view! {
        <tr>
            <th scope="row">
                <span class="run-name">
                    <span class=format!("legend-line run-colour-{}", run_colour(number)) class:legend-train=move || is_present.get()></span>
                    <span>{named("run_number")}</span>
                </span>
                <small>{read(|row| row.marks())}</small>
                <small>{read(|row| moment(row.record.begun_ms, locale().tag()))}</small>
                <input
                    class="run-name-field"
                    type="text"
                    maxlength="40"
                    aria-label=named("run_name")
                    placeholder=move || t("run_name_hint")
                    prop:value=read(|row| row.record.name.clone())
                    on:change=rename
                />
            </th>
            <td title=read(|row| row.types())>{read(|row| row.network())}</td>
            <td>{read(|row| row.settings())}</td>
            <td>{seed}</td>
            <td>{read(|row| format::count(row.record.steps as usize))}</td>
            <td>{read(|row| row.accuracy())}<small>{read(|row| row.accuracy_kind())}</small></td>
            <td>{read(|row| row.test_accuracy())}</td>
            <td class="run-difference">{read(|row| row.difference())}</td>
            <td>
                <div class="run-actions">
                    <Show when=move || !is_present.get()>
                        <Compare number />
                    </Show>
                    <button
                        type="button"
                        class="button quiet"
                        aria-label=named("run_restore_number")
                        title=move || t("run_restore_help")
                        on:click=move |_| state.restore_run(number)
                    >
                        {move || t("run_restore")}
                    </button>
                </div>
            </td>
        </tr>
    }
}

/// Checkbox that draws a run in the curves.
#[component]
fn Compare(number: u32) -> impl IntoView {
    let state = use_state();
    let runs = state.runs.runs();
    view! {
        <label class="run-compare">
            <input
                type="checkbox"
                class="checkbox"
                aria-label=move || t_with("run_compare", &[("number", &number.to_string())])
                prop:checked=move || runs.with(|runs| runs.get(number).is_some_and(|run| run.is_compared))
                on:change=move |event| state.runs.compare(number, event_checked(&event))
            />
            <span aria-hidden="true">{move || t("run_in_curves")}</span>
        </label>
    }
}

impl Row {
    /// Names what is special about the run.
    fn marks(&self) -> String {
        let marks = [
            (self.is_present, "run_present"),
            (self.is_best, "run_best"),
            (self.record.has_diverged(), "run_diverged"),
        ];
        let marks: Vec<String> = marks.into_iter().filter(|(is_so, _)| *is_so).map(|(_, key)| t(key)).collect();
        marks.join(" · ")
    }

    fn types(&self) -> String {
        self.record.model.layers.iter().map(|layer| layer.type_name.as_str()).collect::<Vec<_>>().join(", ")
    }

    fn network(&self) -> String {
        let layers = self.record.model.layers.len().to_string();
        t_with("run_network", &[("layers", &layers), ("params", &format::count(self.record.params))])
    }

    fn settings(&self) -> String {
        let training = &self.record.training;
        let rate = format::number(training.optimizer.learning_rate());
        format!("{} {rate} · {}", training.optimizer.type_name(), training.batch_size)
    }

    fn accuracy(&self) -> String {
        let series = &self.record.series;
        let last = series.validation_accuracy.last().or(series.accuracy.last());
        last.map_or_else(|| "–".to_owned(), |sample| format::percent(sample.value, 2))
    }

    /// Says on which images the accuracy was measured.
    fn accuracy_kind(&self) -> String {
        let series = &self.record.series;
        match (series.validation_accuracy.is_empty(), series.accuracy.is_empty()) {
            (false, _) => t("validation_images"),
            (true, false) => t("training_smoothed"),
            (true, true) => String::new(),
        }
    }

    fn test_accuracy(&self) -> String {
        self.record.test_accuracy.map_or_else(|| "–".to_owned(), |accuracy| format::percent(accuracy, 2))
    }

    /// Describes how the run differs from the one before.
    fn difference(&self) -> String {
        let Some(differences) = &self.differences else { return "–".to_owned() };
        if differences.is_empty() {
            return t("run_same");
        }
        differences.iter().map(difference_text).collect::<Vec<_>>().join("\n")
    }
}

fn difference_text(difference: &Difference) -> String {
    match difference {
        Difference::Added(types) => format!("+ {}", types.join(", ")),
        Difference::Removed(types) => format!("− {}", types.join(", ")),
        Difference::Setting { layer, name, before, after } => {
            let label = setting_label(name);
            let label = layer.as_ref().map_or_else(|| label.clone(), |layer| format!("{layer}, {label}"));
            let [before, after] = [before, after].map(|value| value.clone().unwrap_or_else(|| "–".to_owned()));
            format!("{label}: {before} → {after}")
        }
    }
}

/// Returns the name of a setting in the forms.
fn setting_label(name: &str) -> String {
    let keys = [format!("training_{name}"), format!("setting_{name}"), name.to_owned()];
    keys.iter().find_map(|key| locale().text(key)).map_or_else(|| name.to_owned(), str::to_owned)
}
