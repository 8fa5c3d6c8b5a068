//! Changes to real inputs, from a generator with a fixed seed.

use chalkgrad_engine::random::Philox;
use serde_json::{Map, Value, json};

pub struct Mutations {
    pub random: Philox,
}

/// Numbers at the ends of types and ranges.
const NUMBERS: [f64; 24] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    3.0,
    0.5,
    1e-7,
    -1e-300,
    7.0,
    10.0,
    64.0,
    255.0,
    256.0,
    257.0,
    40_000.0,
    65_536.0,
    1e6,
    16_777_217.0,
    4_294_967_295.0,
    4_294_967_296.0,
    9_007_199_254_740_993.0,
    1e38,
    1e308,
];

const WORDS: [&str; 24] = [
    "type",
    "units",
    "filters",
    "kernelSize",
    "poolSize",
    "strides",
    "padding",
    "same",
    "valid",
    "rate",
    "name",
    "Dense",
    "Conv2D",
    "Flatten",
    "Dropout",
    "MaxPooling2D",
    "softmax",
    "relu",
    "learningRate",
    "epsilon",
    "Adam",
    "SGD",
    "",
    "__proto__",
];

/// Pieces of JSON that a text may contain anywhere.
const PIECES: [&str; 14] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "1e999",
    "-",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "99999999999999999999999",
];

impl Mutations {
    pub fn new(seed: u64) -> Self {
        Self { random: Philox::new(seed, 0x0bad) }
    }

    fn below(&mut self, count: usize) -> usize {
        if count == 0 { 0 } else { self.random.below(count as u32) as usize }
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    /// Changes a few bytes: flips, cuts, repeats, inserts.
    pub fn bytes(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            let len = 1 + self.below(16.min(bytes.len().saturating_sub(at)));
            let range = at..(at + len).min(bytes.len());
            match self.below(8) {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                1 if !bytes.is_empty() => bytes[at] = self.one_of(&[0, 1, 8, 0x1f, 0x7f, 0x80, 0xff]),
                2 => bytes.truncate(at),
                3 => drop(bytes.drain(range)),
                4 => {
                    let copy = bytes[range].to_vec();
                    let to = self.below(bytes.len() + 1);
                    bytes.splice(to..to, copy);
                }
                5 => {
                    let piece = self.one_of(&PIECES);
                    bytes.splice(at..at, piece.bytes());
                }
                6 => bytes.extend(std::iter::repeat_n(0, len)),
                _ => {
                    let nested = self.one_of(&["[", "{\"a\":"]).repeat(1 + self.below(300));
                    if self.below(20) == 0 {
                        bytes.splice(at..at, nested.bytes());
                    }
                }
            }
        }
        bytes
    }

    /// Changes one value of a tree.
    pub fn json(&mut self, value: &mut Value) {
        let count = match value {
            Value::Array(values) => values.len(),
            Value::Object(fields) => fields.len(),
            _ => 0,
        };
        // Deeper with some chance, else here.
        if count > 0 && self.below(5) > 0 {
            let at = self.below(count);
            let child = match value {
                Value::Array(values) => values.get_mut(at),
                Value::Object(fields) => fields.values_mut().nth(at),
                _ => None,
            };
            if let Some(child) = child {
                return self.json(child);
            }
        }
        match value {
            Value::Array(values) if self.below(2) == 0 => match (self.below(3), values.len()) {
                (0, 1..) => drop(values.remove(self.below(values.len()))),
                (1, 1..300) => {
                    let copy = values[self.below(values.len())].clone();
                    let times = self.one_of(&[1, 1, 2, 300]);
                    values.extend(std::iter::repeat_n(copy, times));
                }
                _ => values.push(self.any_json()),
            },
            Value::Object(fields) if self.below(2) == 0 => {
                let name = match (self.below(3), fields.len()) {
                    (0, 1..) => fields.keys().nth(self.below(fields.len())).cloned(),
                    _ => None,
                };
                match name {
                    Some(name) => drop(fields.remove(&name)),
                    None => drop(fields.insert(self.one_of(&WORDS).to_owned(), self.any_json())),
                }
            }
            Value::Number(number) if self.below(3) > 0 => {
                let number = number.as_f64().unwrap_or(0.0);
                let changed = [number + 1.0, number - 1.0, number * 2.0, number / 2.0, -number, number * 1e3];
                let changed = self.one_of(&changed);
                *value =
                    if changed.fract() == 0.0 && changed.abs() < 1e15 { json!(changed as i64) } else { json!(changed) };
            }
            other => *other = self.any_json(),
        }
    }

    fn any_json(&mut self) -> Value {
        match self.below(10) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2 => json!(self.one_of(&WORDS)),
            3 => json!("é\u{202e}\u{0}".repeat(1 + self.below(100))),
            4 => (0..self.below(4)).map(|_| json!(self.number())).collect(),
            5 => Value::Object(Map::from_iter([(self.one_of(&WORDS).to_owned(), json!(self.number()))])),
            6 => json!(self.number() as i64),
            _ => json!(self.number()),
        }
    }

    pub fn number(&mut self) -> f64 {
        self.one_of(&NUMBERS)
    }

    /// Changes a few words of a task, and sometimes its length.
    pub fn floats(&mut self, words: &mut Vec<f32>) {
        for _ in 0..self.below(4) {
            let at = if self.below(2) == 0 { self.below(6) } else { self.below(words.len()) };
            let special =
                [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1e9, -1.0, f32::from_bits(9), 1.0, 3.0];
            let word = if self.below(2) == 0 { self.number() as f32 } else { self.one_of(&special) };
            if let Some(own) = words.get_mut(at) {
                *own = word;
            }
        }
        match self.below(8) {
            0 => words.truncate(self.below(words.len())),
            1 => words.extend(vec![0.0; 1 + self.below(50)]),
            _ => {}
        }
    }
}
