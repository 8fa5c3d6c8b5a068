//! The epochs in numbers, for screen readers and for exact values.

use chalkgrad_engine::protocol::EpochReport;
use leptos::prelude::*;

use crate::ui::components::data_table::DataTable;
use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::t;

const COLUMNS: [&str; 6] =
    ["epoch", "column_step", "column_train_loss", "column_train_accuracy", "column_val_loss", "column_val_accuracy"];

#[component]
pub fn EpochTable() -> impl IntoView {
    let state = use_state();
    let epochs = Memo::new(move |_| state.charted().with(|charted| charted.with_epochs(<[EpochReport]>::to_vec)));
    view! {
        <details class="data">
            <summary>{move || t("data_table")}</summary>
            <DataTable name="data_table" columns=COLUMNS>
                <For each=move || epochs.get() key=|epoch| epoch.step let:epoch>
                    <tr>{cells(&epoch).map(|cell| view! { <td>{cell}</td> }).collect_view()}</tr>
                </For>
            </DataTable>
            <Show when=move || epochs.with(Vec::is_empty)>
                <p class="help">{move || t("no_epoch_yet")}</p>
            </Show>
        </details>
    }
}

fn cells(epoch: &EpochReport) -> [String; 6] {
    let optional = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    [
        (epoch.epoch + 1).to_string(),
        format::count(epoch.step as usize),
        format::loss(epoch.loss),
        format::percent(epoch.accuracy, 2),
        optional(epoch.val_loss.map(format::loss)),
        optional(epoch.val_accuracy.map(|accuracy| format::percent(accuracy, 2))),
    ]
}
