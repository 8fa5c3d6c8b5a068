//! Earlier runs with configuration, seed and result, to compare with and to restore.

use crate::ui::browser::moment;
use crate::ui::format;
use crate::ui::runs::RunRecord;
use crate::ui::state::State;
use crate::ui::text::{locale, t, t_with};
use crate::ui::widgets::element::{Element, button, el};
use crate::ui::widgets::field::checkbox;
use crate::ui::widgets::place;

const COLUMNS: [&str; 8] =
    ["run_column", "network", "training", "seed", "column_step", "column_accuracy", "test_accuracy", "run_actions"];

pub fn runs_panel(state: State) -> Element {
    // Rows change at the ends of epochs and runs, not with every batch.
    let key = move || {
        state.dock.runs.with(|runs| {
            let of_run = |run: &RunRecord| {
                format!("{} {} {};", run.number, run.steps, run.test_accuracy.map_or(0, f32::to_bits))
            };
            runs.latest_first().map(of_run).collect::<String>()
        })
    };
    let content = move |_: &str| {
        let records: Vec<RunRecord> = state.dock.runs.with_untracked(|runs| runs.latest_first().cloned().collect());
        if records.is_empty() {
            return Some(el("p").class("help empty").tr("no_run_yet"));
        }
        let head = COLUMNS.map(|key| el("th").attr("scope", "col").tr(key));
        let rows = records.into_iter().map(|record| row(state, record));
        Some(
            el("div").class("scroll-x").attr("tabindex", "0").attr("role", "group").label("tab_runs").child(
                el("table")
                    .class("data-table runs")
                    .child(el("caption").class("visually-hidden").tr("tab_runs"))
                    .child(el("thead").child(el("tr").children(head)))
                    .child(el("tbody").children(rows)),
            ),
        )
    };
    el("section")
        .attr("aria-labelledby", "runs-title")
        .child(el("h3").id("runs-title").class("visually-hidden").tr("tab_runs"))
        .child(place().switch(key, content))
}

fn row(state: State, record: RunRecord) -> Element {
    let number = record.number;
    let id = format!("run-{number}-compare");
    let is_present = state.dock.runs.with_untracked(|runs| runs.is_present(number));
    let types: Vec<&str> = record.model.layers.iter().map(|layer| layer.type_name.as_str()).collect();
    let (layers, params) = (types.len().to_string(), format::count(record.params));
    let network = move || t_with("run_network", &[("layers", &layers), ("params", &params)]);
    let training = &record.training;
    let settings = format!(
        "{} {} · {}",
        training.optimizer.type_name(),
        format::number(training.optimizer.learning_rate()),
        training.batch_size
    );
    let percent = |value: Option<f32>| value.map_or_else(|| "–".to_owned(), |value| format::percent(value, 2));
    let accuracy = record.series.validation_accuracy.last().or(record.series.accuracy.last());
    let accuracy = percent(accuracy.map(|sample| sample.value));
    let name = move || t_with("run_number", &[("number", &number.to_string())]);
    let compare = checkbox(
        &id,
        move || state.dock.runs.with(|runs| runs.get(number).is_some_and(|run| run.is_compared)),
        move |is_on| state.dock.runs.update(|runs| runs.compare(number, is_on)),
    );
    let compare_name = move || t_with("run_compare", &[("number", &number.to_string())]);
    let compare = el("label")
        .class("run-compare")
        .child(compare.attr_fn("aria-label", compare_name))
        .child(el("span").attr("aria-hidden", "true").tr("run_in_curves"));
    let restore_name = move || t_with("run_restore_number", &[("number", &number.to_string())]);
    let restore = button("button quiet", move || state.restore_run(number))
        .attr_fn("aria-label", restore_name)
        .title("run_restore_help")
        .tr("run_restore");
    let first = el("th")
        .attr("scope", "row")
        .child(el("span").text_fn(name))
        .child(el("small").text_fn(move || if is_present { t("run_present") } else { String::new() }))
        .child(el("small").text_fn(move || moment(record.begun_ms, locale().tag())));
    let text = |text: &str| el("td").text(text);
    el("tr")
        .child(first)
        .child(el("td").attr("title", &types.join(", ")).text_fn(network))
        .child(text(&settings))
        .child(text(&training.seed.to_string()))
        .child(text(&format::count(record.steps as usize)))
        .child(text(&accuracy))
        .child(text(&percent(record.test_accuracy)))
        .child(el("td").child(el("div").class("run-actions").children((!is_present).then_some(compare)).child(restore)))
}
