//! Explanations as the engine gives them, for tests.

use chalkgrad_engine::protocol::explanation::{Cell, CellInfo, Explanation, Map, Origin, Part, PartKind, Term};

/// Makes a cell with its value.
pub fn cell(tensor: &str, index: u32, place: &[u32], value: f32) -> CellInfo {
    let cell = Cell { tensor: tensor.to_owned(), index, shard: None };
    CellInfo { cell, place: place.to_vec(), example: None, value }
}

fn number(letter: &str, info: CellInfo) -> Part {
    let value = info.value;
    let terms = vec![Term { coefficient: 1.0, factors: vec![info], value }];
    Part { letter: letter.to_owned(), kind: PartKind::Number, value, terms, count: 1, rest: 0.0 }
}

/// Makes a sum of products, of whose terms two more are not listed.
fn sum(letter: &str, pairs: Vec<[CellInfo; 2]>, rest: f32) -> Part {
    let term = |factors: [CellInfo; 2]| {
        let value = factors[0].value * factors[1].value;
        Term { coefficient: 1.0, factors: factors.to_vec(), value }
    };
    let terms: Vec<Term> = pairs.into_iter().map(term).collect();
    let value = terms.iter().map(|term| term.value).sum::<f32>() + rest;
    let count = terms.len() as u32 + 2;
    Part { letter: letter.to_owned(), kind: PartKind::Sum, value, terms, count, rest }
}

/// The optimizer's line of a weight of plain gradient descent.
pub fn update() -> Explanation {
    Explanation {
        cell: cell("conv2d.kernel", 5, &[1, 1, 0, 1], -0.1130),
        shape: vec![3, 3, 1, 4],
        layer: Some("conv2d".to_owned()),
        op: "update".to_owned(),
        formula: "a - b c".to_owned(),
        numbers: "-0.1123 - 0.01 (0.07617)".to_owned(),
        parts: vec![
            number("a", cell("before conv2d.kernel", 5, &[1, 1, 0, 1], -0.1123)),
            number("b", cell("learning_rate", 0, &[], 0.01)),
            number("c", cell("grad conv2d.kernel", 5, &[1, 1, 0, 1], 0.076_17)),
        ],
        ..Explanation::default()
    }
}

/// The gradient of the weight: a sum over places and examples.
pub fn gradient() -> Explanation {
    let at =
        |tensor: &str, index: u32, value: f32| CellInfo { example: Some(2), ..cell(tensor, index, &[3, 4, 0], value) };
    Explanation {
        cell: cell("grad conv2d.kernel", 5, &[1, 1, 0, 1], 0.076_17),
        shape: vec![3, 3, 1, 4],
        layer: Some("conv2d".to_owned()),
        op: "conv2d".to_owned(),
        formula: r"\sum a".to_owned(),
        parts: vec![sum(
            "a",
            vec![
                [at("batch.input", 40, 0.998_039_2), at("grad conv2d.add", 9, 0.043_218_77)],
                [at("batch.input", 41, 0.501_960_8), at("grad conv2d.add", 10, -0.031_113_3)],
            ],
            0.000_351_9,
        )],
        maps: vec![Map {
            first: at("batch.input", 30, 0.0),
            rows: 2,
            columns: 3,
            strides: [28, 1],
            values: vec![0.0, 0.5, 1.0, -1.0, 0.0, 0.25],
            marks: vec![(0, 1, 0.04), (1, 2, -0.01)],
        }],
        ..Explanation::default()
    }
}

/// The sum before the activation.
pub fn sum_before_activation() -> Explanation {
    Explanation {
        cell: CellInfo { example: Some(2), ..cell("conv2d.add", 9, &[3, 4, 1], 0.3) },
        shape: vec![26, 26, 4],
        layer: Some("conv2d".to_owned()),
        op: "add".to_owned(),
        formula: "a + b".to_owned(),
        parts: vec![
            sum(
                "a",
                vec![[cell("before conv2d.kernel", 5, &[1, 1, 0, 1], 0.5), cell("batch.input", 40, &[3, 4, 0], 0.6)]],
                0.0,
            ),
            number("b", cell("before conv2d.bias", 1, &[1], 0.01)),
        ],
        ..Explanation::default()
    }
}

/// A pixel, which comes from nothing.
pub fn pixel() -> Explanation {
    Explanation {
        cell: CellInfo { example: Some(2), ..cell("batch.input", 40, &[3, 4, 0], 0.6) },
        shape: vec![28, 28, 1],
        origin: Origin::Input,
        ..Explanation::default()
    }
}
