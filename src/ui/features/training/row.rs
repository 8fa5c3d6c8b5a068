//! The row of a setting.

use chalkgrad_engine::error::{Error, Result};
use chalkgrad_engine::model::settings::{SettingDefault, SettingKind};
use chalkgrad_engine::model::spec::{SettingValue, TrainingConfig};
use leptos::prelude::*;

use super::rate_slider::RateSlider;
use crate::ui::components::form::{CheckboxField, FormRow, NumberField, SelectField};
use crate::ui::features::training::fields::TrainingRow;
use crate::ui::state::{State, use_state};
use crate::ui::text::{error_detail, t};

#[component]
pub fn SettingRows(rows: Vec<TrainingRow>) -> impl IntoView {
    rows.into_iter().map(|row| view! { <SettingRow row /> }).collect_view()
}

#[component]
fn SettingRow(row: TrainingRow) -> impl IntoView {
    let state = use_state();
    let setting = row.setting();
    let (id, label) = (format!("training-{}", setting.name), format!("training_{}", setting.name));
    let set = move |value: SettingValue| {
        if let Ok(changed) = state.engine.training().with_untracked(|training| row.with(training, Some(value))) {
            state.set_training(changed);
        }
    };
    let error = Signal::derive(move || fault(state, row).map(|error| fault_text(row, &error)));
    let control = match setting.kind {
        SettingKind::Flag => {
            let is_on =
                move || state.engine.training().with(|training| row.get(training) == Some(SettingValue::Flag(true)));
            let change = move |is_on: bool| set(SettingValue::Flag(is_on));
            view! {
                <CheckboxField id=id.clone() value=Signal::derive(is_on) on_change=Callback::new(change) />
            }
            .into_any()
        }
        SettingKind::Choice(words) => {
            let word = move || state.engine.training().with(|training| row.text(training));
            let choose = move |word: String| set(word.as_str().into());
            view! {
                <SelectField
                    id=id.clone()
                    choices=words.to_vec()
                    value=Signal::derive(word)
                    on_choice=Callback::new(choose)
                />
            }
            .into_any()
        }
        SettingKind::Integer { .. }
        | SettingKind::Integers { .. }
        | SettingKind::Number { .. }
        | SettingKind::Pair { .. }
        | SettingKind::Range { .. }
        | SettingKind::Sides { .. }
        | SettingKind::Layer(_)
        | SettingKind::Text => {
            let is_rate = setting.name == "learningRate";
            view! {
                {is_rate.then(|| view! { <RateSlider row /> })}
                <TextControl row id=id.clone() />
            }
            .into_any()
        }
    };
    view! {
        <FormRow id=id label=label.clone() help=format!("{label}_help") error>
            {control}
        </FormRow>
    }
}

/// Field of a number. A text that is not accepted stays in the field; it is sent while it is valid.
#[component]
fn TextControl(row: TrainingRow, id: String) -> impl IntoView {
    let state = use_state();
    let setting = row.setting();
    let value = move || {
        state.form.typed(setting.name).unwrap_or_else(|| state.engine.training().with(|training| row.text(training)))
    };
    let on_input = move |text: String| {
        let config = untrack(|| read(state, row, &text));
        state.form.keep(setting.name, text);
        if let Ok(config) = config {
            state.set_training(config);
        }
    };
    let on_done = move |()| {
        if untrack(|| fault(state, row)).is_none() {
            state.form.forget(setting.name);
        }
    };
    let placeholder = if setting.default == SettingDefault::Absent { "–" } else { "" };
    view! {
        <NumberField
            id=id
            value=Signal::derive(value)
            invalid=Signal::derive(move || fault(state, row).is_some())
            kind=setting.kind
            placeholder
            accepts=Callback::new(move |text: String| untrack(|| read(state, row, &text)).is_ok())
            on_input=Callback::new(on_input)
            on_done=Callback::new(on_done)
        />
    }
}

/// Returns what is wrong with the text in a field.
fn fault(state: State, row: TrainingRow) -> Option<Error> {
    read(state, row, &state.form.typed(row.setting().name)?).err()
}

pub fn read(state: State, row: TrainingRow, text: &str) -> Result<TrainingConfig> {
    let images = available_images(state);
    state.engine.training().with(|training| row.read(training, text, images))
}

/// Returns the number of images available for training; the size of the whole set while it is still arriving.
fn available_images(state: State) -> usize {
    state
        .engine
        .data()
        .with(|data| if data.complete { data.train_images as usize } else { state.dataset().train_total })
}

/// Describes a fault; that of another setting with its name.
fn fault_text(row: TrainingRow, error: &Error) -> String {
    let detail = error_detail(error);
    if error.subject == row.setting().name {
        detail
    } else {
        format!("{}: {detail}", t(&format!("training_{}", error.subject)))
    }
}
