//! The parts of a line: numbers, sums with their largest terms, and the largest of several numbers.

use leptos::prelude::*;

use super::amounts::{addend, adds_up, bars, digits, has_coefficients, precise, precise_to, unlisted};
use super::factor::{Factor, LineContext};
use super::trail::{FEW_TERMS, MOST_TERMS};
use crate::ui::features::inspector::math::mathml;
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::{t, t_with};
use chalkgrad_engine::protocol::explanation::{Part, PartKind, Term};

/// A part of a line's formula.
#[component]
pub fn PartView(context: LineContext, part: Part) -> impl IntoView {
    match part.kind {
        PartKind::Number => view! { <Number context part /> }.into_any(),
        _ => view! { <Terms context part /> }.into_any(),
    }
}

/// The letter of a part, as it stands in the formula.
fn letter(part: &Part) -> impl IntoView + use<> {
    view! { <span class="follow-letter" inner_html=mathml(&part.letter)></span> }
}

#[component]
fn Number(context: LineContext, part: Part) -> impl IntoView {
    let letter = letter(&part);
    let term = part.terms.into_iter().next().unwrap_or_default();
    let coefficient = (term.coefficient != 1.0 && !term.factors.is_empty())
        .then(|| view! { <span>{precise(term.coefficient)}" × "</span> });
    let content = match term.factors.is_empty() {
        true => view! { <span class="follow-value">{precise(part.value)}</span> }.into_any(),
        false => {
            let factor = |info| view! { <Factor context=context.clone() info is_named=true /> };
            term.factors.into_iter().map(factor).collect_view().into_any()
        }
    };
    view! {
        <p class="follow-number">
            {letter}
            " = "
            {coefficient}
            {content}
        </p>
    }
}

/// Table of the largest terms, of the others together, and of the total.
#[component]
fn Terms(context: LineContext, part: Part) -> impl IntoView {
    let state = use_state();
    let (at, count) = (context.at, part.count as usize);
    let (hidden, total, rest) = (unlisted(&part), part.value, part.rest);
    let (has_coefficients, adds) = (has_coefficients(&part), adds_up(&part));
    let is_exponential = part.kind == PartKind::SumOfExponentials;
    let factors = part.terms.iter().map(|term| term.factors.len()).max().unwrap_or_default();
    // A sum of numbers needs no column for products.
    let has_products = is_exponential || has_coefficients || factors > 1;
    let digits = digits(&part);
    let words = context.words();
    let heads: Vec<String> = (0..factors)
        .map(|column| {
            let mut names = part.terms.iter().filter_map(|term| term.factors.get(column)).map(|info| &info.cell.tensor);
            let first = names.next();
            match first.filter(|first| names.all(|name| name == *first)) {
                Some(name) => words.tensor(name),
                None => t("follow_factor"),
            }
        })
        .collect();
    let is_mixed: Vec<bool> = (0..factors)
        .map(|column| {
            let mut names = part.terms.iter().filter_map(|term| term.factors.get(column)).map(|info| &info.cell.tensor);
            names.next().is_some_and(|first| names.any(|name| name != first))
        })
        .collect();
    let bars = bars(&part);
    let addends: Vec<f32> = part.terms.iter().map(|term| addend(&part, term)).collect();
    let row = |((term, added), share): ((Term, f32), f64)| {
        let cells = (0..factors)
            .map(|column| {
                let factor = term.factors.get(column).cloned().map(|info| {
                    view! { <Factor context=context.clone() info is_named=is_mixed[column] digits /> }
                });
                view! { <td>{factor}</td> }
            })
            .collect_view();
        let coefficient =
            has_coefficients.then(|| view! { <td class="follow-amount">{precise_to(term.coefficient, digits)}</td> });
        let product = has_products.then(|| view! { <td class="follow-amount">{precise_to(added, digits)}</td> });
        let class = if added < 0.0 { "follow-bar negative" } else { "follow-bar" };
        view! {
            <tr>
                {coefficient}
                {cells}
                {product}
                <td aria-hidden="true" class="follow-bar-place">
                    <span class=class style:transform=format::scale_x(share)></span>
                </td>
            </tr>
        }
    };
    let letter_view = letter(&part);
    let terms = part.terms;
    let listed = terms.len();
    let is_long = listed > 2 * FEW_TERMS as usize;
    let caption = match part.kind {
        PartKind::Max => "follow_caption_max",
        PartKind::SumOfExponentials => "follow_caption_exponentials",
        PartKind::Number | PartKind::Sum => "follow_caption_sum",
    };
    let caption = t_with(caption, &[("shown", &format::count(listed)), ("count", &format::count(count))]);
    let columns = usize::from(has_coefficients) + factors;
    // The last row's value stands below the products, or below the only factor.
    let span = if has_products { columns } else { columns.saturating_sub(1) };
    let foot = move |class: &'static str, name: String, value: f32| {
        view! {
            <tr class=class>
                <th scope="row" colspan=span.max(1)>{name}</th>
                <td class="follow-amount">{precise_to(value, digits)}</td>
                <td aria-hidden="true"></td>
            </tr>
        }
    };
    let rest = (adds && hidden > 0)
        .then(|| foot("follow-rest", t_with("follow_rest", &[("count", &format::count(hidden))]), rest));
    let total_name = t(match part.kind {
        PartKind::Max => "follow_largest",
        _ => "follow_total",
    });
    let total = foot("follow-total", total_name, total);
    let more = (hidden > 0 && listed < MOST_TERMS as usize).then(|| {
        let text = match count > MOST_TERMS as usize {
            true => t_with("follow_show_most", &[("count", &format::count(MOST_TERMS as usize))]),
            false => t_with("follow_show_all", &[("count", &format::count(count))]),
        };
        view! {
            <button type="button" class="button quiet" on:click=move |_| state.show_terms(at, count)>
                {text}
            </button>
        }
    });
    let label = caption.clone();
    view! {
        <div class="follow-terms">
            <div class="scroller" class:long=is_long tabindex="0" role="group" aria-label=label>
                <table class="numbers-table">
                    <caption>
                        {letter_view}
                        " "
                        {caption}
                    </caption>
                    <thead>
                        <tr>
                            {has_coefficients.then(|| view! { <th scope="col">{t("follow_coefficient")}</th> })}
                            {heads.into_iter().map(|head| view! { <th scope="col">{head}</th> }).collect_view()}
                            {has_products
                                .then(|| {
                                    let head = if is_exponential { "follow_exponential" } else { "term_product" };
                                    view! { <th scope="col">{t(head)}</th> }
                                })}
                            <td aria-hidden="true"></td>
                        </tr>
                    </thead>
                    <tbody>{terms.into_iter().zip(addends).zip(bars).map(row).collect_view()}</tbody>
                    <tfoot>{rest} {total}</tfoot>
                </table>
            </div>
            {more}
        </div>
    }
}
