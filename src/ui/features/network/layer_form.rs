//! The settings of a layer as a form, made from the catalogue's schema.

use leptos::prelude::*;

use super::inputs_form::InputsRows;
use crate::ui::browser::event_text;
use crate::ui::components::form::{CheckboxField, FormRow, NumberField, PairField, SelectField};
use crate::ui::components::icon_button::IconButton;
use crate::ui::features::network::history::LayerId;
use crate::ui::fields;
use crate::ui::format;
use crate::ui::state::{State, use_state};
use crate::ui::text::{error_title, t, t_or_empty, t_with};
use chalkgrad_engine::model::catalogue::{self, Setting, SettingDefault, SettingKind};
use chalkgrad_engine::model::spec::{LayerSpec, SettingValue};

/// Form with the settings of a layer.
#[component]
pub fn LayerForm(id: LayerId) -> impl IntoView {
    let state = use_state();
    let type_name = state
        .network
        .history()
        .with_untracked(|history| history.draft().layer(id).map(|layer| layer.type_name.clone()))
        .unwrap_or_default();
    let settings = catalogue::find(&type_name).map(|layer_type| layer_type.schema().settings).unwrap_or_default();
    let help = format!("layer_{type_name}_help");
    let rows =
        settings.iter().map(|setting| view! { <SettingRow id type_name=type_name.clone() setting outer=None /> });
    view! {
        <div class="layer-form">
            <Actions id />
            <p class="help">{move || t_or_empty(&help)}</p>
            <NameRow id />
            <InputsRows id />
            {rows.collect_view()}
            {settings.is_empty().then(|| view! { <p class="help">{move || t("no_settings")}</p> })}
            <Cost id />
        </div>
    }
}

pub fn position(state: State, id: LayerId) -> Option<usize> {
    state.network.history().with(|history| history.draft().position(id))
}

/// Returns the title of a fault in this setting of a layer. The sentence stands beside the cards.
pub fn fault(state: State, id: LayerId, setting: &str) -> Option<String> {
    let index = position(state, id)?;
    state.network.checked().with(|checked| {
        checked.error_at(index).filter(|error| error.subject == setting).map(|error| error_title(error.code))
    })
}

/// Row of the layer's name. An empty field stands for the default name, which it shows in grey.
#[component]
fn NameRow(id: LayerId) -> impl IntoView {
    const ROW: &str = "layer-name";
    let state = use_state();
    let error = Memo::new(move |_| fault(state, id, "name"));
    let name = move || {
        state
            .network
            .history()
            .with(|history| history.draft().layer(id).and_then(|layer| layer.name.clone()))
            .unwrap_or_default()
    };
    let automatic = move || {
        let index = position(state, id).unwrap_or_default();
        state
            .network
            .checked()
            .with(|checked| checked.layers.get(index).map(|layer| layer.name.clone()))
            .unwrap_or_default()
    };
    let set = move |event: web_sys::Event| {
        let name = Some(event_text(&event)).filter(|name| !name.is_empty());
        state.edit(|history| history.set_name(id, name));
    };
    view! {
        <FormRow id=ROW label="layer_name" help="layer_name_help" error>
            <input
                class="input"
                id=ROW
                type="text"
                autocomplete="off"
                spellcheck="false"
                aria-describedby=format!("{ROW}-help {ROW}-error")
                placeholder=automatic
                aria-invalid=move || error.with(Option::is_some).to_string()
                prop:value=name
                on:input=set
                on:change=move |_| state.edit(|history| history.close_field())
            />
        </FormRow>
    }
}

