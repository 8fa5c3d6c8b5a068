//! The form of the training configuration.

use std::ops::Bound;
use std::rc::Rc;

use crate::ui::fields::number_text;
use crate::ui::state::State;
use crate::ui::text::{t, t_with};
use crate::ui::training_fields::{
    Fault, NumberField, SCHEDULES, clipping_fields, data_fields, optimizer_fields, optimizer_name, optimizer_named,
    optimizer_names, schedule_fields, schedule_name, schedule_named, stop_fields,
};
use crate::ui::widgets::element::{Element, el};
use crate::ui::widgets::field::{NumberInput, Read, checkbox, row, select};
use crate::ui::widgets::{panel_header, place};
use chalkgrad_engine::model::catalogue::SettingKind;
use chalkgrad_engine::model::spec::{LossSpec, OptimizerSpec, TrainingConfig};

const LOSSES: [(&str, LossSpec); 3] = [
    ("sparse_categorical_crossentropy", LossSpec::SparseCategoricalCrossentropy),
    ("mean_squared_error", LossSpec::MeanSquaredError),
    ("binary_crossentropy", LossSpec::BinaryCrossentropy),
];

pub fn training_panel(state: State) -> Element {
    let optimizer = move || state.training.with(|training| optimizer_name(&training.optimizer).to_owned());
    let choose_optimizer = move |name: &str| change(state, |config| config.optimizer = optimizer_named(name));
    let loss = move || {
        let loss = state.training.with(|training| training.loss);
        LOSSES.iter().find(|(_, known)| *known == loss).map(|(name, _)| name.to_string()).unwrap_or_default()
    };
    let choose_loss = move |name: &str| {
        if let Some((_, loss)) = LOSSES.iter().find(|(known, _)| *known == name) {
            change(state, |config| config.loss = *loss);
        }
    };
    // The fields depend only on the kind of optimizer, not on every change of a number.
    let optimizer_numbers = place().switch(optimizer, move |kind| {
        let numbers = rows(state, optimizer_fields(&optimizer_named(kind)));
        Some(if kind == "SGD" { numbers.child(nesterov_row(state)) } else { numbers })
    });
    let schedule = move || state.training.with(|training| schedule_name(&training.learning_rate_schedule).to_owned());
    let schedule_numbers =
        place().switch(schedule, move |kind| Some(rows(state, schedule_fields(&schedule_named(kind)))));
    let choose_schedule =
        move |name: &str| change(state, |config| config.learning_rate_schedule = schedule_named(name));
    let losses = LOSSES.map(|(name, _)| name);
    let choice = |id: &'static str, label: &'static str, help: &'static str, select: Element| {
        row(id, label, help, no_error(), vec![select])
    };
    let optimizer_row = choice(
        "training-optimizer",
        "optimizer",
        "optimizer_help",
        select("training-optimizer", &optimizer_names(), Rc::new(optimizer), choose_optimizer),
    );
    let schedule_row = choice(
        "training-schedule",
        "schedule",
        "schedule_help",
        select("training-schedule", &SCHEDULES, Rc::new(schedule), choose_schedule),
    );
    let loss_row = choice(
        "training-loss",
        "loss_function",
        "loss_function_help",
        select("training-loss", &losses, Rc::new(loss), choose_loss),
    );
    let step = group("group_step")
        .child(optimizer_row)
        .child(optimizer_numbers)
        .child(schedule_row)
        .child(schedule_numbers)
        .child(rows(state, clipping_fields()));
    let data = group("group_data").child(rows(state, data_fields())).child(loss_row);
    let end = group("group_end").child(rows(state, stop_fields())).child(hidden_row(state)).child(speed_row(state));
    el("section")
        .class("panel training")
        .attr("aria-labelledby", "training-title")
        .child(panel_header("training-title", "training"))
        .child(el("div").class("form").child(step).child(data).child(end))
}

/// Makes a group of rows under a heading.
fn group(key: &'static str) -> Element {
    el("fieldset").class("form-group").child(el("legend").tr(key))
}

