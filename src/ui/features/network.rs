//! The network: its layers as cards in a strip, and the settings and tensors of the selected one.

pub mod blocks;
pub mod checked;
pub mod edit_effects;
pub mod history;
pub mod skip_links;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        mod card;
        mod card_drag;
        mod edit_note;
        mod gap;
        mod inputs_form;
        pub mod inspector;
        mod layer_detail;
        mod layer_form;
        pub mod layer_menu;
        mod links;
        mod panel;
        mod preset_list;
        mod quick_fixes;
        mod shape_chip;
        mod store;
        mod strip;
        mod thumbnail;
        mod tip;

        pub use panel::Network;
    }
}
