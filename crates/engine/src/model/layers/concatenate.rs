//! Concatenate: the inputs stand one behind the other along an axis.

use super::common::example_axis;
use super::{Layer, merging};
use crate::error::{ModelError, Result};
use crate::ir::NodeId;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings, shape_text};
use crate::model::formula::{Derivation, Formula, index, place, range};
use crate::model::lower::Context;
use crate::ops::layout::concat;

pub struct Concatenate;

static SCHEMA: Schema = Schema {
    type_name: "Concatenate",
    // The batch's axis counts, as in Keras: 1 is the first of an example, -1 the last.
    settings: &[Setting::integer("axis", -4, 4).default(SettingDefault::Number(-1.0)).card(Card::IfChanged("axis "))],
};

/// Returns the axis within one example.
///
/// # Errors
/// `bad-setting` if the inputs have no such axis, or it is that of the batch.
fn axis(settings: &Settings, input: &[usize]) -> Result<usize> {
    example_axis(settings.number("axis"), input)
}

/// Returns the axis of inputs that fit.
fn checked_axis(settings: &Settings, output: &[usize]) -> usize {
    axis(settings, output).unwrap_or_default()
}

impl Layer for Concatenate {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn merges(&self) -> bool {
        true
    }

    /// Along the steps the masks would have to be joined as well.
    fn passes_mask(&self, settings: &Settings) -> bool {
        settings.number("axis") != 1.0
    }

    fn output_shape(&self, settings: &Settings, inputs: &[Vec<usize>]) -> Result<Vec<usize>> {
        let mut output = inputs.first().cloned().unwrap_or_default();
        let axis = axis(settings, &output)?;
        for input in &inputs[1..] {
            let fits = |at: usize| at == axis || input[at] == output[at];
            if input.len() != output.len() || !(0..input.len()).all(fits) {
                let [first, other] = [&inputs[0], input].map(|shape| shape_text(shape));
                return Err(ModelError::InputsNotJoinable { first, other, axis: axis + 1 }.into());
            }
            output[axis] = output[axis].saturating_add(input[axis]);
        }
        Ok(output)
    }

    fn shape_rule(&self, settings: &Settings, inputs: &[Vec<usize>], output: &[usize]) -> Vec<String> {
        let joined = checked_axis(settings, output);
        let rule = |(axis, extent): (usize, &usize)| {
            let parts: Vec<String> = inputs.iter().map(|input| input[axis].to_string()).collect();
            if axis == joined { format!("{} = {extent}", parts.join(" + ")) } else { extent.to_string() }
        };
        output.iter().enumerate().map(rule).collect()
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, inputs: &[NodeId]) -> Result<NodeId> {
        let Some(first) = inputs.first() else { return Err(ModelError::SeveralInputs { count: 0 }.into()) };
        let axis = axis(settings, &context.graph.tensor_type(*first).shape.dims()[1..])?;
        concat(context.graph, inputs, axis + 1)
    }

    fn formula(&self, settings: &Settings, inputs: &[Vec<usize>], output: &[usize]) -> Formula {
        let axis = checked_axis(settings, output);
        let (mut formula, mut first) = (Formula::default(), 0);
        for (letter, input) in merging::LETTERS.iter().zip(inputs) {
            // The index runs along the axis of the concatenation; the others stay as they are.
            let at = if first == 0 { "c".to_owned() } else { format!("{first}+c") };
            formula.forward.push(format!(r"y_{{{at}}} = ({letter})_c,\, {}", range("c", input[axis])));
            formula.backward.push(format!(r"\frac{{∂L}}{{∂({letter})_c}} = g_{{{at}}}"));
            formula.symbols.push((letter, input.clone()));
            first += input[axis];
        }
        formula.symbols.push(("y", output.to_vec()));
        formula
    }

    fn derivation(&self, settings: &Settings, inputs: &[Vec<usize>], output: &[usize], at: usize) -> Derivation {
        let axis = checked_axis(settings, output);
        let mut place = place(output, at);
        let mut first = 0;
        for input in inputs {
            if place[axis] < input[axis] {
                return Derivation::copy(first + index(input, &place));
            }
            place[axis] -= input[axis];
            first += input.iter().product::<usize>();
        }
        Derivation::copy(at)
    }
}
