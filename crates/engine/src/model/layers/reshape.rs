//! Reshape: the same numbers in the same order, in another shape.

use super::unary::UnaryLayer;
use crate::error::{ModelError, Result};
use crate::ir::NodeId;
use crate::model::catalogue::{Card, MAX_ELEMENTS, Schema, Setting, SettingDefault, Settings, shape_text};
use crate::model::formula::Formula;
use crate::model::lower::Context;
use crate::ops::reshape::reshape;

pub struct Reshape;

static SCHEMA: Schema = Schema {
    type_name: "Reshape",
    // An extent of -1 follows from the others. No other data than images has three.
    settings: &[Setting::integers("targetShape", -1, MAX_ELEMENTS as i64, 3)
        .initial(SettingDefault::Number(-1.0))
        .card(Card::Always)],
};

impl UnaryLayer for Reshape {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        let target = settings.integers("targetShape");
        let count: u64 = input.iter().map(|extent| *extent as u64).product();
        let known = target
            .iter()
            .filter(|extent| **extent > 0.0)
            .fold(1, |product: u64, extent| product.saturating_mul(*extent as u64));
        let unknown = target.iter().filter(|extent| **extent < 0.0).count();
        let has_zero = target.contains(&0.0);
        let fits = if unknown == 0 { known == count } else { unknown == 1 && count.is_multiple_of(known) };
        if has_zero || !fits {
            let target = target.iter().map(f64::to_string).collect();
            return Err(ModelError::WrongTargetShape { target, shape: shape_text(input), count }.into());
        }
        let extent = |extent: &f64| if *extent < 0.0 { (count / known) as usize } else { *extent as usize };
        Ok(target.iter().map(extent).collect())
    }

    fn formula(&self, _settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        Formula {
            forward: vec!["y_m = x_m".to_owned()],
            backward: vec![r"\frac{∂L}{∂x_m} = g_m".to_owned()],
            symbols: vec![("x", input.to_vec()), ("y", output.to_vec())],
            ranges: Vec::new(),
        }
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let dims = context.graph.tensor_type(input).shape.dims().to_vec();
        let output = self.output_shape(settings, &dims[1..])?;
        reshape(context.graph, input, [&dims[..1], &output[..]].concat())
    }
}
