//! The result of a network whose target is no class: loss and metrics, and predicted against true values or, of an autoencoder,
//! inputs beside their reconstructions.

use leptos::prelude::*;

use super::fit::FitView;
use super::reconstructions::Reconstructions;
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::stores::results::TestResult;
use crate::ui::text::{t, t_with};
use chalkgrad_engine::data::Target;

#[component]
pub fn ValueResult(result: TestResult) -> impl IntoView {
    let state = use_state();
    let TestResult { evaluation, fit, .. } = result;
    let metric = |(name, value): (String, f32)| {
        view! {
            <div>
                <dt>{move || t(&format!("metric_{name}"))}</dt>
                <dd class="result-big">{format::loss(value)}</dd>
            </div>
        }
    };
    let samples = format::count(evaluation.samples as usize);
    let is_reconstruction = untrack(|| matches!(state.task_target(), Target::Input));
    view! {
        <div class="result">
            <div class="result-facts">
                <dl class="result-numbers">
                    {evaluation.metrics.into_iter().map(metric).collect_view()}
                    <div>
                        <dt>{move || t("test_loss")}</dt>
                        <dd>{format::loss(evaluation.loss)}</dd>
                    </div>
                </dl>
                <p class="help">{move || t_with("result_examples", &[("samples", &samples)])}</p>
            </div>
            {fit.map(|fit| view! { <FitView fit /> })}
            {is_reconstruction.then(|| view! { <Reconstructions /> })}
        </div>
    }
}
