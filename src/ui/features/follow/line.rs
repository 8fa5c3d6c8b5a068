//! A line of the trail: a number, its formula with letters and with numbers, and its parts.

use std::sync::Arc;

use leptos::prelude::*;

use super::check_view::CheckView;
use super::factor::LineContext;
use super::map_view::MapView;
use super::names::BATCH_INPUT;
use super::parts::PartView;
use super::requests::line_id;
use super::trail::Line;
use crate::ui::browser::scroll_to;
use crate::ui::features::inspector::math::mathml_parts;
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::stores::follow::Followed;
use crate::ui::text::{locale, t, t_with};
use chalkgrad_engine::protocol::explanation::Origin;

#[component]
pub fn LineView(at: usize, line: Line, step: Arc<Followed>) -> impl IntoView {
    let state = use_state();
    let is_current = Memo::new(move |_| state.follow.current().get() == at);
    let followed = Memo::new(move |_| state.follow.trail().with(|trail| trail.followed(at).cloned()));
    let context = LineContext { at, step, followed };
    Effect::new(move |before: Option<bool>| {
        let is_shown = is_current.get() && state.follow.is_playing().get();
        if is_shown && before == Some(false) {
            scroll_to(&line_id(at));
        }
        is_shown
    });
    // Made again in another language.
    let content = move || {
        locale();
        untrack(|| content(&context, &line))
    };
    view! {
        <li
            class="follow-line"
            class:current=is_current
            aria-current=move || is_current.get().then_some("step")
            on:focusin=move |_| state.follow.look_at(at)
            on:pointerdown=move |_| state.follow.look_at(at)
        >
            {content}
        </li>
    }
}

fn content(context: &LineContext, line: &Line) -> impl IntoView + use<> {
    let explanation = &line.explanation;
    let words = context.words();
    let name = words.cell(&explanation.cell);
    let id = line_id(context.at);
    // A letter alone says no more than its part below.
    let has_formula = explanation.formula.chars().count() > 1;
    let formula = has_formula.then(|| {
        let numbers = format!("= {} = {}", explanation.numbers, format::value(explanation.cell.value));
        view! {
            <div class="formulas" role="group" tabindex="0" aria-label=t("follow_formula")>
                <div class="formula" inner_html=mathml_parts(&explanation.formula).concat()></div>
                <div class="formula" inner_html=mathml_parts(&numbers).concat()></div>
            </div>
        }
    });
    let origin = (explanation.origin != Origin::Computed)
        .then(|| view! { <p class="follow-origin">{words.origin(explanation.origin)}</p> });
    let parts = explanation.parts.iter().cloned();
    let parts = parts.map(|part| view! { <PartView context=context.clone() part /> }).collect_view();
    let map_id = |number: usize| format!("{id}-map-{number}");
    let maps = explanation.maps.iter().cloned().enumerate();
    let maps =
        maps.map(|(number, map)| view! { <MapView context=context.clone() map id=map_id(number) /> }).collect_view();
    let check = context.checked(&explanation.cell).map(|(parameter, index)| view! { <CheckView parameter index /> });
    let word = word(line).map(|word| view! { <p class="help">{t_with("follow_word", &[("word", &word)])}</p> });
    view! {
        <h3 id=id.clone() tabindex="-1">
            <span>{name}</span>
            " = "
            <strong>{format::value(explanation.cell.value)}</strong>
        </h3>
        <p class="visually-hidden">{words.sentence(explanation)}</p>
        {origin}
        {word}
        {formula}
        {check}
        <div class="follow-content">
            <div class="follow-parts">{parts}</div>
            <div class="follow-maps">{maps}</div>
        </div>
    }
}

/// Returns the word of a token that is a line's number.
fn word(line: &Line) -> Option<String> {
    let info = &line.explanation.cell;
    if info.cell.tensor != BATCH_INPUT {
        return None;
    }
    use_state().follow.words().with_untracked(|words| words.get(info.value as usize).cloned())
}
