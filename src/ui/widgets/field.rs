//! Rows of a form: a label, a control, help, and the error of the value.

use std::rc::Rc;

use wasm_bindgen::JsCast;

use super::element::{Element, el};
use crate::ui::browser::{event_checked, event_text};
use crate::ui::fields::stepped;
use crate::ui::format;
use crate::ui::text::{t, t_or_empty};
use chalkgrad_engine::model::catalogue::SettingKind;

/// Value that a field shows, read reactively.
pub type Read<T> = Rc<dyn Fn() -> T>;

/// Makes one row. `id` is the control's; the row's help and error are tied to it as `<id>-help` and `<id>-error`.
/// `label` and `help` are keys of texts.
pub fn row(id: &str, label: &str, help: &str, error: Read<Option<String>>, controls: Vec<Element>) -> Element {
    let (label, help): (Rc<str>, Rc<str>) = (label.into(), help.into());
    let title = help.clone();
    let is_right = error.clone();
    el("div")
        .class("row")
        .attr_fn("title", move || t_or_empty(&title))
        .child(el("label").attr("for", id).text_fn(move || t(&label)))
        .child(el("div").class("row-controls").children(controls))
        .child(el("span").class("visually-hidden").id(&format!("{id}-help")).text_fn(move || t_or_empty(&help)))
        .child(
            el("p")
                .class("row-error")
                .id(&format!("{id}-error"))
                .attr("role", "alert")
                .flag("hidden", move || is_right().is_none())
                .text_fn(move || error().unwrap_or_default()),
        )
}

fn described_by(row: &str) -> String {
    format!("{row}-help {row}-error")
}

/// Text field for a number. Arrow keys step it. Every change is reported at once, and `on_done` when the number is
/// complete.
pub struct NumberInput {
    pub id: String,
    /// Id of the row, for help and error.
    pub row: String,
    pub value: Read<String>,
    pub invalid: Read<bool>,
    pub kind: SettingKind,
    pub on_input: Rc<dyn Fn(&str)>,
    pub on_done: Rc<dyn Fn()>,
}

impl NumberInput {
    pub fn view(self) -> Element {
        let Self { id, row, value, invalid, kind, on_input, on_done } = self;
        let shown = value.clone();
        let on_step = on_input.clone();
        el("input")
            .class("input number")
            .id(&id)
            .attr("type", "text")
            .attr("role", "spinbutton")
            .attr_option("aria-valuenow", move || plain_number(&shown()))
            .attr("inputmode", "decimal")
            .attr("autocomplete", "off")
            .attr("spellcheck", "false")
            .attr("aria-describedby", &described_by(&row))
            .bool_attr("aria-invalid", move || invalid())
            .property("value", move || value().into())
            .on("input", move |event| on_input(&event_text(&event)))
            .on("change", move |_| on_done())
            .on("keydown", move |event| {
                let key: &web_sys::KeyboardEvent = event.unchecked_ref();
                let up = match key.key().as_str() {
                    "ArrowUp" => true,
                    "ArrowDown" => false,
                    _ => return,
                };
                if key.alt_key() || key.ctrl_key() || key.meta_key() {
                    return;
                }
                if let Some(text) = stepped(&kind, &event_text(&event), up) {
                    event.prevent_default();
                    on_step(&text);
                }
            })
    }
}

/// Formats a number without an exponent, which an attribute may not have; `None` if the text is not a number.
fn plain_number(text: &str) -> Option<String> {
    const DECIMALS: u8 = 12;
    let number = format::parse(text)?;
    Some(if text.contains(['e', 'E']) { format::fixed(number, DECIMALS) } else { text.trim().to_owned() })
}

/// Makes a choice between a few words. A word without a text of its own (`relu`) is shown as it is.
pub fn select(id: &str, choices: &[&'static str], value: Read<String>, on_choice: impl Fn(&str) + 'static) -> Element {
    let options = choices.iter().map(|choice| {
        let choice = *choice;
        let value = value.clone();
        el("option").attr("value", choice).flag("selected", move || value() == choice).text_fn(move || {
            let text = t_or_empty(&format!("choice_{choice}"));
            if text.is_empty() { choice.to_owned() } else { text }
        })
    });
    let shown = value.clone();
    el("select")
        .class("input")
        .id(id)
        .attr("aria-describedby", &described_by(id))
        .children(options)
        .property("value", move || shown().into())
        .on("change", move |event| on_choice(&event_text(&event)))
}

pub fn checkbox(id: &str, value: impl Fn() -> bool + 'static, on_change: impl Fn(bool) + 'static) -> Element {
    el("input")
        .class("checkbox")
        .attr("type", "checkbox")
        .id(id)
        .attr("aria-describedby", &format!("{id}-help"))
        .property("checked", move || value().into())
        .on("change", move |event| on_change(event_checked(&event)))
}
