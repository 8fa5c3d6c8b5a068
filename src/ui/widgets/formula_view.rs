//! A layer's formulas, for views that are not components yet.

use super::element::Element;
use super::place;
use crate::ui::features::inspector::formula::FormulaView;
use crate::ui::history::LayerId;
use crate::ui::state::State;
use leptos::prelude::*;

pub fn formula_view(_: State, id: LayerId) -> Element {
    place().view(view! { <FormulaView id /> })
}
