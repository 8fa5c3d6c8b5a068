//! Small parts that panels share.

pub mod element;
pub mod formula_view;
pub mod tensor_canvas;
pub mod tensor_view;

use self::element::{Element, el};

/// Makes a place for changing content, without a box of its own.
pub fn place() -> Element {
    el("div").class("contents")
}