/// Parameters, operations and memory of a layer.
#[component]
fn Cost(id: LayerId) -> impl IntoView {
    let state = use_state();
    let text = move || {
        let batch = state.engine.training().with(|training| training.batch_size);
        let index = position(state, id).unwrap_or_default();
        state.network.checked().with(|checked| {
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
    view! {
        <p class="help cost" title=move || t("cost_help")>
            {text}
        </p>
    }
}

/// Buttons to move, duplicate and delete a layer.
#[component]
fn Actions(id: LayerId) -> impl IntoView {
    let state = use_state();
    let is_first = Signal::derive(move || position(state, id) == Some(0));
    let is_last = Signal::derive(move || {
        state
            .network
            .history()
            .with(|history| history.draft().position(id).is_none_or(|at| at + 1 == history.draft().layers.len()))
    });
    let move_by = move |places: isize| {
        state.move_selected(places);
    };
    view! {
        <div class="actions" role="group" aria-label=move || t("layer_actions")>
            <IconButton text="move_up" icon="up" shortcut="Alt+↑" disabled=is_first on_click=move || move_by(-1) />
            <IconButton text="move_down" icon="down" shortcut="Alt+↓" disabled=is_last on_click=move || move_by(1) />
            <IconButton text="duplicate" icon="duplicate" on_click=move || state.duplicate_selected() />
            <IconButton text="delete" icon="delete" shortcut="Del" on_click=move || state.delete_selected() />
        </div>
    }
}

/// Setting of a layer of the draft, as text.
#[derive(Clone, Copy)]
struct SettingText {
    state: State,
    id: LayerId,
    setting: &'static Setting,
    /// The setting that holds the layer whose setting this is, if that lies inside another.
    outer: Option<&'static Setting>,
}

impl SettingText {
    fn get(self) -> [String; 2] {
        self.state.network.history().with(|history| {
            let layer = history.draft().layer(self.id);
            let layer = match self.outer {
                Some(outer) => layer.and_then(|layer| inner(layer, outer)),
                None => layer,
            };
            layer.map(|layer| fields::texts(self.setting, layer)).unwrap_or_default()
        })
    }

    fn set(self, first: &str, second: &str) {
        let value = fields::value(&self.setting.kind, [first, second]);
        self.state.edit(|history| {
            let Some(outer) = self.outer else { return history.set(self.id, self.setting.name, value) };
            let layer = history.draft().layer(self.id).and_then(|layer| inner(layer, outer)).cloned();
            let Some(mut layer) = layer else { return };
            match value {
                Some(value) => layer.settings.insert(self.setting.name.to_owned(), value),
                None => layer.settings.remove(self.setting.name),
            };
            history.set(self.id, outer.name, Some(layer.into()));
        });
    }

    fn choose(self, text: &str) {
        self.set(text, "");
        self.done();
    }

    fn done(self) {
        self.state.edit(|history| history.close_field());
    }

    /// Returns true if the texts are a value of the setting, so that typing is complete.
    fn accepts(self, first: &str, second: &str) -> bool {
        fields::value(&self.setting.kind, [first, second]).is_some_and(|value| self.setting.check(&value).is_ok())
    }
}

/// Returns the layer inside another one.
fn inner<'a>(layer: &'a LayerSpec, outer: &Setting) -> Option<&'a LayerSpec> {
    match layer.settings.get(outer.name) {
        Some(SettingValue::Layer(layer)) => Some(layer),
        _ => None,
    }
}

/// Rows of the settings of a layer inside another, of this type.
fn inner_rows(id: LayerId, type_name: &str, outer: &'static Setting) -> AnyView {
    let settings = catalogue::find(type_name).map(|found| found.schema().settings).unwrap_or_default();
    // The outer layer says which way it goes.
    let settings = settings.iter().filter(|setting| setting.name != "goBackwards");
    let type_name = type_name.to_owned();
    let row = move |setting: &'static Setting| {
        view! { <SettingRow id type_name=type_name.clone() setting outer=Some(outer) /> }.into_any()
    };
    settings.map(row).collect_view().into_any()
}

#[component]
fn SettingRow(
    id: LayerId,
    type_name: String,
    setting: &'static Setting,
    outer: Option<&'static Setting>,
) -> impl IntoView {
    let state = use_state();
    let text = SettingText { state, id, setting, outer };
    let name = setting.name;
    let row = format!("setting-{name}");
    let label = fields::label_key("setting", &type_name, name);
    let values = Memo::new(move |_| text.get());
    let first = Signal::derive(move || values.with(|[first, _]| first.clone()));
    let error = Memo::new(move |_| fault(state, id, name));
    let invalid = Signal::derive(move || error.with(Option::is_some));
    let placeholder = if setting.default == SettingDefault::Absent { "auto" } else { "" };
    let on_done = Callback::new(move |()| text.done());
    let control = match setting.kind {
        SettingKind::Flag => {
            let set = Callback::new(move |flag: bool| text.choose(if flag { "true" } else { "false" }));
            let value = Signal::derive(move || first.get() == "true");
            view! { <CheckboxField id=row.clone() value on_change=set /> }.into_any()
        }
        SettingKind::Choice(choices) | SettingKind::Layer(choices) => {
            let choose = Callback::new(move |choice: String| text.choose(&choice));
            view! { <SelectField id=row.clone() choices=choices.to_vec() value=first on_choice=choose /> }.into_any()
        }
        kind @ (SettingKind::Integer { .. }
        | SettingKind::Integers { .. }
        | SettingKind::Number { .. }
        | SettingKind::Range { .. }
        | SettingKind::Sides { .. }
        | SettingKind::Text) => view! {
            <NumberField
                id=row.clone()
                value=first
                invalid
                kind
                placeholder
                accepts=Callback::new(move |typed: String| text.accepts(&typed, ""))
                on_input=Callback::new(move |typed: String| text.set(&typed, ""))
                on_done
            />
        }
        .into_any(),
        kind @ SettingKind::Pair { .. } => {
            // Kernels have odd sides, so that they have a middle.
            let steps = if name == "kernelSize" { 2 } else { 1 };
            view! {
                <PairField
                    id=row.clone()
                    label=label.clone()
                    values
                    invalid
                    kind
                    steps
                    placeholder
                    accepts=Callback::new(move |[height, width]: [String; 2]| text.accepts(&height, &width))
                    on_input=Callback::new(move |[height, width]: [String; 2]| text.set(&height, &width))
                    on_done
                />
            }
            .into_any()
        }
    };
    let help = format!("{label}_help");
    let is_layer = matches!(setting.kind, SettingKind::Layer(_));
    view! {
        <FormRow id=row label help error>
            {control}
        </FormRow>
        {is_layer.then_some(move || inner_rows(id, &first.get(), setting))}
    }
}
