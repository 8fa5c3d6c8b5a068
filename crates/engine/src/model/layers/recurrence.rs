//! The common part of recurrent layers: settings, weights, and the way through time.

use std::ops::Bound;

use super::common::{elements, initializer, sequence_extents};
use super::unary::UnaryLayer;
use crate::error::Result;
use crate::ir::NodeId;
use crate::model::catalogue::{Card, Schema, Setting, SettingDefault, Settings, WeightSpec};
use crate::model::formula::{Derivation, Formula, Recurrence, Reduction, Step, Term, range};
use crate::model::initializers::{self, UnitForgetBias};
use crate::model::lower::{Context, Mode, View};
use crate::ops::layout::{reverse, slice};
use crate::ops::matmul::matmul;
use crate::ops::recurrent::{ACTIVATIONS, Cell, CellKind, Extras, recurrent, states};
use crate::ops::reshape::reshape;
use crate::ops::{dropout, pointwise};
use crate::simd::recurrent::{Activation, Activations};
use crate::tensor::{HostTensor, TensorType};

/// A step with more units takes minutes where a lesson has seconds, and drawing their orthogonal kernel does as well.
const MAX_UNITS: i64 = 1024;

/// The functions that a cell offers; their slopes follow from their values.
const FUNCTIONS: &[&str] = &["tanh", "sigmoid", "relu", "linear"];

pub const UNITS: Setting =
    Setting::integer("units", 1, MAX_UNITS).initial(SettingDefault::Number(32.0)).card(Card::Always);

/// The function of the state.
pub const STATE_ACTIVATION: Setting = Setting::choice("activation", FUNCTIONS, "tanh").card(Card::IfChanged(""));

/// The function of the gates.
pub const GATE_ACTIVATION: Setting = Setting::choice("recurrentActivation", FUNCTIONS, "sigmoid");

pub const RECURRENT_INITIALIZER: Setting =
    Setting::choice("recurrentInitializer", initializers::RECURRENT_NAMES, "orthogonal");

const fn rate(name: &'static str, card: &'static str) -> Setting {
    Setting::number(name, Bound::Included(0.0), Bound::Included(0.999))
        .default(SettingDefault::Number(0.0))
        .card(Card::IfChanged(card))
}

pub const DROPOUT: Setting = rate("dropout", "dropout ");

pub const RECURRENT_DROPOUT: Setting = rate("recurrentDropout", "recurrent dropout ");

pub const RETURN_SEQUENCES: Setting = Setting::flag("returnSequences", false).card(Card::IfChanged("sequences"));

pub const GO_BACKWARDS: Setting = Setting::flag("goBackwards", false).card(Card::IfChanged("backwards"));

pub use super::common::{BIAS_INITIALIZER, KERNEL_INITIALIZER, L1, L2, MAX_NORM, USE_BIAS};

/// The tensor of the states over time, `lstm.states` `[N,T,units]`, at the places of the inputs.
pub const STATES: &str = "states";

/// A recurrent layer.
pub struct Recurrent {
    pub schema: &'static Schema,
    /// Returns the kind of the cell.
    pub kind: fn(&Settings) -> CellKind,
    /// Returns the equations of a step.
    pub equations: fn(&Settings) -> Equations,
}

/// The equations of a step, forward and backward, and what a derivation shows of it.
pub struct Equations {
    pub forward: Vec<String>,
    pub backward: Vec<String>,
    /// Letters of what the cell keeps of a step, as [`Cell::kept`] counts it, in the order in which they follow from each other.
    pub kept: &'static [(&'static str, usize)],
    /// The gate whose sum a derivation begins with.
    pub gate: usize,
}

/// A function in formulas.
#[derive(Clone, Copy)]
pub struct Function<'a>(&'a str);

/// Returns the function that a setting names.
pub fn function<'a>(settings: &'a Settings, setting: &str) -> Function<'a> {
    Function(settings.choice(setting))
}

