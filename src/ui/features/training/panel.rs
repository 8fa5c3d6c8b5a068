//! The panel with the form.

use chalkgrad_engine::model::losses::Loss;
use chalkgrad_engine::model::optimizers::Optimizer;
use chalkgrad_engine::model::schedules::Schedule;
use chalkgrad_engine::model::training::Group;
use leptos::prelude::*;

use super::choice::{ChoiceRow, SettingsOf};
use super::row::SettingRows;
use super::run_rows::{HiddenRow, SpeedRow};
use crate::ui::browser::{get, remember, remembered};
use crate::ui::components::panel_header::PanelHeader;
use crate::ui::features::training::fields::{TrainingRow, group_rows};
use crate::ui::state::use_state;
use crate::ui::text::t;

/// Settings that are always in view, besides optimizer and speed.
const FIRST: [&str; 3] = ["learningRate", "batchSize", "epochs"];

/// Key of the stored preference that all settings are in view.
const SHOWS_MORE: &str = "chalkgrad.more-training";

fn is_first(row: &TrainingRow) -> bool {
    FIRST.contains(&row.setting().name)
}

fn split(group: Group) -> (Vec<TrainingRow>, Vec<TrainingRow>) {
    group_rows(group).into_iter().partition(is_first)
}

#[component]
pub fn TrainingPanel() -> impl IntoView {
    let (step_first, step_more) = split(Group::Step);
    let (data_first, data_more) = split(Group::Data);
    let (end_first, end_more) = split(Group::End);
    let first = [step_first, data_first, end_first].concat();
    let toggled = |event: web_sys::Event| {
        let is_open = event.current_target().is_some_and(|details| get(&details, "open").is_truthy());
        remember(SHOWS_MORE, if is_open { "true" } else { "false" });
    };
    let state = use_state();
    let has_texts = Memo::new(move |_| state.has_texts());
    let is_open = remembered(SHOWS_MORE).as_deref() == Some("true");
    view! {
        <section class="panel training" aria-labelledby="training-title">
            <PanelHeader id="training-title" title="training" />
            <div class="form">
                <ChoiceRow<dyn Optimizer> />
                <SettingsOf<dyn Optimizer> shows=is_first />
                <SettingRows rows=first />
                <SpeedRow />
                <details class="more" open=is_open on:toggle=toggled>
                    <summary>{move || t("more")}</summary>
                    <Group name="group_step">
                        <SettingsOf<dyn Optimizer> shows=|row| !is_first(row) />
                        <ChoiceRow<dyn Schedule> />
                        <SettingsOf<dyn Schedule> shows=|_| true />
                        <SettingRows rows=step_more />
                    </Group>
                    <Group name="group_data">
                        <SettingRows rows=data_more />
                        <Show when=move || has_texts.get()>
                            <SettingRows rows=group_rows(Group::Text) />
                        </Show>
                        <ChoiceRow<dyn Loss> />
                        <SettingsOf<dyn Loss> shows=|_| true />
                    </Group>
                    <Group name="group_end">
                        <SettingRows rows=end_more />
                        <HiddenRow />
                    </Group>
                </details>
            </div>
        </section>
    }
}

/// Rows under a heading.
#[component]
fn Group(
    /// Key of the heading.
    name: &'static str,
    children: Children,
) -> impl IntoView {
    view! {
        <fieldset class="form-group">
            <legend>{move || t(name)}</legend>
            {children()}
        </fieldset>
    }
}
