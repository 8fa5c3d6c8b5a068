//! Earlier runs with configuration, seed and result, to compare with and to restore.

pub mod differences;
pub mod records;

cfg_if::cfg_if! {
    if #[cfg(target_arch = "wasm32")] {
        mod table;

        pub use table::RunTable;
    }
}
