//! Bidirectional: two recurrent layers of one kind, one of which reads the sequence from its end (Schuster and Paliwal 1997).

use super::gru::GRU;
use super::lstm::LSTM;
use super::recurrence::{Direction, Recurrent, flops, held, last_state};
use super::simple_rnn::SIMPLE_RNN;
use super::unary::UnaryLayer;
use crate::error::{Result, SettingError, SettingRule};
use crate::ir::{Graph, NodeId};
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings, WeightSpec};
use crate::model::formula::{Derivation, Formula, Step, range};
use crate::model::lower::{Context, View};
use crate::ops::layout::concat;
use crate::ops::pointwise;
use crate::ops::reshape::reshape;

pub struct Bidirectional;

static SCHEMA: Schema = Schema {
    type_name: "Bidirectional",
    settings: &[
        Setting::layer("layer", &["LSTM", "GRU", "SimpleRNN"])
            .initial(SettingDefault::Layer("LSTM"))
            .card(Card::Always),
        Setting::choice("mergeMode", &["concat", "sum", "mul", "ave"], "concat").card(Card::IfChanged("")),
    ],
};

const FORWARD: [&str; 3] = ["forward.kernel", "forward.recurrent_kernel", "forward.bias"];
const BACKWARD: [&str; 3] = ["backward.kernel", "backward.recurrent_kernel", "backward.bias"];
const VIEWS: [&str; 2] = ["forward.states", "backward.states"];

/// Returns the layer inside, and its settings. The check of the settings has found both.
fn inner(settings: &Settings) -> Result<(&'static Recurrent, Settings)> {
    let layer = settings.layer("layer");
    let recurrent: &'static Recurrent = match layer.map(|layer| layer.type_name.as_str()) {
        Some("GRU") => &GRU,
        Some("SimpleRNN") => &SIMPLE_RNN,
        _ => &LSTM,
    };
    let given = layer.map(|layer| layer.settings.clone()).unwrap_or_default();
    Ok((recurrent, Settings::resolve(recurrent.schema, &given)?))
}

const WAYS: [Direction; 2] = [
    Direction { weights: FORWARD, is_backwards: false, number: 0 },
    Direction { weights: BACKWARD, is_backwards: true, number: 1 },
];

/// Appends the states with zeros at masked steps, as Keras has them in this layer alone.
fn zero_masked(graph: &mut Graph, states: NodeId, mask: Option<NodeId>) -> Result<NodeId> {
    let Some(mask) = mask else { return Ok(states) };
    let shape = [graph.tensor_type(mask).shape.dims(), &[1]].concat();
    let mask = reshape(graph, mask, shape)?;
    pointwise::mul(graph, states, mask)
}