impl Function<'_> {
    /// Formats its value.
    pub fn of(self, argument: &str) -> String {
        match self.0 {
            "tanh" => format!(r"\tanh({argument})"),
            "relu" => format!(r"\max(0, {argument})"),
            "linear" => argument.to_owned(),
            _ => format!("σ({argument})"),
        }
    }

    /// Formats its slope where it has this value.
    pub fn slope(self, value: &str) -> String {
        match self.0 {
            "tanh" => format!("(1 - {value}^2)"),
            "relu" => format!("[{value} > 0]"),
            "linear" => "1".to_owned(),
            _ => format!(r"{value}\,(1 - {value})"),
        }
    }
}

/// One way through time.
#[derive(Clone, Copy, Debug)]
pub struct Direction {
    /// Names of kernel, recurrent kernel and bias.
    pub weights: [&'static str; 3],
    pub is_backwards: bool,
    /// Number among the layer's ways.
    pub number: u32,
}

pub const WEIGHTS: [&str; 3] = ["kernel", "recurrent_kernel", "bias"];

impl Recurrent {
    /// Returns the cell with its functions.
    pub fn cell(&self, settings: &Settings) -> Cell {
        let function = |name: &str| {
            let chosen = settings.choice(name);
            ACTIVATIONS.iter().find(|(own, _)| *own == chosen).map_or(Activation::Sigmoid, |(_, function)| *function)
        };
        let functions = Activations { state: function("activation"), gates: function("recurrentActivation") };
        Cell { kind: (self.kind)(settings), functions }
    }

    /// Returns the only way of a layer that is not bidirectional.
    pub fn direction(settings: &Settings) -> Direction {
        Direction { weights: WEIGHTS, is_backwards: settings.flag("goBackwards"), number: 0 }
    }

