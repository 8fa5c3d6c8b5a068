//! A table of data that scrolls sideways in its own place.

use leptos::prelude::*;

use crate::ui::text::t;

/// Table with a caption for screen readers and a head; the children are the rows of its body.
#[component]
pub fn DataTable<const N: usize>(
    /// Key of the table's name.
    name: &'static str,
    /// Keys of the columns' names.
    columns: [&'static str; N],
    #[prop(default = "data-table")] class: &'static str,
    children: Children,
) -> impl IntoView {
    view! {
        <div class="scroll-x" tabindex="0" role="group" aria-label=move || t(name)>
            <table class=class>
                <caption class="visually-hidden">{move || t(name)}</caption>
                <thead>
                    <tr>{columns.map(|key| view! { <th scope="col">{move || t(key)}</th> }).collect_view()}</tr>
                </thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}
