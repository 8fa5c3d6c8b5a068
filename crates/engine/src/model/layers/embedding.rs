//! Embedding: each token becomes a row of a table that is learned.

use super::common::{L1, L2, MAX_NORM, initializer};
use super::unary::UnaryLayer;
use crate::error::{ModelError, Result};
use crate::ir::NodeId;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings, WeightSpec};
use crate::model::formula::{Derivation, Formula, Step, place, range};
use crate::model::initializers;
use crate::model::lower::Context;
use crate::ops::gather::gather;
use crate::tensor::{DType, HostTensor, TensorType};

pub struct Embedding;

static SCHEMA: Schema = Schema {
    type_name: "Embedding",
    settings: &[
        Setting::integer("inputDim", 1, 1 << 20).initial(SettingDefault::Number(5000.0)).card(Card::Always),
        Setting::integer("outputDim", 1, 4096).initial(SettingDefault::Number(32.0)).card(Card::Always),
        Setting::choice("embeddingsInitializer", initializers::EMBEDDING_NAMES, "uniform"),
        Setting::flag("maskZero", false).card(Card::IfChanged("mask")),
        L1,
        L2,
        MAX_NORM,
    ],
};

impl UnaryLayer for Embedding {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn takes_tokens(&self) -> bool {
        true
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        Ok([input, &[settings.integer("outputDim")]].concat())
    }

    fn weights(&self, settings: &Settings, _input: &[usize]) -> Vec<WeightSpec> {
        let shape = vec![settings.integer("inputDim"), settings.integer("outputDim")];
        // The norm of a row is limited: that of a token.
        vec![
            WeightSpec::new("embeddings", shape, initializer(settings, "embeddingsInitializer"))
                .held_down(settings, &[0]),
        ]
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let [tokens, width] = ["inputDim", "outputDim"].map(|name| settings.integer(name));
        Formula {
            forward: vec!["y_{t,k} = E_{x_t,k}".to_owned()],
            backward: vec![r"\frac{∂L}{∂E_{v,k}} = \sum_{x_t = v} g_{t,k}".to_owned()],
            symbols: vec![("x", input.to_vec()), ("E", vec![tokens, width]), ("y", output.to_vec())],
            ranges: vec![range("t", input.iter().product()), range("v", tokens), range("k", width)],
        }
    }

    fn derivation(&self, _settings: &Settings, _input: &[usize], output: &[usize], at: usize) -> Derivation {
        let width = output.last().copied().unwrap_or(1).max(1);
        let mut derivation = Derivation::copy(at / width);
        let column = place(output, at).last().copied().unwrap_or_default();
        derivation.steps.push(Step::Lookup { weight: "embeddings", width, column });
        derivation
    }

    /// Appends the rows of the tokens `i32[N,...]`. With `maskZero` token 0 does not count.
    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let table = context.weight("embeddings")?;
        let ids = context.graph.tensor_type(input);
        if ids.dtype != DType::I32 {
            return Err(ModelError::NoTokens.into());
        }
        if settings.flag("maskZero") && ids.shape.rank() == 2 {
            let mut counts = HostTensor::zeros(TensorType::f32([settings.integer("inputDim")]));
            counts.words_mut().iter_mut().skip(1).for_each(|count| *count = 1.0);
            let counts = context.graph.constant(counts);
            let mask = gather(context.graph, counts, input)?;
            context.set_mask(mask);
        }
        gather(context.graph, table, input)
    }
}
