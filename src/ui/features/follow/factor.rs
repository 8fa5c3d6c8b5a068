//! A number in a line, as the button that follows it.

use std::sync::Arc;

use leptos::prelude::*;

use super::amounts::precise_to;
use super::names::Words;
use crate::ui::state::use_state;
use crate::ui::stores::follow::Followed;
use crate::ui::text::{locale, t_with};
use chalkgrad_engine::protocol::explanation::{Cell, CellInfo};

/// The common part of the views of a line.
#[derive(Clone)]
pub struct LineContext {
    /// Index of the line.
    pub at: usize,
    pub step: Arc<Followed>,
    /// The number that is followed from the line.
    pub followed: Memo<Option<Cell>>,
}

impl LineContext {
    /// Returns the weight and the index of a gradient that finite differences can check: the whole one of a trained weight.
    pub fn checked(&self, info: &CellInfo) -> Option<(String, u32)> {
        let shards = self.step.info()?.shards;
        let parameter = info.cell.tensor.strip_prefix("grad ").filter(|name| self.step.known.is_weight(name))?;
        let is_whole = info.cell.shard.is_none() || shards == 1;
        is_whole.then(|| (parameter.to_owned(), info.cell.index))
    }

    /// Returns words for numbers, in the language of the page, which the surrounding view follows.
    pub fn words(&self) -> Words<'_> {
        let info = self.step.info();
        Words {
            locale: locale(),
            known: &self.step.known,
            shards: info.map_or(1, |info| info.shards),
            is_of_step: info.is_some(),
        }
    }
}

/// Button that follows a number; a mere number if it belongs to no tensor.
#[component]
pub fn Factor(
    context: LineContext,
    info: CellInfo,
    /// The tensor's name is in it, else only the place.
    #[prop(optional)]
    is_named: bool,
    /// Significant digits of the value.
    #[prop(default = 6)]
    digits: i32,
) -> impl IntoView {
    let state = use_state();
    let value = precise_to(info.value, digits);
    if info.cell.tensor.is_empty() {
        return view! { <span class="follow-value">{value}</span> }.into_any();
    }
    let words = context.words();
    let name = words.cell(&info);
    let short = if is_named { name.clone() } else { short_place(&info) };
    let label = t_with("follow_this", &[("name", &name), ("value", &value)]);
    let (at, followed) = (context.at, context.followed);
    let (cell, own) = (info.cell.clone(), info.cell);
    view! {
        <button
            type="button"
            class="follow-factor"
            aria-label=label
            aria-pressed=move || followed.with(|followed| followed.as_ref() == Some(&own)).to_string()
            on:click=move |_| state.follow_from(at, cell.clone())
        >
            <span class="follow-place">{short}</span>
            <span class="follow-value">{value}</span>
        </button>
    }
    .into_any()
}

/// Writes a place in a few characters: `#2 3, 4, 0` for a number of example 2.
fn short_place(info: &CellInfo) -> String {
    let place = info.place.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    match info.example {
        Some(example) => format!("#{example} {place}"),
        None => place,
    }
}
