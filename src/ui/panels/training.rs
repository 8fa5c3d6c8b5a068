//! How the network is trained.

use leptos::prelude::*;

use crate::model::catalogue::SettingKind;
use crate::model::spec::{LossSpec, OptimizerSpec, TrainingConfig};
use crate::ui::fields::number_text;
use crate::ui::state::State;
use crate::ui::text::{t, t_with, tr};
use crate::ui::training_fields::{Fault, NumberField, number_fields, optimizer_name, optimizer_named, optimizer_names};
use crate::ui::widgets::field::{NumberInput, Row, Select};

#[component]
pub fn TrainingPanel() -> impl IntoView {
    let state = expect_context::<State>();
    let no_error = || Signal::stored(None::<String>);
    let optimizer = Memo::new(move |_| state.training.with(|training| optimizer_name(&training.optimizer)));
    let choose_optimizer = move |name: String| {
        let mut config = state.training.get_untracked();
        config.optimizer = optimizer_named(&name);
        state.set_training(config);
    };
    let loss = Signal::derive(move || {
        state.training.with(|training| match training.loss {
            LossSpec::SparseCategoricalCrossentropy => "sparse_categorical_crossentropy".to_owned(),
            LossSpec::MeanSquaredError => "mean_squared_error".to_owned(),
            LossSpec::BinaryCrossentropy => "binary_crossentropy".to_owned(),
        })
    });
    let choose_loss = move |name: String| {
        let mut config = state.training.get_untracked();
        config.loss = match name.as_str() {
            "mean_squared_error" => LossSpec::MeanSquaredError,
            "binary_crossentropy" => LossSpec::BinaryCrossentropy,
            _ => LossSpec::SparseCategoricalCrossentropy,
        };
        state.set_training(config);
    };
    let numbers = move || {
        // The fields depend on the kind of optimizer only, not on every change of a number.
        let kind = optimizer.get();
        number_fields(&optimizer_named(kind)).into_iter().map(|field| view! { <NumberRow field=field/> }).collect_view()
    };
    let nesterov = move || (optimizer.get() == "SGD").then(|| view! { <NesterovRow/> });
    view! {
        <section class="panel training" aria-labelledby="training-title">
            <header class="panel-header"><h2 id="training-title">{tr("training")}</h2></header>
            <div class="form">
                <Row id="training-optimizer".to_owned() label="optimizer" help="optimizer_help" error=no_error()>
                    <Select
                        id="training-optimizer".to_owned()
                        row="training-optimizer".to_owned()
                        choices=optimizer_names().to_vec()
                        value=Signal::derive(move || optimizer.get().to_owned())
                        on_choice=choose_optimizer
                    />
                </Row>
                {numbers}
                {nesterov}
                <Row id="training-loss".to_owned() label="loss_function" help="loss_function_help" error=no_error()>
                    <Select
                        id="training-loss".to_owned()
                        row="training-loss".to_owned()
                        choices=vec!["sparse_categorical_crossentropy", "mean_squared_error", "binary_crossentropy"]
                        value=loss
                        on_choice=choose_loss
                    />
                </Row>
            </div>
        </section>
    }
    .into_any()
}

/// A number of the configuration. What is typed stays in the field; it is sent while it is valid.
#[component]
fn NumberRow(field: NumberField) -> impl IntoView {
    let state = expect_context::<State>();
    let typed = RwSignal::new(None::<String>);
    let current = Memo::new(move |_| state.training.with(|training| number_text((field.get)(training))));
    let value = Signal::derive(move || typed.get().unwrap_or_else(|| current.get()));
    let fault = Memo::new(move |_| typed.with(|typed| field.read(typed.as_deref()?, available_images(state)).err()));
    let error = Signal::derive(move || fault.get().map(|fault| fault_text(&fault)));
    let on_input = move |text: String| {
        if let Ok(number) = field.read(&text, available_images(state)) {
            let mut config: TrainingConfig = state.training.get_untracked();
            (field.set)(&mut config, number);
            state.set_training(config);
        }
        typed.set(Some(text));
    };
    let on_done = move || {
        if fault.with_untracked(Option::is_none) {
            typed.set(None);
        }
    };
    let id = format!("training-{}", field.name);
    let kind = if field.is_whole {
        SettingKind::Integer { min: field.min as u32, max: field.max as u32 }
    } else {
        SettingKind::Number { min: field.min, max: field.max }
    };
    view! {
        <Row id=id.clone() label=field.name help=format!("{}_help", field.name) error=error>
            <NumberInput id=id.clone() row=id value=value invalid=Signal::derive(move || error.with(Option::is_some))
                kind=kind on_input=on_input on_done=on_done/>
        </Row>
    }
    .into_any()
}

/// Images that there are to train on; the whole set while it is still on its way.
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
        Fault::MoreThanData { images } => t_with("fault_data", &[("images", &number_text(*images))]),
    }
}

#[component]
fn NesterovRow() -> impl IntoView {
    let state = expect_context::<State>();
    let is_on =
        move || state.training.with(|training| matches!(training.optimizer, OptimizerSpec::Sgd { nesterov: true, .. }));
    let toggle = move |event| {
        let mut config = state.training.get_untracked();
        if let OptimizerSpec::Sgd { nesterov, .. } = &mut config.optimizer {
            *nesterov = event_target_checked(&event);
        }
        state.set_training(config);
    };
    view! {
        <Row id="training-nesterov".to_owned() label="nesterov" help="nesterov_help" error=Signal::stored(None::<String>)>
            <input class="checkbox" type="checkbox" id="training-nesterov" aria-describedby="training-nesterov-help"
                prop:checked=is_on on:change=toggle/>
        </Row>
    }
    .into_any()
}