impl UnaryLayer for Bidirectional {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        let (recurrent, inner) = inner(settings)?;
        if inner.flag("goBackwards") {
            // Keras refuses it as well: one of the two goes forwards.
            let rule = SettingRule::OneOf { words: ["false"].into_iter().collect() };
            let (setting, value) = ("goBackwards".to_owned(), true.to_string());
            return Err(SettingError::BadSetting { setting, value, rule }.into());
        }
        let mut output = recurrent.output_shape(&inner, input)?;
        if let (Some(units), "concat") = (output.last_mut(), settings.choice("mergeMode")) {
            *units *= 2;
        }
        Ok(output)
    }

    fn shape_rule(&self, settings: &Settings, _input: &[usize], output: &[usize]) -> Vec<String> {
        let mut rules: Vec<String> = output.iter().map(usize::to_string).collect();
        if let Some(units) = rules.last_mut() {
            let rule = if settings.choice("mergeMode") == "concat" { "2 units = " } else { "units = " };
            units.insert_str(0, rule);
        }
        rules
    }

    fn passes_mask(&self, settings: &Settings) -> bool {
        inner(settings).is_ok_and(|(_, inner)| inner.flag("returnSequences"))
    }

    fn views(&self, _settings: &Settings) -> &'static [&'static str] {
        &VIEWS
    }

    fn weights(&self, settings: &Settings, input: &[usize]) -> Vec<WeightSpec> {
        let Ok((recurrent, inner)) = inner(settings) else { return Vec::new() };
        [FORWARD, BACKWARD].into_iter().flat_map(|names| recurrent.weights_of(&inner, input, names)).collect()
    }

    fn flops(&self, settings: &Settings, input: &[usize], output: &[usize]) -> u64 {
        let Ok((recurrent, inner)) = inner(settings) else { return 0 };
        let merge = match settings.choice("mergeMode") {
            "concat" => 0,
            "ave" => 2,
            _ => 1,
        };
        2 * flops(recurrent.cell(&inner), &inner, input) + merge * super::common::elements(output)
    }

    fn held(&self, settings: &Settings, input: &[usize], output: &[usize]) -> u64 {
        let of_ways = inner(settings).map_or(0, |(recurrent, inner)| held(recurrent.cell(&inner), &inner, input));
        2 * of_ways + super::common::elements(output)
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let (recurrent, inner) = inner(settings)?;
        let mask = context.mask();
        let mut parts = Vec::with_capacity(2);
        for (direction, view) in WAYS.into_iter().zip(VIEWS) {
            let own: View = recurrent.run(context, &inner, input, mask, direction)?;
            context.view(view, own)?;
            parts.push(match inner.flag("returnSequences") {
                true => zero_masked(context.graph, own.node, mask)?,
                false => last_state(context, own.node, direction.is_backwards)?,
            });
        }
        let graph = &mut *context.graph;
        let last = graph.tensor_type(parts[0]).shape.rank() - 1;
        match settings.choice("mergeMode") {
            "concat" => concat(graph, &parts, last),
            "mul" => pointwise::mul(graph, parts[0], parts[1]),
            mode => {
                let sum = pointwise::add(graph, parts[0], parts[1])?;
                let half = graph.scalar(0.5);
                if mode == "ave" { pointwise::mul(graph, sum, half) } else { Ok(sum) }
            }
        }
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let Ok((recurrent, inner)) = inner(settings) else { return Formula::default() };
        let units = inner.integer("units");
        let mut formula = recurrent.formula(&inner, input, &[]);
        // The last formula of the layer inside is that of its own output. Both layers have the same others.
        formula.forward.pop();
        formula.forward.push(match settings.choice("mergeMode") {
            "concat" => format!(r"y_k = h_k,\, y_{{{units}+k}} = h′_k"),
            "mul" => r"y = h\,h′".to_owned(),
            "ave" => r"y = \frac{h + h′}{2}".to_owned(),
            _ => "y = h + h′".to_owned(),
        });
        formula.symbols.pop();
        formula.symbols.push(("h′", vec![input.first().copied().unwrap_or(1), units]));
        formula.symbols.push(("y", output.to_vec()));
        formula.ranges = vec![range("t", input.first().copied().unwrap_or(1)), range("k", units)];
        formula
    }

    fn derivation(&self, settings: &Settings, input: &[usize], output: &[usize], at: usize) -> Derivation {
        let Ok((recurrent, inner)) = inner(settings) else { return Derivation::copy(at) };
        let units = inner.integer("units").max(1);
        let width = output.last().copied().unwrap_or(1).max(1);
        let steps = input.first().copied().unwrap_or(1);
        let [first, second] = WAYS;
        let place = |direction: Direction| match inner.flag("returnSequences") {
            true => at / width,
            false if direction.is_backwards => 0,
            false => steps - 1,
        };
        let unit = at % width;
        if settings.choice("mergeMode") == "concat" && unit >= units {
            return recurrent.derivation_at(&inner, input, second, place(second), unit - units);
        }
        let mut derivation = recurrent.derivation_at(&inner, input, first, place(first), unit);
        let mode = settings.choice("mergeMode");
        if mode != "concat" {
            let recurrence = recurrent.recurrence_at(&inner, input, second, place(second), unit);
            derivation.steps.push(Step::Merge { multiplies: mode == "mul", recurrence });
        }
        if mode == "ave" {
            derivation.steps.push(Step::Scale(0.5));
        }
        derivation
    }
}