fn rows(state: State, fields: Vec<NumberField>) -> Element {
    place().children(fields.into_iter().map(|field| number_row(state, field)))
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
        let rest_ms = state.rest_ms.get();
        SPEEDS.iter().find(|(_, known)| *known == rest_ms).map(|(name, _)| (*name).to_owned()).unwrap_or_default()
    };
    let choose = move |name: &str| {
        if let Some((_, rest_ms)) = SPEEDS.iter().find(|(known, _)| *known == name) {
            state.set_rest(*rest_ms);
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

fn fault(state: State, field: NumberField) -> Option<Fault> {
    read(state, field, &typed(state, field.name)?).err()
}

fn read(state: State, field: NumberField, text: &str) -> Result<f64, Fault> {
    let number = field.read(text, available_images(state))?;
    let has_validation = state.training.with(|training| training.validation_split > 0.0);
    if field.name == "patience" && number.is_finite() && !has_validation {
        return Err(Fault::NoValidation);
    }
    Ok(number)
}

/// Makes the row of a number of the configuration. The typed text stays in the field; it is sent while it is valid.
fn number_row(state: State, field: NumberField) -> Element {
    let forget = move || state.typed.update(|typed| typed.retain(|(other, _)| *other != field.name));
    let value = move || {
        let set = || match state.training.with(field.get) {
            // The number is absent.
            number if number.is_nan() => String::new(),
            number => number_text(number),
        };
        typed(state, field.name).unwrap_or_else(set)
    };
    let on_input = move |text: &str| {
        forget();
        state.typed.update(|typed| typed.push((field.name, text.to_owned())));
        if let Ok(number) = read(state, field, text) {
            change(state, |config| (field.set)(config, number));
        }
    };
    let on_done = move || {
        if fault(state, field).is_none() {
            forget();
        }
    };
    let id = format!("training-{}", field.name);
    let kind = if field.is_whole {
        SettingKind::Integer { min: field.min as u32, max: field.max as u32 }
    } else {
        SettingKind::Number { min: Bound::Included(field.min), max: Bound::Included(field.max) }
    };
    let input = NumberInput {
        id: id.clone(),
        row: id.clone(),
        value: Rc::new(value),
        invalid: Rc::new(move || fault(state, field).is_some()),
        kind,
        on_input: Rc::new(on_input),
        on_done: Rc::new(on_done),
    };
    let error = move || fault(state, field).map(|fault| fault_text(&fault));
    let input = match field.is_optional {
        true => input.view().attr_fn("placeholder", || t("off")),
        false => input.view(),
    };
    row(&id, field.name, &format!("{}_help", field.name), Rc::new(error), vec![input])
}

/// Returns the number of images available for training; the size of the whole set while it is still arriving.
fn available_images(state: State) -> f64 {
    state.data.with(|data| if data.complete { data.train_images as f64 } else { 60_000.0 })
}

fn fault_text(fault: &Fault) -> String {
    match fault {
        Fault::NoNumber => t("fault_no_number"),
        Fault::NotWhole => t("fault_not_whole"),
        Fault::OutOfRange { min, max } => {
            t_with("fault_range", &[("min", &number_text(*min)), ("max", &number_text(*max))])
        }
        Fault::NotAbove { min } => t_with("fault_above", &[("min", &number_text(*min))]),
        Fault::NoValidation => t("fault_no_validation"),
        Fault::MoreThanData { images } => t_with("fault_data", &[("images", &number_text(*images))]),
    }
}

fn nesterov_row(state: State) -> Element {
    let is_on =
        move || state.training.with(|training| matches!(training.optimizer, OptimizerSpec::Sgd { nesterov: true, .. }));
    let toggle = move |is_on: bool| {
        change(state, |config| {
            if let OptimizerSpec::Sgd { nesterov, .. } = &mut config.optimizer {
                *nesterov = is_on;
            }
        });
    };
    let input = checkbox("training-nesterov", is_on, toggle);
    row("training-nesterov", "nesterov", "nesterov_help", no_error(), vec![input])
}
