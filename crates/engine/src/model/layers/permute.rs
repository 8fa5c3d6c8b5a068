//! Permute: the axes in another order.

use super::unary::UnaryLayer;
use crate::error::{ModelError, Result};
use crate::ir::NodeId;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings};
use crate::model::formula::{Derivation, Formula, index, place};
use crate::model::lower::Context;
use crate::ops::layout::transpose;

pub struct Permute;

static SCHEMA: Schema = Schema {
    type_name: "Permute",
    // As in Keras the axes of one example are counted from 1.
    settings: &[Setting::integers("dims", 1, 4, 4)
        .initial(SettingDefault::Numbers(&[2.0, 1.0, 3.0]))
        .card(Card::Always)],
};

/// Returns the axis of the input, counted from 0, that each axis of the output is.
fn axes(settings: &Settings) -> Vec<usize> {
    settings.integers("dims").iter().map(|axis| (*axis as usize).saturating_sub(1)).collect()
}

/// Returns the letters of the axes.
fn letters(rank: usize) -> &'static [&'static str] {
    match rank {
        3 => &["i", "j", "c"],
        2 => &["i", "c"],
        _ => &["i", "j", "k", "c"],
    }
}

impl UnaryLayer for Permute {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        let axes = axes(settings);
        let is_permutation = axes.len() == input.len() && (0..input.len()).all(|axis| axes.contains(&axis));
        if !is_permutation {
            let dims = settings.integers("dims").iter().map(f64::to_string).collect();
            return Err(ModelError::NoPermutation { dims, rank: input.len() }.into());
        }
        Ok(axes.iter().map(|axis| input[*axis]).collect())
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let own = letters(input.len());
        let moved: Vec<&str> = axes(settings).iter().filter_map(|axis| own.get(*axis).copied()).collect();
        let own = own[..input.len().min(own.len())].join(",");
        let moved = moved.join(",");
        Formula {
            forward: vec![format!("y_{{{moved}}} = x_{{{own}}}")],
            backward: vec![format!(r"\frac{{∂L}}{{∂x_{{{own}}}}} = g_{{{moved}}}")],
            symbols: vec![("x", input.to_vec()), ("y", output.to_vec())],
            ranges: Vec::new(),
        }
    }

    fn derivation(&self, settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Derivation {
        let mut own = vec![0; input.len()];
        for (axis, at) in axes(settings).into_iter().zip(place(output, at)) {
            own[axis] = at;
        }
        Derivation::copy(index(input, &own))
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let permutation: Vec<usize> = [0].into_iter().chain(axes(settings).iter().map(|axis| axis + 1)).collect();
        transpose(context.graph, input, &permutation)
    }
}
