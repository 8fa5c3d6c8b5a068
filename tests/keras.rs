//! Against Keras: layers, activations, losses, optimizers and whole models. The values and the Python programs that made
//! them are in `tests/keras`.

#[path = "keras/support.rs"]
mod support;

use std::collections::HashMap;

use chalkgrad::autograd::gradients;
use chalkgrad::ir::interpret::interpret;
use chalkgrad::ir::{Graph, NodeId};
use chalkgrad::ops::batch_normalization::{Affine, by_batch, by_statistics, moving};
use chalkgrad::ops::{pointwise, softmax, softmax_cross_entropy, sum_to};
use chalkgrad::tensor::{HostTensor, Shape, TensorType};
use serde_json::Value;
use support::{assert_close, f32s, i32s, read, shape, text};

type Leaves = HashMap<String, HostTensor>;

/// A graph under construction, with the values of its inputs.
#[derive(Default)]
struct Bench {
    graph: Graph,
    leaves: Leaves,
}

impl Bench {
    fn leaf(&mut self, name: &str, shape: &[usize], values: Vec<f32>) -> NodeId {
        self.leaves.insert(name.to_owned(), HostTensor::f32(shape, values).expect(name));
        self.graph.input(name, TensorType::f32(shape)).unwrap()
    }

    fn labels(&mut self, values: &[i32]) -> NodeId {
        self.leaves.insert("labels".to_owned(), HostTensor::i32([values.len()], values).unwrap());
        self.graph.input("labels", TensorType::i32([values.len()])).unwrap()
    }

    /// The gradients of `sum(output * upstream)`.
    fn gradients(&mut self, output: NodeId, upstream: NodeId, wrt: &[NodeId]) -> Vec<NodeId> {
        let product = pointwise::mul(&mut self.graph, output, upstream).unwrap();
        let loss = sum_to::sum_to(&mut self.graph, product, &Shape::scalar()).unwrap();
        gradients(&mut self.graph, loss, wrt).unwrap()
    }

    /// Compares nodes with expected values.
    fn check(&self, label: &str, tolerance: f32, expected: &[(&str, NodeId, Vec<f32>)]) {
        let values = interpret(&self.graph, &self.leaves).unwrap();
        for (what, id, expected) in expected {
            assert_close(&format!("{label}: {what}"), values.get(*id).words(), expected, tolerance);
        }
    }
}

#[test]
fn activations() {
    let document = read("layers.json");
    let mut compared = 0;
    for case in document["activations"].as_array().unwrap() {
        let name = text(&case["name"]);
        let input = f32s(&case["input"]);
        let mut bench = Bench::default();
        if case.get("derivative").is_some() {
            let ones = vec![1.0; input.len()];
            let x = bench.leaf("x", &[input.len()], input.clone());
            let upstream = bench.leaf("upstream", &[input.len()], ones);
            let y = pointwise::apply(&mut bench.graph, name, &[x]).unwrap();
            let gradient = bench.gradients(y, upstream, &[x])[0];
            // Element by element: the scale of the largest would hide the small ones.
            let values = interpret(&bench.graph, &bench.leaves).unwrap();
            for (what, id) in [("output", y), ("derivative", gradient)] {
                for ((&x, &actual), expected) in input.iter().zip(values.get(id).words()).zip(f32s(&case[what])) {
                    let close = (actual - expected).abs() <= 2e-6 * expected.abs().max(1.0);
                    assert!(close, "{name}: {what} at {x} is {actual}, Keras gives {expected}");
                    compared += 1;
                }
            }
        } else {
            let dims = shape(&case["shape"]);
            let x = bench.leaf("x", &dims, input);
            let upstream = bench.leaf("upstream", &dims, f32s(&case["upstream"]));
            let y = match name {
                "softmax" => softmax::softmax(&mut bench.graph, x),
                _ => softmax::log_softmax(&mut bench.graph, x),
            }
            .unwrap();
            let gradient = bench.gradients(y, upstream, &[x])[0];
            bench.check(
                name,
                1e-6,
                &[("output", y, f32s(&case["output"])), ("gradient", gradient, f32s(&case["gradient"]))],
            );
            compared += 1;
        }
    }
    assert!(compared > 200, "only {compared} values compared");
}

#[test]
fn softmax_cross_entropy_with_sample_weights() {
    let document = read("layers.json");
    let case = document["losses"].as_array().unwrap().iter().find(|case| case["name"] == "softmax_cross_entropy");
    let case = case.unwrap();
    let mut bench = Bench::default();
    let logits = bench.leaf("logits", &shape(&case["shape"]), f32s(&case["input"]));
    let labels = bench.labels(&i32s(&case["labels"]));
    let weights = f32s(&case["weights"]);
    let weights = bench.leaf("weights", &[weights.len()], weights);
    let losses = softmax_cross_entropy::softmax_cross_entropy(&mut bench.graph, logits, labels).unwrap();
    let gradient = bench.gradients(losses, weights, &[logits])[0];
    bench.check(
        "softmax_cross_entropy",
        1e-6,
        &[("losses", losses, f32s(&case["losses"])), ("gradient", gradient, f32s(&case["gradient"]))],
    );
}

#[test]
fn batch_normalization() {
    let document = read("layers.json");
    let cases =
        document["layers"].as_array().unwrap().iter().filter(|case| case["layer"]["type"] == "BatchNormalization");
    let mut compared = 0;
    for case in cases {
        let label = text(&case["name"]);
        let number = |setting: &str, default: f64| case["layer"][setting].as_f64().unwrap_or(default) as f32;
        let (momentum, epsilon) = (number("momentum", 0.99), number("epsilon", 1e-3));
        let mut bench = Bench::default();
        let dims = shape(&case["input"]["shape"]);
        let x = bench.leaf("x", &dims, f32s(&case["input"]["data"]));
        let upstream = bench.leaf("upstream", &dims, f32s(&case["upstream"]));
        let mut weight = |name: &str| {
            let weight: &Value = &case["weights"][name];
            bench.leaf(name, &shape(&weight["shape"]), f32s(&weight["data"]))
        };
        let (gamma, beta) = (weight("gamma"), weight("beta"));
        let statistics = [weight("moving_mean"), weight("moving_variance")];
        let affine = Affine { gamma: Some(gamma), beta: Some(beta) };
        let graph = &mut bench.graph;
        let (output, after) = if case["training"] == true {
            let normalized = by_batch(graph, x, affine, epsilon).unwrap();
            let mean = moving(graph, statistics[0], normalized.mean, momentum).unwrap();
            (normalized.output, [mean, moving(graph, statistics[1], normalized.variance, momentum).unwrap()])
        } else {
            (by_statistics(graph, x, affine, statistics[0], statistics[1], epsilon).unwrap(), statistics)
        };
        let gradients = bench.gradients(output, upstream, &[x, gamma, beta]);
        bench.check(
            label,
            2e-6,
            &[
                ("output", output, f32s(&case["output"]["data"])),
                ("grad input", gradients[0], f32s(&case["gradients"]["input"])),
                ("grad gamma", gradients[1], f32s(&case["gradients"]["gamma"])),
                ("grad beta", gradients[2], f32s(&case["gradients"]["beta"])),
                ("moving mean", after[0], f32s(&case["after"]["moving_mean"])),
                ("moving variance", after[1], f32s(&case["after"]["moving_variance"])),
            ],
        );
        compared += 1;
    }
    assert_eq!(compared, 4);
}
