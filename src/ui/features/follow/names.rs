//! Names of numbers in plain words: which tensor, and which place in it.

use std::collections::BTreeMap;

use chalkgrad_engine::protocol::explanation::{CellInfo, Explanation, Origin, PartKind};

use crate::ui::format;
use crate::ui::text::{Locale, fill};

pub const BATCH_INPUT: &str = "batch.input";
pub const BATCH_TARGET: &str = "batch.target";
pub const BATCH_LOSS: &str = "batch.loss";
const LOGITS: &str = "logits";
const LEARNING_RATE: &str = "learning_rate";
const BIAS_CORRECTION: &str = "bias_correction";

/// Name under which numbers on the way to the loss stand, like those of a layer.
const LOSS: &str = "loss";

/// Name of the sum before the activation among a layer's tensors.
const SUM: &str = "add";
/// Names of sums of products of inputs and weights, to which the bias is added.
const PRODUCTS: [&str; 4] = ["matmul", "conv2d", "conv2d_transpose", "depthwise_conv2d"];

/// Parts of a tensor's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TensorName<'a> {
    /// True for a value from before the step's update.
    pub is_before: bool,
    /// True for a number between a gradient and the new weight.
    pub is_update: bool,
    pub is_gradient: bool,
    /// The optimizer's state, `adam.m`.
    pub state: Option<&'a str>,
    /// The tensor itself, `conv2d.kernel`.
    pub base: &'a str,
}

impl<'a> TensorName<'a> {
    pub fn new(name: &'a str) -> Self {
        let (is_before, name) = strip(name, "before ");
        let (is_update, name) = strip(name, "update ");
        let (is_gradient, name) = strip(name, "grad ");
        let (state, base) = match name.split_once(' ') {
            Some((state, base)) if state.contains('.') => (Some(state), base),
            _ => (None, name),
        };
        Self { is_before, is_update, is_gradient, state, base }
    }

    /// Returns the layer of the tensor and the tensor's name in it, if it belongs to one.
    pub fn layer(self) -> Option<(&'a str, &'a str)> {
        self.base.rsplit_once('.').filter(|_| !self.is_of_batch())
    }

    /// Returns true for a tensor that depends on the batch, or belongs to a layer.
    pub fn is_of_network(self) -> bool {
        self.is_of_batch() || self.base == LOGITS || self.layer().is_some()
    }

    pub fn is_of_batch(self) -> bool {
        self.base.starts_with("batch.")
    }
}

fn strip<'a>(name: &'a str, start: &str) -> (bool, &'a str) {
    name.strip_prefix(start).map_or((false, name), |rest| (true, rest))
}

/// Meaning of the axes of a weight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Axes {
    /// Row, column, channel, filter.
    Kernel,
    /// Row, column, filter, channel.
    TransposedKernel,
    /// Row, column, channel, and which of the channel's filters.
    DepthwiseKernel,
    /// Input and unit.
    Matrix,
    /// Word and its numbers.
    Words,
    Other,
}

impl Axes {
    /// Returns the axes of a weight of a layer.
    pub fn of(layer_type: &str, weight: &str, axes: usize) -> Self {
        match (layer_type, weight, axes) {
            ("Conv2DTranspose", _, 4) => Self::TransposedKernel,
            ("DepthwiseConv2D", _, 4) => Self::DepthwiseKernel,
            ("SeparableConv2D", "depthwise_kernel", 4) => Self::DepthwiseKernel,
            (.., 4) => Self::Kernel,
            ("Embedding", _, 2) => Self::Words,
            (.., 2) => Self::Matrix,
            _ => Self::Other,
        }
    }
}

/// Weights of the network, by name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Known {
    weights: BTreeMap<String, Axes>,
}

impl Known {
    pub fn new(weights: impl IntoIterator<Item = (String, Axes)>) -> Self {
        Self { weights: weights.into_iter().collect() }
    }

    pub fn is_weight(&self, base: &str) -> bool {
        self.weights.contains_key(base)
    }
}

/// Words for the numbers of a network, in a language.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    pub locale: Locale,
    pub known: &'a Known,
    /// Workers that computed the step together.
    pub shards: u32,
    /// The numbers are those of a step, not of one input.
    pub is_of_step: bool,
}

