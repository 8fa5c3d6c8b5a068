//! What can be done with the selected layer, and the form of its settings, made from the catalogue's schema.

use leptos::prelude::*;

use super::IconButton;
use super::field::{NumberInput, Row, Select};
use crate::model::catalogue::{self, Setting, SettingKind};
use crate::model::spec::LayerSpec;
use crate::ui::fields;
use crate::ui::history::LayerId;
use crate::ui::state::State;
use crate::ui::text::{error_detail, t, t_or_empty, tr};

#[component]
pub fn LayerForm(id: LayerId) -> impl IntoView {
    let state = expect_context::<State>();
    let layer = Memo::new(move |_| state.history.with(|history| history.draft().layer(id).cloned()));
    let Some(type_name) = layer.with_untracked(|layer| layer.as_ref().map(|layer| layer.type_name.clone())) else {
        return ().into_any();
    };
    let settings = catalogue::find(&type_name).map(|layer_type| layer_type.settings()).unwrap_or_default();
    let rows = settings.iter().map(|setting| setting_row(state, id, layer, setting)).collect_view();
    let is_plain = settings.is_empty();
    view! {
        <div class="layer-form">
            <LayerActions id=id/>
            <p class="help">{move || t_or_empty(&format!("layer_{type_name}_help"))}</p>
            {rows}
            {is_plain.then(|| view! { <p class="help">{tr("no_settings")}</p> })}
        </div>
    }
    .into_any()
}

/// Move, duplicate, delete.
#[component]
fn LayerActions(id: LayerId) -> impl IntoView {
    let state = expect_context::<State>();
    let position = Memo::new(move |_| state.history.with(|history| history.draft().position(id)));
    let is_first = Signal::derive(move || position.get() == Some(0));
    let is_last = Signal::derive(move || {
        state.history.with(|history| position.get().is_none_or(|at| at + 1 == history.draft().layers.len()))
    });
    view! {
        <div class="actions" role="group" aria-label=tr("layer_actions")>
            <IconButton text_key="move_up" icon="up" shortcut="Alt+↑" disabled=is_first on_click=move || {
                state.move_selected(-1);
            }/>
            <IconButton text_key="move_down" icon="down" shortcut="Alt+↓" disabled=is_last on_click=move || {
                state.move_selected(1);
            }/>
            <IconButton text_key="duplicate" icon="duplicate" disabled=false on_click=move || state.duplicate_selected()/>
            <IconButton text_key="delete" icon="delete" shortcut="Del" disabled=false on_click=move || state.delete_selected()/>
        </div>
    }
    .into_any()
}

fn setting_row(
    state: State,
    id: LayerId,
    layer: Memo<Option<LayerSpec>>,
    setting: &'static Setting,
) -> impl IntoView + use<> {
    let name = setting.name;
    let row = format!("setting-{name}");
    let shown = Memo::new(move |_| {
        layer.with(|layer| layer.as_ref().map(|layer| fields::texts(setting, layer)).unwrap_or_default())
    });
    let first = Signal::derive(move || shown.with(|texts| texts[0].clone()));
    let second = Signal::derive(move || shown.with(|texts| texts[1].clone()));
    let error = Signal::derive(move || {
        let index = state.history.with(|history| history.draft().position(id))?;
        state.checked.with(|checked| checked.error_at(index).filter(|error| error.subject == name).map(error_detail))
    });
    let invalid = Signal::derive(move || error.with(Option::is_some));
    let set = move |texts: [&str; 2]| {
        let value = fields::value(&setting.kind, texts);
        state.history.update(|history| history.set(id, name, value));
    };
    let done = move || state.history.update(|history| history.close_field());
    let placeholder = (setting.default == catalogue::SettingDefault::Absent).then(|| "auto".to_owned());
    let control = match setting.kind {
        SettingKind::Flag => view! {
            <input
                class="checkbox"
                type="checkbox"
                id=row.clone()
                aria-describedby=format!("{row}-help")
                prop:checked=Signal::derive(move || first.with(|text| text == "true"))
                on:change=move |event| {
                    set([if event_target_checked(&event) { "true" } else { "false" }, ""]);
                    done();
                }
            />
        }
        .into_any(),
        SettingKind::Choice(choices) => view! {
            <Select id=row.clone() row=row.clone() choices=choices.to_vec() value=first on_choice=move |choice| {
                set([&choice, ""]);
                done();
            }/>
        }
        .into_any(),
        SettingKind::Integer { .. } | SettingKind::Number { .. } => view! {
            <NumberInput id=row.clone() row=row.clone() value=first invalid=invalid kind=setting.kind
                placeholder=placeholder on_input=move |text: String| set([&text, ""]) on_done=done/>
        }
        .into_any(),
        SettingKind::Pair { .. } | SettingKind::OptionalPair { .. } => {
            let label = format!("setting_{name}");
            let width_label = label.clone();
            let height = Signal::derive(move || format!("{}: {}", t(&label), t("height")));
            let width = Signal::derive(move || format!("{}: {}", t(&width_label), t("width")));
            view! {
                <NumberInput id=row.clone() row=row.clone() value=first invalid=invalid kind=setting.kind name=height
                    placeholder=placeholder.clone()
                    on_input=move |text: String| second.with_untracked(|second| set([&text, second])) on_done=done/>
                <span aria-hidden="true">"×"</span>
                <NumberInput id=format!("{row}-width") row=row.clone() value=second invalid=invalid kind=setting.kind
                    name=width placeholder=placeholder
                    on_input=move |text: String| first.with_untracked(|first| set([first, &text])) on_done=done/>
            }
            .into_any()
        }
    };
    view! {
        <Row id=row label=format!("setting_{name}") help=format!("setting_{name}_help") error=error>
            {control}
        </Row>
    }
}
