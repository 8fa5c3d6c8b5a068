//! The choice of an entry of a catalogue (optimizer, schedule, loss), and the rows of the entry's settings.

use chalkgrad_engine::model::spec::TrainingConfig;
use leptos::prelude::*;

use super::row::SettingRows;
use crate::ui::components::form::{FormRow, SelectField};
use crate::ui::features::training::fields::{Choice, TrainingRow};
use crate::ui::state::{State, use_state};

fn type_name<C: Choice + ?Sized + 'static>(state: State) -> Memo<&'static str> {
    Memo::new(move |_| state.engine.training().with(|training| C::of(training).type_name()))
}

/// Row that chooses an entry.
#[component]
pub fn ChoiceRow<C: Choice + ?Sized + 'static>(
    #[prop(optional)] _catalogue: std::marker::PhantomData<fn(&C)>,
) -> impl IntoView {
    let state = use_state();
    let name = type_name::<C>(state);
    let choose = move |type_name: String| change(state, |config| C::choose(config, &type_name));
    let id = format!("training-{}", C::LABEL);
    view! {
        <FormRow id=id.clone() label=C::LABEL help=format!("{}_help", C::LABEL)>
            <SelectField
                id=id
                choices=C::type_names()
                value=Signal::derive(move || name.get().to_owned())
                on_choice=Callback::new(choose)
            />
        </FormRow>
    }
}

/// Rows of the chosen entry's settings. They depend on the entry only, not on every change of a number.
#[component]
pub fn SettingsOf<C: Choice + ?Sized + 'static>(
    #[prop(optional)] _catalogue: std::marker::PhantomData<fn(&C)>,
    /// Tells the rows that are shown here.
    shows: fn(&TrainingRow) -> bool,
) -> impl IntoView {
    let name = type_name::<C>(use_state());
    move || view! { <SettingRows rows=C::rows(name.get()).into_iter().filter(shows).collect() /> }
}

pub fn change(state: State, change: impl FnOnce(&mut TrainingConfig)) {
    let mut config = state.engine.training().get_untracked();
    change(&mut config);
    state.set_training(config);
}
