//! Small components that features share.

pub mod digit_image;
pub mod export_menu;
pub mod icon;
pub mod icon_button;
pub mod panel_header;
