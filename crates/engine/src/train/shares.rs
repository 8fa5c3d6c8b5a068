//! Shares of an input's numbers, or of a text's words, in the answer of a model.

use super::graphs::{INPUT, Program, readable};
use super::model::LoadedModel;
use super::record_graphs::final_operand;
use crate::autograd::gradients;
use crate::data::FieldType;
use crate::error::Result;
use crate::ir::{Graph, NodeId};
use crate::model::catalogue::ResolvedLayer;
use crate::model::lower::{Mode, Network, append_model};
use crate::ops::{pointwise, reduce};
use crate::protocol::INPUT_SHARES;

impl LoadedModel {
    /// Builds the outputs of all layers for one input, and the [share](crate::protocol::INPUT_SHARES) that each number of the input
    /// has in the answer: the gradient of the predicted class's logit times the input. The share of a token is the sum over the
    /// numbers of its embedding, `[1,T]`.
    ///
    /// # Errors
    /// If an op does not accept what it is given; the error carries the layer.
    pub fn shares_graph(&self) -> Result<Program> {
        let mut graph = Graph::new();
        let input = graph.input(INPUT, self.batched_input(1))?;
        let network = append_model(&mut graph, self.layers(), input, Mode::Inference)?;
        let mut taps: Vec<NodeId> = readable(&network).collect();
        let is_embedding =
            |(layer, output): (&ResolvedLayer, &NodeId)| layer.layer_type.takes_tokens().then_some(*output);
        let sources = match self.schema().input.dtype {
            FieldType::Tokens { .. } => self.layers().iter().zip(&network.outputs).filter_map(is_embedding).collect(),
            FieldType::U8 { .. } | FieldType::F32 => vec![input],
        };
        let answer = answer(&mut graph, &network)?;
        let mut total = None;
        for (source, gradient) in sources.iter().zip(gradients(&mut graph, answer, &sources)?) {
            let products = pointwise::mul(&mut graph, *source, gradient)?;
            let shares = match graph.tensor_type(products).shape.rank() {
                rank if *source != input => reduce::sum(&mut graph, products, &[rank - 1], false)?,
                _ => products,
            };
            total = Some(match total {
                Some(total) => pointwise::add(&mut graph, total, shares)?,
                None => shares,
            });
        }
        if let Some(total) = total {
            graph.set_name(total, INPUT_SHARES)?;
            taps.push(total);
        }
        graph.add_output(network.output);
        Ok(Program { graph, taps })
    }
}

/// Appends the logit of the predicted class for one input, `[]`: the largest output, before a softmax or sigmoid. One output tells
/// two classes apart by its sign before the sigmoid.
fn answer(graph: &mut Graph, network: &Network) -> Result<NodeId> {
    let operand = final_operand(graph, network.output);
    let mut score = operand.unwrap_or(network.output);
    if operand.is_some() && graph.tensor_type(score).shape.last() == 1 {
        score = pointwise::abs(graph, score)?;
    }
    let axes: Vec<usize> = (0..graph.tensor_type(score).shape.rank()).collect();
    reduce::max(graph, score, &axes, false)
}
