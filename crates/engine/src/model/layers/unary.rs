//! Layers with one input, as nearly all are.

use super::Layer;
use super::common::elements;
use crate::error::{ModelError, Result};
use crate::ir::NodeId;
use crate::model::catalogue::{Schema, Settings, WeightSpec};
use crate::model::formula::{Derivation, Formula};
use crate::model::lower::Context;

/// A layer with one input. Its methods are those of [`Layer`].
pub trait UnaryLayer: Sync {
    fn schema(&self) -> &'static Schema;

    /// Returns the output's shape for the input's.
    ///
    /// # Errors
    /// If the input does not fit the layer. The caller adds the layer's name.
    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>>;

    fn shape_rule(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Vec<String> {
        let _ = (settings, input);
        output.iter().map(usize::to_string).collect()
    }

    fn takes_tokens(&self) -> bool {
        false
    }

    fn passes_mask(&self, settings: &Settings) -> bool {
        let _ = settings;
        false
    }

    fn views(&self, settings: &Settings) -> &'static [&'static str] {
        let _ = settings;
        &[]
    }

    fn flops(&self, settings: &Settings, input: &[usize], output: &[usize]) -> u64 {
        let _ = (settings, input, output);
        0
    }

    fn held(&self, settings: &Settings, input: &[usize], output: &[usize]) -> u64 {
        let _ = (settings, input);
        elements(output)
    }

    fn weights(&self, settings: &Settings, input: &[usize]) -> Vec<WeightSpec> {
        let _ = (settings, input);
        Vec::new()
    }

    /// Appends the layer's nodes and returns its output, for an input `[N, input shape]`.
    ///
    /// # Errors
    /// If an op does not accept what it is given.
    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId>;

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula;

    fn derivation(&self, settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Derivation {
        let _ = (settings, input, output);
        Derivation::copy(at)
    }
}

/// Returns the shape of the only input.
fn only(inputs: &[Vec<usize>]) -> &[usize] {
    inputs.first().map(Vec::as_slice).unwrap_or_default()
}

impl<L: UnaryLayer> Layer for L {
    fn schema(&self) -> &'static Schema {
        UnaryLayer::schema(self)
    }

    fn merges(&self) -> bool {
        false
    }

    fn output_shape(&self, settings: &Settings, inputs: &[Vec<usize>]) -> Result<Vec<usize>> {
        UnaryLayer::output_shape(self, settings, only(inputs))
    }

    fn shape_rule(&self, settings: &Settings, inputs: &[Vec<usize>], output: &[usize]) -> Vec<String> {
        UnaryLayer::shape_rule(self, settings, only(inputs), output)
    }

    fn takes_tokens(&self) -> bool {
        UnaryLayer::takes_tokens(self)
    }

    fn passes_mask(&self, settings: &Settings) -> bool {
        UnaryLayer::passes_mask(self, settings)
    }

    fn views(&self, settings: &Settings) -> &'static [&'static str] {
        UnaryLayer::views(self, settings)
    }

    fn flops(&self, settings: &Settings, inputs: &[Vec<usize>], output: &[usize]) -> u64 {
        UnaryLayer::flops(self, settings, only(inputs), output)
    }

    fn held(&self, settings: &Settings, inputs: &[Vec<usize>], output: &[usize]) -> u64 {
        UnaryLayer::held(self, settings, only(inputs), output)
    }

    fn weights(&self, settings: &Settings, inputs: &[Vec<usize>]) -> Vec<WeightSpec> {
        UnaryLayer::weights(self, settings, only(inputs))
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, inputs: &[NodeId]) -> Result<NodeId> {
        let [input] = *inputs else { return Err(ModelError::OneInput { count: inputs.len() }.into()) };
        UnaryLayer::lower(self, context, settings, input)
    }

    fn formula(&self, settings: &Settings, inputs: &[Vec<usize>], output: &[usize]) -> Formula {
        UnaryLayer::formula(self, settings, only(inputs), output)
    }

    fn derivation(&self, settings: &Settings, inputs: &[Vec<usize>], output: &[usize], at: usize) -> Derivation {
        UnaryLayer::derivation(self, settings, only(inputs), output, at)
    }
}
