//! The speed of training, epoch by epoch.

use leptos::prelude::*;

use crate::ui::components::data_table::DataTable;
use crate::ui::format;
use crate::ui::state::use_state;

/// Table with the images per second and the seconds of each epoch.
#[component]
pub fn Speed() -> impl IntoView {
    let state = use_state();
    let epochs = Memo::new(move |_| {
        state.charted().with(|charted| {
            charted.with_epochs(|epochs| {
                epochs.iter().map(|epoch| [epoch.images_per_second, epoch.seconds]).collect::<Vec<_>>()
            })
        })
    });
    let rows = move || {
        let row = |(epoch, [images, seconds]): (usize, [f64; 2])| {
            view! {
                <tr>
                    <th scope="row">{epoch + 1}</th>
                    <td>{format::count(images.max(0.0) as usize)}</td>
                    <td>{format::fixed(seconds, 1)}</td>
                </tr>
            }
        };
        epochs.get().into_iter().enumerate().map(row).collect_view()
    };
    view! {
        <DataTable name="tab_speed" columns=["epoch", "images_per_second", "axis_seconds"] class="data-table">
            {rows}
        </DataTable>
    }
}