    /// Declares the weights of one way.
    pub fn weights_of(&self, settings: &Settings, input: &[usize], names: [&'static str; 3]) -> Vec<WeightSpec> {
        let cell = self.cell(settings);
        let (units, width) = (settings.integer("units"), cell.gates() * settings.integer("units"));
        let features = input.last().copied().unwrap_or(1);
        let own = |setting: &str| initializer(settings, setting);
        let of_bias = own("biasInitializer");
        let of_bias = if settings.flag("unitForgetBias") { UnitForgetBias::beside(of_bias) } else { of_bias };
        let bias = if cell.kind == (CellKind::Gru { reset_after: true }) { vec![2, width] } else { vec![width] };
        let kernel = WeightSpec::new(names[0], vec![features, width], own("kernelInitializer"));
        let recurrent_kernel = WeightSpec::new(names[1], vec![units, width], own("recurrentInitializer"));
        let bias = settings.flag("useBias").then(|| WeightSpec::new(names[2], bias, of_bias));
        [kernel.held_down(settings, &[1]), recurrent_kernel].into_iter().chain(bias).collect()
    }

    /// Appends one way through the sequence `[N,T,D]`. Returns the states `[N,T,units]`, at the places of the inputs.
    ///
    /// # Errors
    /// If an op does not accept what it is given.
    pub fn run(
        &self,
        context: &mut Context<'_>,
        settings: &Settings,
        input: NodeId,
        mask: Option<NodeId>,
        direction: Direction,
    ) -> Result<View> {
        let cell = self.cell(settings);
        let (gates, units) = (cell.gates(), settings.integer("units"));
        let kernel = context.weight(direction.weights[0])?;
        let recurrent_kernel = context.weight(direction.weights[1])?;
        let bias = context.optional_weight(direction.weights[2]);
        let (own_bias, recurrent_bias) = match bias {
            Some(bias) if cell.kind == (CellKind::Gru { reset_after: true }) => {
                let mut row = |at: usize| {
                    let row = slice(context.graph, bias, &[at, 0], &[at + 1, gates * units])?;
                    reshape(context.graph, row, [gates * units])
                };
                (Some(row(0)?), Some(row(1)?))
            }
            other => (other, None),
        };
        let (dropped, factors) = self.drop(context, settings, input, direction)?;
        let projected = project(context, &dropped, kernel, own_bias)?;
        let extras = Extras { bias: recurrent_bias, factors, mask };
        let kept = recurrent(context.graph, cell, direction.is_backwards, projected, recurrent_kernel, extras)?;
        let states = states(context.graph, cell, kept)?;
        // The state may be all that the cell keeps; the view needs a node of its own.
        let shape = context.graph.tensor_type(states).shape.dims().to_vec();
        Ok(View { node: reshape(context.graph, states, shape)?, kept })
    }

    /// Appends dropout of inputs and of states: the inputs that the kernel sees, one for all gates or one for each, and the
    /// factors `[N,gates*units]` of the states.
    ///
    /// As in Keras the same numbers are dropped at every step, and a layer with `recurrentDropout` drops for each gate by
    /// itself.
    fn drop(
        &self,
        context: &mut Context<'_>,
        settings: &Settings,
        input: NodeId,
        direction: Direction,
    ) -> Result<(Vec<NodeId>, Option<NodeId>)> {
        let Mode::Training { key } = context.mode else { return Ok((vec![input], None)) };
        let [rate, recurrent_rate] = ["dropout", "recurrentDropout"].map(|name| settings.number(name) as f32);
        let dims = context.graph.tensor_type(input).shape.dims().to_vec();
        let &[batch, _, features] = &dims[..] else { return Ok((vec![input], None)) };
        let gates = self.cell(settings).gates();
        // A layer has two streams for each way, beside that of the layer's own number.
        let stream = |of_states: bool| context.layer | (1 + 2 * direction.number + u32::from(of_states)) << 16;
        let (of_inputs, of_states) = (stream(false), stream(true));
        let graph = &mut *context.graph;
        let mut draw = |width: usize, rate: f32, stream: u32| {
            let mut ones = HostTensor::zeros(TensorType::f32([batch, width]));
            ones.words_mut().fill(1.0);
            let ones = graph.constant(ones);
            dropout::dropout(graph, ones, key, rate, stream)
        };
        let factors = match recurrent_rate > 0.0 {
            true => Some(draw(gates * settings.integer("units"), recurrent_rate, of_states)?),
            false => None,
        };
        if rate == 0.0 {
            return Ok((vec![input], factors));
        }
        let count = if factors.is_some() { gates } else { 1 };
        let own = draw(count * features, rate, of_inputs)?;
        let mut dropped = Vec::with_capacity(count);
        for gate in 0..count {
            let own = slice(graph, own, &[0, gate * features], &[batch, (gate + 1) * features])?;
            let own = reshape(graph, own, [batch, 1, features])?;
            dropped.push(pointwise::mul(graph, input, own)?);
        }
        Ok((dropped, factors))
    }
}

/// Appends the product of the inputs `[N,T,D]` of all steps with the kernel, plus the bias: `[N,T,columns]`. Several inputs
/// are those of one gate each.
fn project(context: &mut Context<'_>, inputs: &[NodeId], kernel: NodeId, bias: Option<NodeId>) -> Result<NodeId> {
    let graph = &mut *context.graph;
    let kernel_dims = graph.tensor_type(kernel).shape.dims().to_vec();
    let [features, columns] = [0, 1].map(|axis| kernel_dims.get(axis).copied().unwrap_or_default());
    let width = columns / inputs.len().max(1);
    let (mut parts, mut places) = (Vec::with_capacity(inputs.len()), Vec::new());
    for (gate, input) in inputs.iter().enumerate() {
        places = graph.tensor_type(*input).shape.dims()[..2].to_vec();
        let rows = reshape(graph, *input, [places.iter().product(), features])?;
        let own = match inputs.len() {
            1 => kernel,
            _ => slice(graph, kernel, &[0, gate * width], &[features, (gate + 1) * width])?,
        };
        parts.push(matmul(graph, rows, own)?);
    }
    let product = if parts.len() == 1 { parts[0] } else { crate::ops::layout::concat(graph, &parts, 1)? };
    let sum = match bias {
        Some(bias) => pointwise::add(graph, product, bias)?,
        None => product,
    };
    reshape(graph, sum, [places, vec![columns]].concat())
}

/// Appends the state after the last step, `[N,units]`.
///
/// # Errors
/// If the states are not `[N,T,units]`.
pub fn last_state(context: &mut Context<'_>, states: NodeId, is_backwards: bool) -> Result<NodeId> {
    let dims = context.graph.tensor_type(states).shape.dims().to_vec();
    let [batch, steps, units] = [0, 1, 2].map(|axis| dims.get(axis).copied().unwrap_or_default());
    let place = if is_backwards { 0 } else { steps.saturating_sub(1) };
    let last = slice(context.graph, states, &[0, place, 0], &[batch, place + 1, units])?;
    reshape(context.graph, last, [batch, units])
}

/// Counts the operations of one way: the products, the bias, and one for each function and each combination of gates.
pub fn flops(cell: Cell, settings: &Settings, input: &[usize]) -> u64 {
    let features = input.last().copied().unwrap_or_default() as u64;
    let (units, gates) = (settings.integer("units") as u64, cell.gates() as u64);
    let bias = u64::from(settings.flag("useBias"));
    // Functions; products and sums of gates and states.
    let rest = match cell.kind {
        CellKind::Simple => 1,
        CellKind::Lstm => 5 + 4,
        CellKind::Gru { .. } => 3 + 6,
    };
    let steps = elements(&input[..input.len().saturating_sub(1)]);
    steps * units * (gates * (2 * features + 2 * units + bias) + rest)
}

/// Counts what one way holds: the projected inputs and all that the cell keeps.
pub fn held(cell: Cell, settings: &Settings, input: &[usize]) -> u64 {
    let steps = elements(&input[..input.len().saturating_sub(1)]);
    steps * settings.integer("units") as u64 * (cell.gates() + cell.kept()) as u64
}

impl UnaryLayer for Recurrent {
    fn schema(&self) -> &'static Schema {
        self.schema
    }

