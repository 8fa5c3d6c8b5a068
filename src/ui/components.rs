//! Small components that features share.

pub mod data_table;
pub mod digit_image;
pub mod export_menu;
pub mod form;
pub mod icon;
pub mod icon_button;
pub mod panel_header;
pub mod reconstruction;
pub mod splitter;
