//! The check of a gradient by finite differences, by button.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::amounts::precise_to;
use crate::ui::state::use_state;
use crate::ui::text::{report_text, t, t_with};
use chalkgrad_engine::protocol::{ErrorReport, GradientCheck};

/// Differences up to this share of the gradient come from the bend of the loss between both weights.
const BEND: f32 = 0.02;
/// Significant digits of the losses, which differ in the last ones.
const DIGITS: i32 = 8;

/// Button that checks a gradient, and the result: both gradients side by side.
#[component]
pub fn CheckView(parameter: String, index: u32) -> impl IntoView {
    let state = use_state();
    let result = RwSignal::new(None::<Result<GradientCheck, ErrorReport>>);
    let is_checking = RwSignal::new(false);
    let can_check = Memo::new(move |_| state.can_follow() && !is_checking.get() && !state.follow.is_asking().get());
    let check = move |_| {
        let parameter = parameter.clone();
        is_checking.set(true);
        spawn_local(async move {
            let checked = state.check_gradient(parameter, index).await;
            // The line may be gone meanwhile.
            let _ = is_checking.try_set(false);
            let _ = result.try_set(Some(checked));
        });
    };
    let said = move || match result.get()? {
        Ok(check) => Some(view! { <CheckResult check /> }.into_any()),
        Err(report) => Some(view! { <p class="help">{report_text(&report)}</p> }.into_any()),
    };
    view! {
        <div class="follow-check">
            <button
                type="button"
                class="button quiet"
                title=move || t("follow_check_help")
                disabled=move || !can_check.get()
                on:click=check
            >
                {move || t("follow_check")}
            </button>
            <div role="status">{said}</div>
        </div>
    }
}

#[component]
fn CheckResult(check: GradientCheck) -> impl IntoView {
    let GradientCheck { analytic, numeric, weights, losses, rounding } = check;
    let number = |value: f32| precise_to(value, DIGITS);
    let difference = (analytic - numeric).abs();
    let verdict = match difference <= rounding + BEND * analytic.abs() {
        true => "follow_check_agrees",
        false => "follow_check_differs",
    };
    let row = move |key: &'static str, value: String, note: Option<String>| {
        view! {
            <tr>
                <th scope="row">{move || t(key)}</th>
                <td>{value}</td>
                <td>{note}</td>
            </tr>
        }
    };
    let at = |weight: f32| Some(t_with("follow_check_at", &[("weight", &number(weight))]));
    view! {
        <table class="numbers-table">
            <caption class="visually-hidden">{move || t("follow_check")}</caption>
            <tbody>
                {row("follow_check_larger", number(losses[0]), at(weights[0]))}
                {row("follow_check_smaller", number(losses[1]), at(weights[1]))}
                {row("follow_check_numeric", number(numeric), Some(format!("± {}", precise_to(rounding, 2))))}
                {row("follow_check_analytic", number(analytic), None)}
            </tbody>
        </table>
        <p class="help">{move || t(verdict)}</p>
    }
}