    fn output_shape(&self, settings: &Settings, input: &[usize]) -> Result<Vec<usize>> {
        let [steps, _] = sequence_extents(input)?;
        let units = settings.integer("units");
        Ok(if settings.flag("returnSequences") { vec![steps, units] } else { vec![units] })
    }

    fn shape_rule(&self, _settings: &Settings, _input: &[usize], output: &[usize]) -> Vec<String> {
        let mut rules: Vec<String> = output.iter().map(usize::to_string).collect();
        if let Some(units) = rules.last_mut() {
            units.insert_str(0, "units = ");
        }
        rules
    }

    fn passes_mask(&self, settings: &Settings) -> bool {
        settings.flag("returnSequences")
    }

    fn views(&self, _settings: &Settings) -> &'static [&'static str] {
        &[STATES]
    }

    fn weights(&self, settings: &Settings, input: &[usize]) -> Vec<WeightSpec> {
        self.weights_of(settings, input, WEIGHTS)
    }

    fn flops(&self, settings: &Settings, input: &[usize], _output: &[usize]) -> u64 {
        flops(self.cell(settings), settings, input)
    }

    fn held(&self, settings: &Settings, input: &[usize], _output: &[usize]) -> u64 {
        held(self.cell(settings), settings, input)
    }

    fn lower(&self, context: &mut Context<'_>, settings: &Settings, input: NodeId) -> Result<NodeId> {
        let direction = Self::direction(settings);
        let mask = context.mask();
        let view = self.run(context, settings, input, mask, direction)?;
        context.view(STATES, view)?;
        let states = view.node;
        if !settings.flag("returnSequences") {
            return last_state(context, states, direction.is_backwards);
        }
        // Keras returns the sequence in the order in which the cell went.
        if direction.is_backwards { reverse(context.graph, states, 1) } else { Ok(states) }
    }

