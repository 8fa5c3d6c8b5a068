//! Edits that repair a model, one click each.

use super::element::{Element, button, el};
use super::icon::icon;
use super::place;
use crate::ui::history::History;
use crate::ui::state::{CLASSES, State};
use crate::ui::text::{t, t_with};
use chalkgrad_engine::error::Error;
use chalkgrad_engine::model::quick_fixes::{Fix, quick_fixes};
use leptos::prelude::*;

/// Makes the buttons for the fixes of an error.
pub fn fix_buttons(state: State, error: &Error) -> Element {
    let model = state.history.with_untracked(History::spec);
    let name = |at: usize| model.layers.get(at).map(|layer| layer.type_name.clone()).unwrap_or_default();
    let buttons = quick_fixes(&model, error, CLASSES).into_iter().map(|fix| {
        let (text, values) = match &fix {
            Fix::Insert { index, layers } => {
                let names: Vec<&str> = layers.iter().map(|layer| layer.type_name.as_str()).collect();
                let key = if *index >= model.layers.len() { "fix_append" } else { "fix_insert" };
                (key, vec![("layer", names.join(" + "))])
            }
            Fix::Set { setting, value: Some(value), .. } => {
                ("fix_set", vec![("setting", setting.clone()), ("value", value.to_string())])
            }
            Fix::Set { setting, value: None, .. } => ("fix_unset", vec![("setting", setting.clone())]),
            Fix::Unname { .. } => ("fix_unname", Vec::new()),
            Fix::Move { index, to } => ("fix_move", vec![("layer", name(*index)), ("place", (to + 1).to_string())]),
            Fix::Remove { index } => ("fix_remove", vec![("layer", name(*index))]),
        };
        let text = move || {
            let values: Vec<(&str, String)> = values
                .iter()
                .map(|(name, value)| {
                    let value = if *name == "setting" { t(&format!("setting_{value}")) } else { value.clone() };
                    (*name, value)
                })
                .collect();
            let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            t_with(text, &values)
        };
        button("button quiet fix", move || state.edit(|history| history.apply(&fix)))
            .child(icon("fix"))
            .child(el("span").text_fn(text))
    });
    place().child(el("span").class("fixes").children(buttons))
}
