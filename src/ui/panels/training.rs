//! How the network is trained.

use leptos::prelude::*;
use std::rc::Rc;

use crate::ui::state::State;
use crate::ui::text::{error_detail, t};
use crate::ui::training_fields::{Choice, TrainingRow, group_rows};
use crate::ui::widgets::element::{Element, el};
use crate::ui::widgets::field::{NumberInput, Read, checkbox, row, select};
use crate::ui::widgets::{panel_header, place};
use chalkgrad_engine::error::{Error, Result};
use chalkgrad_engine::model::losses::Loss;
use chalkgrad_engine::model::optimizers::Optimizer;
use chalkgrad_engine::model::schedules::Schedule;
use chalkgrad_engine::model::settings::{SettingDefault, SettingKind};
use chalkgrad_engine::model::spec::{SettingValue, TrainingConfig};
use chalkgrad_engine::model::training::Group;

pub fn training_panel(state: State) -> Element {
    let step = group("group_step")
        .child(choice::<dyn Optimizer>(state))
        .child(choice::<dyn Schedule>(state))
        .child(rows(state, group_rows(Group::Step)));
    let data = group("group_data").child(rows(state, group_rows(Group::Data))).child(choice::<dyn Loss>(state));
    let end =
        group("group_end").child(rows(state, group_rows(Group::End))).child(hidden_row(state)).child(speed_row(state));
    el("section")
        .class("panel training")
        .attr("aria-labelledby", "training-title")
        .child(panel_header("training-title", "training"))
        .child(el("div").class("form").child(step).child(data).child(end))
}

/// Makes the row that chooses an entry of a catalogue, and the rows of the entry's settings.
fn choice<C: Choice + ?Sized>(state: State) -> Element {
    let type_name = move || state.training.with(|training| C::of(training).type_name().to_owned());
    let choose = move |type_name: &str| change(state, |config| C::choose(config, type_name));
    let id = format!("training-{}", C::LABEL);
    let input = select(&id, &C::type_names(), Rc::new(type_name), choose);
    // The rows depend on the type only, not on every change of a number.
    let settings = place().switch(type_name, move |type_name| Some(rows(state, C::rows(type_name))));
    place().child(row(&id, C::LABEL, &format!("{}_help", C::LABEL), no_error(), vec![input])).child(settings)
}

/// Makes a group of rows under a heading.
fn group(key: &'static str) -> Element {
    el("fieldset").class("form-group").child(el("legend").tr(key))
}

fn rows(state: State, rows: Vec<TrainingRow>) -> Element {
    place().children(rows.into_iter().map(|row| setting_row(state, row)))
}

/// Makes the row for pausing runs while the page is hidden.
fn hidden_row(state: State) -> Element {
    let toggle = move |is_on: bool| state.set_pauses_hidden(is_on);
    let input = checkbox("training-hidden", move || state.pauses_hidden.get(), toggle);
    row("training-hidden", "pause_hidden", "pause_hidden_help", no_error(), vec![input])
}

/// Delays after each step in ms, by name.
const SPEEDS: [(&str, u32); 4] = [("full_speed", 0), ("ten_steps", 100), ("two_steps", 500), ("slow_steps", 2_000)];

/// Makes the row for the speed of training; at a slow speed every number can be followed.
fn speed_row(state: State) -> Element {
    let speed = move || {
        let step_delay_ms = state.step_delay_ms.get();
        SPEEDS.iter().find(|(_, known)| *known == step_delay_ms).map(|(name, _)| (*name).to_owned()).unwrap_or_default()
    };
    let choose = move |name: &str| {
        if let Some((_, step_delay_ms)) = SPEEDS.iter().find(|(known, _)| *known == name) {
            state.set_step_delay(*step_delay_ms);
        }
    };
    let input = select("training-speed", &SPEEDS.map(|(name, _)| name), Rc::new(speed), choose);
    row("training-speed", "speed", "speed_help", no_error(), vec![input])
}

fn no_error() -> Read<Option<String>> {
    Rc::new(|| None)
}

fn change(state: State, change: impl FnOnce(&mut TrainingConfig)) {
    let mut config = state.training.get_untracked();
    change(&mut config);
    state.set_training(config);
}

/// Returns the text in a field that has not been accepted yet.
fn typed(state: State, name: &str) -> Option<String> {
    state.typed.with(|typed| typed.iter().find(|(other, _)| *other == name).map(|(_, text)| text.clone()))
}

/// Returns what is wrong with the text in a field.
fn fault(state: State, row: TrainingRow) -> Option<Error> {
    read(state, row, &typed(state, row.setting().name)?).err()
}

fn read(state: State, row: TrainingRow, text: &str) -> Result<TrainingConfig> {
    let images = available_images(state);
    state.training.with(|training| row.read(training, text, images))
}

/// Makes the row of a setting.
fn setting_row(state: State, row: TrainingRow) -> Element {
    let setting = row.setting();
    let id = format!("training-{}", setting.name);
    let set = move |value: SettingValue| {
        let changed = state.training.with_untracked(|training| row.with(training, Some(value)));
        if let Ok(changed) = changed {
            state.set_training(changed);
        }
    };
    let (input, error): (Element, Read<Option<String>>) = match setting.kind {
        SettingKind::Flag => {
            let is_on = move || state.training.with(|training| row.get(training) == Some(SettingValue::Flag(true)));
            (checkbox(&id, is_on, move |is_on| set(SettingValue::Flag(is_on))), no_error())
        }
        SettingKind::Choice(words) => {
            let word = move || state.training.with(|training| row.text(training));
            (select(&id, words, Rc::new(word), move |word| set(word.into())), no_error())
        }
        SettingKind::Integer { .. } | SettingKind::Number { .. } | SettingKind::Pair { .. } | SettingKind::Text => {
            let error = move || fault(state, row).map(|error| fault_text(row, &error));
            (text_input(state, row, &id), Rc::new(error))
        }
    };
    let label = format!("training_{}", setting.name);
    self::row(&id, &label, &format!("{label}_help"), error, vec![input])
}

/// Makes the field of a number. The typed text stays in the field; it is sent while it is valid.
fn text_input(state: State, row: TrainingRow, id: &str) -> Element {
    let setting = row.setting();
    let forget = move || state.typed.update(|typed| typed.retain(|(other, _)| *other != setting.name));
    let value =
        move || typed(state, setting.name).unwrap_or_else(|| state.training.with(|training| row.text(training)));
    let on_input = move |text: &str| {
        forget();
        state.typed.update(|typed| typed.push((setting.name, text.to_owned())));
        if let Ok(config) = read(state, row, text) {
            state.set_training(config);
        }
    };
    let on_done = move || {
        if fault(state, row).is_none() {
            forget();
        }
    };
    let input = NumberInput {
        id: id.to_owned(),
        row: id.to_owned(),
        value: Rc::new(value),
        invalid: Rc::new(move || fault(state, row).is_some()),
        kind: setting.kind,
        on_input: Rc::new(on_input),
        on_done: Rc::new(on_done),
    };
    match setting.default {
        SettingDefault::Absent => input.view().attr_fn("placeholder", || t("off")),
        _ => input.view(),
    }
}

/// Returns the number of images available for training; the size of the whole set while it is still arriving.
fn available_images(state: State) -> usize {
    state.data.with(|data| if data.complete { data.train_images as usize } else { 60_000 })
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