impl Words<'_> {
    fn text(&self, key: &str, values: &[(&str, &str)]) -> String {
        fill(self.locale.text(key).unwrap_or(key), values)
    }

    /// Names a tensor: `gradient of conv2d.kernel`.
    pub fn tensor(&self, name: &str) -> String {
        let parsed = TensorName::new(name);
        let base = self.base(parsed);
        let mut text = match parsed.state {
            Some(state) => self.text("follow_state_of", &[("state", state), ("of", &base)]),
            None => base,
        };
        if parsed.is_gradient {
            text = self.text("follow_gradient_of", &[("of", &text)]);
        }
        // Names tell two times apart where the step has changed a number.
        let changes = !parsed.is_gradient && (parsed.state.is_some() || self.known.is_weight(parsed.base));
        match (parsed.is_before, changes) {
            (true, _) => self.text("follow_before", &[("of", &text)]),
            (false, true) if self.is_of_step => self.text("follow_after", &[("of", &text)]),
            (false, _) => text,
        }
    }

    fn base(&self, name: TensorName) -> String {
        match (name.base, name.layer()) {
            (BATCH_INPUT, _) => self.text("follow_name_input", &[]),
            (BATCH_TARGET, _) => self.text("follow_name_target", &[]),
            (BATCH_LOSS, _) => self.text("follow_name_loss", &[]),
            (LOGITS, _) => self.text("follow_name_logits", &[]),
            (LEARNING_RATE, _) => self.text("follow_name_learning_rate", &[]),
            (BIAS_CORRECTION, _) => self.text("follow_name_bias_correction", &[]),
            (_, Some((_, part))) if name.is_update => self.text("follow_name_update", &[("part", part)]),
            (_, Some((LOSS, part))) => self.text("follow_name_on_loss", &[("part", part)]),
            (base, _) if name.is_before || self.known.is_weight(base) => base.to_owned(),
            (_, Some((layer, "output"))) => self.text("follow_name_output", &[("layer", layer)]),
            (_, Some((layer, SUM))) => self.text("follow_name_sum", &[("layer", layer)]),
            (_, Some((layer, part))) if PRODUCTS.contains(&part) => {
                self.text("follow_name_products", &[("layer", layer)])
            }
            (_, Some((layer, part))) => {
                // Drops the ending, because the name says gradient already.
                let part = part.strip_suffix("_gradient").filter(|_| name.is_gradient).unwrap_or(part);
                self.text("follow_name_between", &[("layer", layer), ("part", part)])
            }
            (base, None) => base.to_owned(),
        }
    }

    /// Names the place of a number: `row 1, column 1, channel 0, filter 0`. Empty for a single number.
    pub fn place(&self, info: &CellInfo) -> String {
        let name = TensorName::new(&info.cell.tensor);
        let numbers: Vec<String> = info.place.iter().map(u32::to_string).collect();
        let axes = self.known.weights.get(name.base).copied();
        let (key, names): (_, &[&str]) = match (axes, numbers.len()) {
            (_, 0) => ("", &[]),
            (Some(Axes::Kernel), 4) => ("follow_place_kernel", &["row", "column", "channel", "filter"]),
            (Some(Axes::TransposedKernel), 4) => ("follow_place_kernel", &["row", "column", "filter", "channel"]),
            (Some(Axes::DepthwiseKernel), 4) => ("follow_place_depthwise", &["row", "column", "channel", "filter"]),
            (Some(Axes::Words), 2) => ("follow_place_word", &["word", "number"]),
            (Some(_), 2) => ("follow_place_matrix", &["input", "unit"]),
            (None, 3) => ("follow_place_map", &["row", "column", "channel"]),
            (None, 2) => ("follow_place_sequence", &["position", "channel"]),
            (None, 1) if name.layer().is_some() || name.base == LOGITS => ("follow_place_unit", &["unit"]),
            (_, 1) => ("follow_place_one", &["number"]),
            _ => ("follow_place_any", &[]),
        };
        let place = match key {
            "" => String::new(),
            "follow_place_any" => self.text(key, &[("place", &numbers.join(", "))]),
            key => {
                let values: Vec<(&str, &str)> = names.iter().copied().zip(numbers.iter().map(String::as_str)).collect();
                self.text(key, &values)
            }
        };
        let example = info.example.map(|at| self.text("follow_place_example", &[("example", &at.to_string())]));
        let parts: Vec<String> =
            [Some(place).filter(|place| !place.is_empty()), example].into_iter().flatten().collect();
        parts.join(self.locale.text("follow_comma").unwrap_or(", "))
    }

    /// Names a number by its tensor and its place.
    pub fn cell(&self, info: &CellInfo) -> String {
        let mut tensor = self.tensor(&info.cell.tensor);
        // Numbers of an example need no worker in their names: only one worker has them.
        if let Some(shard) = info.cell.shard.filter(|_| self.shards > 1 && info.example.is_none()) {
            tensor = self.text("follow_of_worker", &[("of", &tensor), ("worker", &shard.to_string())]);
        }
        let place = self.place(info);
        if place.is_empty() { tensor } else { self.text("follow_cell", &[("tensor", &tensor), ("place", &place)]) }
    }

    /// Says where a number comes from that was not computed.
    pub fn origin(&self, origin: Origin) -> String {
        let key = match origin {
            Origin::State if !self.is_of_step => "follow_origin_weight",
            origin => origin_key(origin),
        };
        self.text(key, &[])
    }

    /// Says a line as a sentence, with its parts.
    pub fn sentence(&self, line: &Explanation) -> String {
        let (name, value) = (self.cell(&line.cell), format::value(line.cell.value));
        let mut sentences = vec![self.text("follow_sentence", &[("name", &name), ("value", &value)])];
        if line.origin != Origin::Computed {
            sentences.push(self.origin(line.origin));
        }
        for part in &line.parts {
            let value = format::value(part.value);
            let letter = part.letter.as_str();
            let count = format::count(part.count as usize);
            let first = part.terms.first().and_then(|term| term.factors.first());
            let own = first.map(|info| self.cell(info)).unwrap_or_default();
            let key = match part.kind {
                PartKind::Number if own.is_empty() => "follow_part_constant",
                PartKind::Number => "follow_part_number",
                PartKind::Sum => "follow_part_sum",
                PartKind::Max => "follow_part_max",
                PartKind::SumOfExponentials => "follow_part_exponentials",
            };
            let values = [("letter", letter), ("value", &value), ("count", &count), ("name", &own)];
            sentences.push(self.text(key, &values));
        }
        sentences.join(" ")
    }
}

