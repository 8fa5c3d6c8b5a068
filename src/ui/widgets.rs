//! Small parts that panels share.

pub mod digit_image;
pub mod element;
pub mod field;
pub mod fix_buttons;
pub mod formula_view;
pub mod icon;
pub mod layer_detail;
pub mod layer_form;
pub mod layer_menu;
pub mod layer_stats_view;
pub mod move_handle;
pub mod pad;
pub mod shape_chip;
pub mod tensor_canvas;
pub mod tensor_view;
pub mod thumbnail;

use self::element::{Element, button, el};
use super::text::t;

/// Makes a button with an icon and a text as its name. `shortcut` is added to the name in its title, for example the
/// equivalent key.
pub fn icon_button(
    text_key: &'static str,
    icon: &'static str,
    shortcut: &'static str,
    on_click: impl Fn() + 'static,
) -> Element {
    button("icon-button", on_click)
        .label(text_key)
        .attr_fn(
            "title",
            move || if shortcut.is_empty() { t(text_key) } else { format!("{} ({shortcut})", t(text_key)) },
        )
        .child(icon::icon(icon))
}

/// Makes the header of a panel; `id` is the id of its title, which names the panel.
pub fn panel_header(id: &str, title: &'static str) -> Element {
    el("header").class("panel-header").child(el("h2").id(id).tr(title))
}

/// Makes a place for changing content, without a box of its own.
pub fn place() -> Element {
    el("div").class("contents")
}
