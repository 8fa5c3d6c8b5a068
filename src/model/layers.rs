//! The layers, one file each.

use super::catalogue::LayerType;

/// Every layer that exists, in the order in which menus show them.
pub static CATALOGUE: &[&dyn LayerType] = &[];
