//! Buttons that save a picture.

use leptos::prelude::*;

use crate::ui::charts::export::Figure;
use crate::ui::text::t;

/// Two buttons that save a picture as SVG and as PNG. `figure` makes the picture as it is shown now; `None` while there
/// is nothing to save.
#[component]
pub fn ExportMenu(figure: impl Fn() -> Option<Figure> + 'static) -> impl IntoView {
    let figure = StoredValue::new_local(figure);
    let save = move |save: fn(&Figure)| {
        if let Some(figure) = untrack(|| figure.with_value(|figure| figure())) {
            save(&figure);
        }
    };
    view! {
        <div class="export-menu" role="group" aria-label=move || t("save_picture")>
            <button type="button" class="button quiet" title=move || t("save_svg") on:click=move |_| save(Figure::save_svg)>
                "SVG"
            </button>
            <button type="button" class="button quiet" title=move || t("save_png") on:click=move |_| save(Figure::save_png)>
                "PNG"
            </button>
        </div>
    }
}
