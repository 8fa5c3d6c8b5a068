//! Loss, accuracy and speed, in fields of constant width.

use chalkgrad_engine::protocol::BatchReport;
use leptos::prelude::*;

use crate::ui::format;
use crate::ui::state::use_state;
use crate::ui::text::t;

#[component]
pub fn Numbers(#[prop(default = true)] shows_speed: bool) -> impl IntoView {
    let speed = shows_speed.then(|| {
        view! { <Number name="images_per_second" read=|batch| format::count(batch.images_per_second.max(0.0) as usize) /> }
    });
    view! {
        <dl class="numbers">
            <Number name="epoch_loss" read=|batch| format::loss(batch.epoch_loss) />
            <Number name="epoch_accuracy" read=|batch| format::percent(batch.epoch_accuracy, 1) />
            {speed}
        </dl>
    }
}

#[component]
fn Number(
    /// Key of its name.
    name: &'static str,
    read: fn(&BatchReport) -> String,
) -> impl IntoView {
    let state = use_state();
    let text = move || state.run.batch().with(|batch| batch.as_ref().map_or_else(|| "–".to_owned(), read));
    view! {
        <div title=move || t(&format!("{name}_title"))>
            <dt>{move || t(name)}</dt>
            <dd>{text}</dd>
        </div>
    }
}
