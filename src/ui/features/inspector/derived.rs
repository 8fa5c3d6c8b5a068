//! The derivation of one number of a layer's output, as the rows of its tables.

use crate::ui::format;
use crate::ui::text::{t, t_with};
use chalkgrad_engine::model::catalogue::ResolvedLayer;
use chalkgrad_engine::model::formula::{self, Derivation, Reduction, Step, Term, Trace};

/// Number of terms shown before more are requested.
const FEW_TERMS: usize = 10;
/// Maximum number of terms; more would be slow to show, and no reader needs them.
const MAX_TERMS: usize = 300;
/// Maximum size of a window that is shown whole.
const MAX_WINDOW: usize = 100;
/// Above this size the sum of a softmax is not derived.
const MAX_SOFTMAX_TERMS: usize = 1 << 21;

/// Tensors of one example around a layer.
#[derive(Clone, PartialEq, Debug)]
pub struct Values {
    /// Names of the layer's inputs.
    pub inputs: Vec<String>,
    /// Numbers of all inputs, one behind the other.
    pub input: Vec<f32>,
    pub output: Vec<f32>,
    pub weights: Vec<(&'static str, Vec<f32>)>,
}

impl Values {
    fn weight(&self, name: &str) -> &[f32] {
        self.weights.iter().find(|(own, _)| *own == name).map_or(&[], |(_, values)| values)
    }
}

/// Derivation of a number.
pub struct WorkedOut {
    /// `None` where the output is the input.
    pub terms: Option<Terms>,
    /// Contributions of the input channels, if there are several.
    pub sums: Vec<f32>,
    /// Steps from the sum to the output.
    pub chain: Vec<(String, Option<f32>)>,
    pub result: (String, Option<f32>),
}

/// Terms of one input channel.
pub struct Terms {
    pub caption: String,
    pub has_weights: bool,
    pub rows: Vec<ProductRow>,
    /// Terms that are left out.
    pub rest: usize,
    pub more_text: String,
    /// The largest contribution.
    pub scale: f32,
}

/// One term.
pub struct ProductRow {
    pub place: String,
    pub input: f32,
    pub weight: Option<f32>,
    pub product: f32,
    /// The maximum is this one.
    pub is_top: bool,
}

/// Returns the input channel that contributes most.
pub fn largest_group(layer: &ResolvedLayer, values: &Values, at: usize) -> usize {
    let derivation = layer.derivation(at);
    let weight = |name: &str| values.weight(name);
    let trace = derivation.trace(&values.input, &weight);
    let of_group = |at: usize| derivation.group_factor(at, &weight).unwrap_or(1.0);
    let sizes = trace.groups.iter().enumerate().map(|(at, group)| (at, (group * of_group(at)).abs()));
    sizes.max_by(|one, other| one.1.total_cmp(&other.1)).map_or(0, |(at, _)| at)
}

/// Works out the number at a position of the output, with the terms of one input channel.
pub fn work_out(layer: &ResolvedLayer, values: &Values, at: usize, group: usize, shows_all: bool) -> WorkedOut {
    let derivation = layer.derivation(at);
    let trace = derivation.trace(&values.input, &|name| values.weight(name));
    let group = group.min(derivation.groups.len().saturating_sub(1));
    let has_terms = derivation.reduction != Reduction::Copy;
    let (chain, result) = chain(layer, values, at, &derivation, &trace);
    WorkedOut {
        terms: has_terms.then(|| terms(layer, values, &derivation, group, shows_all)),
        sums: if has_terms && derivation.groups.len() > 1 { trace.groups.clone() } else { Vec::new() },
        chain,
        result,
    }
}

fn terms(layer: &ResolvedLayer, values: &Values, derivation: &Derivation, group: usize, shows_all: bool) -> Terms {
    let terms = &derivation.groups[group];
    let weight = |name: &str| values.weight(name);
    let factors = derivation.factors(&weight);
    let contribution = |term: &Term| derivation.contribution(*term, &values.input, factors);
    let mut shown: Vec<&Term> = terms.iter().collect();
    let is_window = layer.input_shapes.iter().all(|shape| shape.len() == 3);
    let limit = match (shows_all, is_window && shown.len() <= MAX_WINDOW) {
        (true, _) => MAX_TERMS,
        (false, true) => MAX_WINDOW,
        (false, false) => FEW_TERMS,
    };
    if shown.len() > limit {
        // The largest ones first.
        shown.sort_by(|one, other| contribution(other).abs().total_cmp(&contribution(one).abs()));
    }
    shown.truncate(limit);
    let scale = shown.iter().map(|term| contribution(term).abs()).fold(f32::MIN_POSITIVE, f32::max);
    let inputs = shown.iter().filter(|term| term.input.is_some());
    let top = inputs.map(|term| contribution(term)).fold(f32::NEG_INFINITY, f32::max);
    let row = |term: &&Term| {
        let place = match term.input {
            None => t("padding_zero"),
            Some(at) => {
                let (input, place) = layer.input_place(at);
                let place = match place[..] {
                    [row, column, _] => [row, column].map(|at| at.to_string()).join(", "),
                    _ => place.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
                };
                if layer.inputs.len() > 1 { format!("{} [{place}]", values.inputs[input]) } else { place }
            }
        };
        let product = contribution(term);
        ProductRow {
            place,
            input: term.input.and_then(|at| values.input.get(at)).copied().unwrap_or_default(),
            weight: factors.map(|factors| factors.get(term.weight).copied().unwrap_or_default()),
            product,
            is_top: derivation.reduction == Reduction::Max && term.input.is_some() && product == top,
        }
    };
    let caption = if derivation.groups.len() > 1 {
        let (channel, count) = (group.to_string(), derivation.groups.len().to_string());
        let factor = derivation.group_factor(group, &weight).map(format::value);
        match factor {
            Some(factor) => {
                t_with("terms_of_channel_times", &[("channel", &channel), ("count", &count), ("factor", &factor)])
            }
            None => t_with("terms_of_channel", &[("channel", &channel), ("count", &count)]),
        }
    } else {
        t("terms")
    };
    Terms {
        caption,
        has_weights: factors.is_some(),
        rest: terms.len() - shown.len(),
        more_text: t_with("show_all", &[("count", &terms.len().min(MAX_TERMS).to_string())]),
        scale,
        rows: shown.iter().map(row).collect(),
    }
}

/// A line of the last table: a text, and a number if it is known.
type Line = (String, Option<f32>);

/// Returns the steps from the sum to the output, and the output.
fn chain(
    layer: &ResolvedLayer,
    values: &Values,
    at: usize,
    derivation: &Derivation,
    trace: &Trace,
) -> (Vec<Line>, Line) {
    let all = derivation.groups.iter().flatten();
    let is_weighted = derivation.weight.is_some() || !derivation.shares.is_empty();
    let count = all.filter(|term| term.input.is_some() || is_weighted).count();
    let count = [("count", &*count.to_string())];
    let first = match derivation.reduction {
        Reduction::Copy => t("derivation_copy"),
        Reduction::Sum if !is_weighted => t_with("derivation_sum_of_inputs", &count),
        Reduction::Sum => match derivation.group_weight {
            Some((weight, _)) => t_with("derivation_sum_of_groups", &[("weight", weight)]),
            None => t_with("derivation_sum", &count),
        },
        Reduction::Product => t_with("derivation_product", &count),
        Reduction::Max => t_with("derivation_max", &count),
        Reduction::Mean => t_with("derivation_mean", &count),
    };
    let mut rows = vec![(first, Some(trace.reduced))];
    let number = |weight: &str, at: usize| values.weight(weight).get(at).copied();
    let name = |weight: &str, at: usize| format!("{weight}[{at}]");
    let mut last = String::new();
    for step in &derivation.steps {
        match step {
            Step::Add { weight, at } => rows.push((format!("+ {}", name(weight, *at)), number(weight, *at))),
            Step::Subtract { weight, at } => rows.push((format!("− {}", name(weight, *at)), number(weight, *at))),
            Step::Multiply { weight, at } => rows.push((format!("× {}", name(weight, *at)), number(weight, *at))),
            Step::DivideByRoot { weight, at, epsilon } => {
                let root = format!("÷ √({} + {})", name(weight, *at), format::number(*epsilon));
                rows.push((root, number(weight, *at)));
            }
            Step::Scale(factor) => rows.push((format!("× {}", format::number(*factor)), None)),
            Step::Shift(offset) => rows.push((format!("+ {}", format::number(*offset)), None)),
            Step::SubtractFromInput { at } => {
                rows.push((format!("x[{at}] − μ"), values.input.get(*at).copied()));
            }
            Step::DivideByDeviation { epsilon } => {
                let variance = derivation.variance(&values.input) as f32;
                rows.push((format!("÷ √(σ² + {})", format::number(*epsilon)), Some(variance)));
            }
            Step::Lookup { weight, width, column } => {
                let at = trace.reduced as usize * width + column;
                rows.push((name(weight, at), number(weight, at)));
            }
            Step::AddProduct(recurrence) => {
                let product = recurrence.product(&values.input, &|name| values.weight(name));
                rows.push((format!("+ h·{}", recurrence.weights[1]), Some(product)));
            }
            Step::Merge { multiplies, recurrence } => {
                let sign = if *multiplies { '×' } else { '+' };
                let state = recurrence.state(&values.input, &|name| values.weight(name));
                rows.push((format!("{sign} h′"), Some(state)));
            }
            Step::Kept { letter, part, recurrence } => {
                rows.push((
                    (*letter).to_owned(),
                    Some(recurrence.kept(&values.input, &|name| values.weight(name), *part)),
                ));
            }
            Step::Function(name) => last = format!("{name}(z) = "),
            Step::Softmax => {
                if let Some(sum) = softmax_sum(layer, values, at) {
                    rows.push(("z".to_owned(), Some(trace.last())));
                    rows.push(("Σ exp(z)".to_owned(), Some(sum)));
                }
                last = "exp(z) / Σ exp(z) = ".to_owned();
            }
        }
    }
    if matches!(derivation.steps.last(), Some(Step::Function(_))) {
        rows.push(("z".to_owned(), Some(trace.last())));
    }
    let place = [0].into_iter().chain(formula::place(&layer.output_shape, at));
    let place: Vec<String> = place.map(|at| at.to_string()).collect();
    let name = format!("{last}{}.output[{}]", layer.name, place.join(", "));
    (rows, (name, values.output.get(at).copied()))
}

/// Computes the sum by which a softmax divides, over the last axis.
fn softmax_sum(layer: &ResolvedLayer, values: &Values, at: usize) -> Option<f32> {
    let units = layer.output_shape.last().copied()?;
    let first = at / units * units;
    let terms: usize = layer.derivation(first).groups.iter().map(Vec::len).sum();
    if terms * units > MAX_SOFTMAX_TERMS {
        return None;
    }
    let weight = |name: &str| values.weight(name);
    let exponentials = (first..first + units).map(|at| layer.derivation(at).trace(&values.input, &weight).last().exp());
    Some(exponentials.sum())
}
