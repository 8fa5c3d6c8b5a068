//! How well the network does on images that it has never seen.

use leptos::prelude::*;

use crate::ui::format;
use crate::ui::state::{State, TestResult};
use crate::ui::text::{t, t_with, tr};

#[component]
pub fn ResultsPanel() -> impl IntoView {
    let state = expect_context::<State>();
    let content = move || {
        match state.result.get() {
        Some(result) => view! { <ResultView result=result/> }.into_any(),
        None => view! {
            <p class="help empty">{move || if state.is_evaluating.get() { t("state_evaluating") } else { t("no_result_yet") }}</p>
        }
        .into_any(),
    }
    };
    view! {
        <section class="panel results" aria-labelledby="results-title">
            <header class="panel-header"><h2 id="results-title">{tr("results")}</h2></header>
            {content}
        </section>
    }
    .into_any()
}

#[component]
fn ResultView(result: TestResult) -> impl IntoView {
    let TestResult { evaluation, confusion } = result;
    let samples = format::count(evaluation.samples as usize);
    let wrong =
        format::count(((1.0 - evaluation.accuracy as f64) * evaluation.samples as f64).round().max(0.0) as usize);
    let classes = evaluation.classes as usize;
    let counts = StoredValue::new(confusion);
    let summary = Signal::derive(move || t_with("result_summary", &[("samples", &samples), ("wrong", &wrong)]));
    let head = (0..classes).map(|class| view! { <th scope="col">{class}</th> }).collect_view();
    let rows = counts.with_value(|counts| {
        counts.chunks(classes.max(1)).enumerate().map(|(class, row)| confusion_row(class, row)).collect_view()
    });
    view! {
        <div class="result">
            <div class="result-facts">
                <dl class="result-numbers">
                    <div><dt>{tr("test_accuracy")}</dt><dd class="result-big">{format::percent(evaluation.accuracy, 2)}</dd></div>
                    <div><dt>{tr("test_loss")}</dt><dd>{format::loss(evaluation.loss)}</dd></div>
                </dl>
                <p class="help">{summary}</p>
                <Legend/>
            </div>
            <div class="confusion-scroll" tabindex="0" role="group" aria-label=tr("confusion")>
                <table class="confusion">
                    <caption>{tr("confusion")}</caption>
                    <thead>
                        <tr><th scope="col" class="corner"><span>{tr("true_class")}</span>  <span>{tr("predicted_class")}</span></th>{head}</tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </div>
    }
    .into_any()
}

/// How dark a cell is: shares of a row on a scale that shows the few mistakes beside the many hits.
fn shade(share: f32) -> f32 {
    share.clamp(0.0, 1.0).powf(0.4)
}

fn confusion_row(class: usize, row: &[f32]) -> impl IntoView + use<> {
    let total = row.iter().sum::<f32>().max(1.0);
    let cells = row
        .iter()
        .enumerate()
        .map(|(predicted, count)| {
            let shade = shade(count / total);
            let (is_dark, is_hit) = (shade > 0.55, predicted == class);
            let (truth, guess, images) = (class.to_string(), predicted.to_string(), format::count(*count as usize));
            let title = Signal::derive(move || {
                t_with("confusion_cell", &[("images", &images), ("true", &truth), ("predicted", &guess)])
            });
            view! {
                <td style=format!("--shade:{:.0}%", shade * 100.0) class:dark=is_dark class:hit=is_hit title=title>
                    {*count as u32}
                </td>
            }
        })
        .collect_view();
    view! { <tr><th scope="row">{class}</th>{cells}</tr> }
}

#[component]
fn Legend() -> impl IntoView {
    let stops = [0.0, 0.01, 0.1, 1.0]
        .map(|share: f32| {
            let style = format!("left:{:.1}%", shade(share) * 100.0);
            view! { <span class="scale-tick" style=style>{format::percent(share, 0)}</span> }
        })
        .into_iter()
        .collect_view();
    view! {
        <figure class="scale">
            <div class="scale-bar"></div>
            <div class="scale-ticks" aria-hidden="true">{stops}</div>
            <figcaption>{tr("confusion_scale")}</figcaption>
        </figure>
    }
    .into_any()
}
