//! Names of layers, and the `inputs` that name them.

use std::collections::{BTreeMap, BTreeSet};

use super::layers::{LAYERS, snake_case};
use super::spec::LayerSpec;

/// The name of the model's input among the `inputs` of a layer, as Keras calls its layer for that.
pub const INPUT_LAYER: &str = "input_layer";

/// Returns the name of each layer: the given one, or one like Keras's: `conv2d`, `conv2d_1`, ... Given names are taken before
/// any automatic one, so that naming a layer "dense" never clashes.
pub fn layer_names<'a>(layers: impl Iterator<Item = &'a LayerSpec> + Clone) -> Vec<String> {
    let mut taken: BTreeSet<String> = layers.clone().filter_map(|layer| layer.name.clone()).collect();
    let mut next: BTreeMap<String, usize> = BTreeMap::new();
    let name = |layer: &LayerSpec| {
        if let Some(name) = &layer.name {
            return name.clone();
        }
        let known = LAYERS.iter().find(|known| known.type_name() == layer.type_name);
        let stem = known.map_or_else(|| snake_case(&layer.type_name), |known| known.default_name());
        let number = next.entry(stem.clone()).or_default();
        loop {
            let name = if *number == 0 { stem.clone() } else { format!("{stem}_{number}") };
            *number += 1;
            if taken.insert(name.clone()) {
                return name;
            }
        }
    };
    layers.map(name).collect()
}

/// Keeps every layer's `inputs` on the layers that they named before an edit, although automatic names have changed. The
/// number with each layer identifies it before and after the edit. The place of a layer that was removed goes to the layer
/// that was its first input. A new layer takes the place of the one before it among the inputs of the one behind it.
pub fn follow_edit(before: &[(u32, LayerSpec)], after: &mut [(u32, LayerSpec)]) {
    if before.iter().chain(after.iter()).all(|(_, layer)| layer.inputs.is_none()) {
        return;
    }
    let old = layer_names(before.iter().map(|(_, layer)| layer));
    let new = layer_names(after.iter().map(|(_, layer)| layer));
    let new_name = |id: u32| after.iter().position(|(own, _)| *own == id).map(|at| new[at].clone());
    let followed = |name: &str| {
        let Some(mut at) = old.iter().position(|own| own == name) else { return name.to_owned() };
        loop {
            if let Some(name) = new_name(before[at].0) {
                return name;
            }
            let input = before[at].1.inputs.as_ref().and_then(|inputs| inputs.first());
            let source = match input {
                Some(input) => old[..at].iter().position(|own| own == input),
                None => at.checked_sub(1),
            };
            match source {
                Some(source) => at = source,
                None => return INPUT_LAYER.to_owned(),
            }
        }
    };
    let is_new = |id: u32| before.iter().all(|(own, _)| *own != id);
    let mut edited: Vec<Option<Vec<String>>> = after
        .iter()
        .map(|(id, layer)| {
            let inputs = layer.inputs.as_ref()?;
            Some(if is_new(*id) { inputs.clone() } else { inputs.iter().map(|name| followed(name)).collect() })
        })
        .collect();
    for at in 1..after.len().saturating_sub(1) {
        // A new layer with another input than the one before it does not stand between the two.
        if is_new(after[at].0) && !is_new(after[at - 1].0) && after[at].1.inputs.is_none() {
            let inputs = edited[at + 1].iter_mut().flatten();
            inputs.filter(|name| **name == new[at - 1]).for_each(|name| name.clone_from(&new[at]));
        }
    }
    for ((_, layer), inputs) in after.iter_mut().zip(edited) {
        layer.inputs = inputs;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(types: &[(&str, &[&str])]) -> Vec<(u32, LayerSpec)> {
        let layer = |(type_name, inputs): &(&str, &[&str])| {
            let names: Vec<String> = inputs.iter().map(|name| (*name).to_owned()).collect();
            LayerSpec { inputs: Some(names).filter(|names| !names.is_empty()), ..LayerSpec::new(type_name) }
        };
        (0..).zip(types.iter().map(layer)).collect()
    }

    fn inputs(layers: &[(u32, LayerSpec)], at: usize) -> Vec<String> {
        layers[at].1.inputs.clone().unwrap_or_default()
    }

    #[test]
    fn inputs_follow_the_layers_that_they_name() {
        let before =
            layers(&[("Conv2D", &[]), ("Conv2D", &[]), ("Add", &["conv2d", "conv2d_1"]), ("Add", &["add", "conv2d"])]);
        // A layer before them: the automatic names move on by one.
        let mut after = before.clone();
        after.insert(0, (9, LayerSpec::new("Conv2D")));
        follow_edit(&before, &mut after);
        assert_eq!(inputs(&after, 3), ["conv2d_1", "conv2d_2"]);
        assert_eq!(inputs(&after, 4), ["add", "conv2d_1"]);
        // Removed: its own input takes its place.
        let mut after = before.clone();
        after.remove(1);
        follow_edit(&before, &mut after);
        assert_eq!(inputs(&after, 1), ["conv2d", "conv2d"]);
        let mut after = before.clone();
        after.remove(0);
        follow_edit(&before, &mut after);
        assert_eq!(inputs(&after, 1), [INPUT_LAYER, "conv2d"]);
        // Between the second convolution and the sum: the sum takes the new layer.
        let mut after = before.clone();
        after.insert(2, (9, LayerSpec::new("Dropout")));
        follow_edit(&before, &mut after);
        assert_eq!(inputs(&after, 3), ["conv2d", "dropout"]);
    }

    #[test]
    fn a_name_that_was_unknown_stays() {
        let before = layers(&[("Conv2D", &[]), ("Add", &["conv2d", "missing"])]);
        let mut after = before.clone();
        after.insert(0, (9, LayerSpec::new("Flatten")));
        follow_edit(&before, &mut after);
        assert_eq!(inputs(&after, 2), ["conv2d", "missing"]);
    }
}