    fn formula(&self, settings: &Settings, input: &[usize], output: &[usize]) -> Formula {
        let equations = (self.equations)(settings);
        let units = settings.integer("units");
        let [steps, features] = [0, 1].map(|axis| input.get(axis).copied().unwrap_or(1));
        let mut symbols = vec![("x", input.to_vec())];
        for weight in self.weights(settings, input) {
            let letter = match weight.name {
                "kernel" => "W",
                "recurrent_kernel" => "U",
                _ => "b",
            };
            symbols.push((letter, weight.shape));
        }
        symbols.push(("h", vec![steps, units]));
        symbols.push(("y", output.to_vec()));
        let mut forward = equations.forward;
        forward.push(match (settings.flag("returnSequences"), settings.flag("goBackwards")) {
            (true, false) => "y_t = h_t".to_owned(),
            (true, true) => format!("y_{{{}-t}} = h_t", steps.saturating_sub(1)),
            (false, false) => format!("y = h_{{{}}}", steps.saturating_sub(1)),
            (false, true) => "y = h_0".to_owned(),
        });
        let ranges = vec![range("t", steps), range("i", features), range("j,k", units)];
        Formula { forward, backward: equations.backward, symbols, ranges }
    }

    fn derivation(&self, settings: &Settings, input: &[usize], _output: &[usize], at: usize) -> Derivation {
        let units = settings.integer("units").max(1);
        let steps = input.first().copied().unwrap_or(1);
        let is_backwards = settings.flag("goBackwards");
        let place = match (settings.flag("returnSequences"), is_backwards) {
            (true, false) => at / units,
            (true, true) => steps - 1 - at / units,
            (false, false) => steps - 1,
            (false, true) => 0,
        };
        self.derivation_at(settings, input, Self::direction(settings), place, at % units)
    }
}

impl Recurrent {
    /// Returns the run of the cell up to a place of the sequence.
    pub fn recurrence_at(
        &self,
        settings: &Settings,
        input: &[usize],
        direction: Direction,
        place: usize,
        unit: usize,
    ) -> Recurrence {
        let [steps, features] = [0, 1].map(|axis| input.get(axis).copied().unwrap_or(1));
        Recurrence {
            cell: self.cell(settings),
            is_backwards: direction.is_backwards,
            weights: direction.weights,
            steps,
            features,
            units: settings.integer("units").max(1),
            place,
            unit,
            gate: (self.equations)(settings).gate,
        }
    }

    /// Derives the state of a unit at a place of the sequence.
    pub fn derivation_at(
        &self,
        settings: &Settings,
        input: &[usize],
        direction: Direction,
        place: usize,
        unit: usize,
    ) -> Derivation {
        let equations = (self.equations)(settings);
        let recurrence = self.recurrence_at(settings, input, direction, place, unit);
        let (units, gates, features) = (recurrence.units, recurrence.cell.gates(), recurrence.features);
        let column = equations.gate * units + unit;
        let terms = (0..features)
            .map(|feature| Term { input: Some(place * features + feature), weight: feature * gates * units + column });
        let mut derivation = Derivation {
            groups: vec![terms.collect()],
            columns: 1,
            reduction: Reduction::Sum,
            weight: Some(direction.weights[0]),
            ..Derivation::default()
        };
        if settings.flag("useBias") {
            derivation.steps.push(Step::Add { weight: direction.weights[2], at: column });
        }
        derivation.steps.push(Step::AddProduct(recurrence));
        let kept = equations.kept.iter().map(|&(letter, part)| Step::Kept { letter, part, recurrence });
        derivation.steps.extend(kept);
        derivation
    }
}