/// Returns the key of the sentence on the origin of a number that was not computed.
fn origin_key(origin: Origin) -> &'static str {
    match origin {
        Origin::Computed => "follow_origin_computed",
        Origin::Input => "follow_origin_input",
        Origin::Target => "follow_origin_target",
        Origin::State => "follow_origin_state",
        Origin::Constant => "follow_origin_constant",
        Origin::Setting => "follow_origin_setting",
        Origin::Random => "follow_origin_random",
    }
}

#[cfg(test)]
pub mod tests {
    use super::super::fixture;
    use super::*;

    pub fn known() -> Known {
        Known::new([
            ("conv2d.kernel".to_owned(), Axes::of("Conv2D", "kernel", 4)),
            ("conv2d.bias".to_owned(), Axes::of("Conv2D", "bias", 1)),
            ("dense.kernel".to_owned(), Axes::of("Dense", "kernel", 2)),
        ])
    }

    fn name(tensor: &str, place: &[u32]) -> String {
        let known = known();
        Words { locale: Locale::English, known: &known, shards: 1, is_of_step: true }
            .cell(&fixture::cell(tensor, 0, place, 0.0))
    }

    #[test]
    fn names_are_taken_apart() {
        let name = TensorName::new("before adam.m conv2d.kernel");
        assert_eq!((name.is_before, name.state, name.base), (true, Some("adam.m"), "conv2d.kernel"));
        assert_eq!(name.layer(), Some(("conv2d", "kernel")));
        let name = TensorName::new("grad batch.input");
        assert_eq!((name.is_gradient, name.layer(), name.base), (true, None, "batch.input"));
        assert_eq!(TensorName::new("learning rate").base, "learning rate");
    }

    #[test]
    fn numbers_have_names_in_plain_words() {
        let cases: [(&str, &[u32], &str); 12] = [
            ("grad conv2d.kernel", &[1, 1, 0, 0], "gradient of conv2d.kernel, row 1, column 1, channel 0, filter 0"),
            ("conv2d.kernel", &[1, 1, 0, 0], "conv2d.kernel after the step, row 1, column 1, channel 0, filter 0"),
            ("before dense.kernel", &[7, 2], "dense.kernel before the step, from input 7 to unit 2"),
            ("conv2d.output", &[3, 4, 1], "output of conv2d, row 3, column 4, channel 1"),
            ("grad conv2d.add", &[3, 4, 1], "gradient of the sum z in conv2d, row 3, column 4, channel 1"),
            ("logits", &[5], "logit, unit 5"),
            ("before adam.m conv2d.bias", &[2], "adam.m of conv2d.bias before the step, number 2"),
            ("learning_rate", &[], "learning rate"),
            ("update loss.mul_1", &[1, 1, 0, 0], "mul_1 in the update, place 1, 1, 0, 0"),
            ("conv2d.conv2d", &[3, 4, 1], "the sum of products in conv2d, row 3, column 4, channel 1"),
            ("grad lstm.recurrent_gradient", &[2, 5], "gradient of recurrent in lstm, position 2, channel 5"),
            ("grad loss.softmax", &[3], "gradient of softmax in the loss, unit 3"),
        ];
        for (tensor, place, text) in cases {
            assert_eq!(name(tensor, place), text);
        }
    }

    #[test]
    fn parts_of_workers_are_told_apart() {
        let known = known();
        let mut info = fixture::cell("grad conv2d.bias", 0, &[3], 0.0);
        info.cell.shard = Some(1);
        let name = |shards| Words { locale: Locale::English, known: &known, shards, is_of_step: true }.cell(&info);
        assert_eq!(name(1), "gradient of conv2d.bias, number 3");
        assert_eq!(name(2), "gradient of conv2d.bias, part of worker 1, number 3");
    }

    #[test]
    fn a_line_is_a_sentence_in_either_language() {
        let known = known();
        for locale in Locale::ALL {
            let words = Words { locale, known: &known, shards: 1, is_of_step: true };
            for line in [fixture::update(), fixture::gradient(), fixture::sum_before_activation(), fixture::pixel()] {
                let sentence = words.sentence(&line);
                assert!(!sentence.contains(['{', '_']), "{sentence}");
            }
        }
        let words = Words { locale: Locale::English, known: &known, shards: 1, is_of_step: true };
        let sentence = words.sentence(&fixture::gradient());
        assert!(sentence.contains("is 0.07617") && sentence.contains("the sum of 4 products"), "{sentence}");
    }
}
