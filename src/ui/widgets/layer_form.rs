//! The settings of a layer as a form, made from the catalogue's schema.

use leptos::prelude::*;
use std::rc::Rc;

use super::element::{Element, el};
use super::field::{NumberInput, Read, checkbox, row, select};
use super::icon_button;
use crate::ui::browser::event_text;
use crate::ui::fields;
use crate::ui::format;
use crate::ui::history::LayerId;
use crate::ui::state::State;
use crate::ui::text::{error_detail, t, t_or_empty, t_with};
use chalkgrad_engine::model::catalogue::{self, Setting, SettingDefault, SettingKind};

pub fn layer_form(state: State, id: LayerId) -> Element {
    let type_name = state
        .history
        .with_untracked(|history| history.draft().layer(id).map(|layer| layer.type_name.clone()))
        .unwrap_or_default();
    let settings = catalogue::find(&type_name).map(|layer_type| layer_type.schema().settings).unwrap_or_default();
    let help = format!("layer_{type_name}_help");
    let form = el("div")
        .class("layer-form")
        .child(actions(state, id))
        .child(el("p").class("help").text_fn(move || t_or_empty(&help)))
        .child(name_row(state, id))
        .children(settings.iter().map(|setting| setting_row(state, id, &type_name, setting)));
    let form = if settings.is_empty() { form.child(el("p").class("help").tr("no_settings")) } else { form };
    form.child(cost(state, id))
}

fn position(state: State, id: LayerId) -> Option<usize> {
    state.history.with(|history| history.draft().position(id))
}

/// Makes the row of the layer's name. An empty field stands for the default name, which it shows in grey.
fn name_row(state: State, id: LayerId) -> Element {
    const ROW: &str = "layer-name";
    let error = move || {
        let index = position(state, id)?;
        state.checked.with(|checked| checked.error_at(index).filter(|error| error.subject == "name").map(error_detail))
    };
    let name = move || {
        state.history.with(|history| history.draft().layer(id).and_then(|layer| layer.name.clone())).unwrap_or_default()
    };
    let automatic = move || {
        let index = position(state, id).unwrap_or_default();
        state.checked.with(|checked| checked.layers.get(index).map(|layer| layer.name.clone())).unwrap_or_default()
    };
    let input = el("input")
        .class("input")
        .id(ROW)
        .attr("type", "text")
        .attr("autocomplete", "off")
        .attr("spellcheck", "false")
        .attr("aria-describedby", &format!("{ROW}-help {ROW}-error"))
        .attr_fn("placeholder", automatic)
        .bool_attr("aria-invalid", move || error().is_some())
        .property("value", move || name().into())
        .on("input", move |event| {
            let name = Some(event_text(&event)).filter(|name| !name.is_empty());
            state.edit(|history| history.set_name(id, name));
        })
        .on("change", move |_| state.edit(|history| history.close_field()));
    row(ROW, "layer_name", "layer_name_help", Rc::new(error), vec![input])
}

/// Shows parameters, operations and memory.
fn cost(state: State, id: LayerId) -> Element {
    let text = move || {
        let batch = state.training.with(|training| training.batch_size);
        let index = position(state, id).unwrap_or_default();
        state.checked.with(|checked| {
            let Some(layer) = checked.layers.get(index) else { return String::new() };
            let memory = format::magnitude(layer.memory_bytes(batch) as f64);
            t_with(
                "cost",
                &[
                    ("params", &format::count(layer.params)),
                    ("flops", &format::magnitude(layer.flops as f64)),
                    ("memory", &memory),
                    ("batch", &batch.to_string()),
                ],
            )
        })
    };
    el("p").class("help cost").title("cost_help").text_fn(text)
}

/// Makes the buttons to move, duplicate and delete.
fn actions(state: State, id: LayerId) -> Element {
    let position = move || state.history.with(|history| history.draft().position(id));
    let is_last = move || {
        state
            .history
            .with(|history| history.draft().position(id).is_none_or(|at| at + 1 == history.draft().layers.len()))
    };
    el("div")
        .class("actions")
        .attr("role", "group")
        .label("layer_actions")
        .child(
            icon_button("move_up", "up", "Alt+↑", move || {
                state.move_selected(-1);
            })
            .flag("disabled", move || position() == Some(0)),
        )
        .child(
            icon_button("move_down", "down", "Alt+↓", move || {
                state.move_selected(1);
            })
            .flag("disabled", is_last),
        )
        .child(icon_button("duplicate", "duplicate", "", move || state.duplicate_selected()))
        .child(icon_button("delete", "delete", "Del", move || state.delete_selected()))
}

/// Setting of a layer of the draft, as text.
#[derive(Clone, Copy)]
struct Field {
    state: State,
    id: LayerId,
    setting: &'static Setting,
}

impl Field {
    fn texts(self) -> [String; 2] {
        self.state.history.with(|history| {
            history.draft().layer(self.id).map(|layer| fields::texts(self.setting, layer)).unwrap_or_default()
        })
    }

    fn set(self, texts: [&str; 2]) {
        let value = fields::value(&self.setting.kind, texts);
        self.state.edit(|history| history.set(self.id, self.setting.name, value));
    }

    fn done(self) {
        self.state.edit(|history| history.close_field());
    }

    fn error(self) -> Option<String> {
        let index = self.state.history.with(|history| history.draft().position(self.id))?;
        self.state.checked.with(|checked| {
            checked.error_at(index).filter(|error| error.subject == self.setting.name).map(error_detail)
        })
    }

    /// Makes a number field for the setting, or for one of its two numbers.
    fn number(self, row: &str, at: usize) -> Element {
        let input = NumberInput {
            id: if at == 0 { row.to_owned() } else { format!("{row}-width") },
            row: row.to_owned(),
            value: Rc::new(move || self.texts()[at].clone()),
            invalid: Rc::new(move || self.error().is_some()),
            kind: self.setting.kind,
            on_input: Rc::new(move |text| {
                let [first, second] = self.texts();
                self.set(if at == 0 { [text, &second] } else { [&first, text] });
            }),
            on_done: Rc::new(move || self.done()),
        };
        let view = input.view();
        if self.setting.default == SettingDefault::Absent { view.attr("placeholder", "auto") } else { view }
    }
}

fn setting_row(state: State, id: LayerId, type_name: &str, setting: &'static Setting) -> Element {
    let field = Field { state, id, setting };
    let name = setting.name;
    let row_id = format!("setting-{name}");
    let key: Rc<str> = fields::label_key("setting", type_name, name).into();
    let first: Read<String> = Rc::new(move || field.texts()[0].clone());
    let controls = match setting.kind {
        SettingKind::Flag => vec![checkbox(
            &row_id,
            move || first() == "true",
            move |flag| {
                field.set([if flag { "true" } else { "false" }, ""]);
                field.done();
            },
        )],
        SettingKind::Choice(choices) => vec![select(&row_id, choices, first, move |choice| {
            field.set([choice, ""]);
            field.done();
        })],
        SettingKind::Integer { .. } | SettingKind::Number { .. } | SettingKind::Text => vec![field.number(&row_id, 0)],
        SettingKind::Pair { .. } => {
            let label = |side: &'static str| {
                let key = key.clone();
                move || format!("{}: {}", t(&key), t(side))
            };
            vec![
                field.number(&row_id, 0).attr_fn("aria-label", label("height")),
                el("span").attr("aria-hidden", "true").text("×"),
                field.number(&row_id, 1).attr_fn("aria-label", label("width")),
            ]
        }
    };
    let error = Rc::new(move || field.error());
    row(&row_id, &key, &format!("{key}_help"), error, controls)
}
