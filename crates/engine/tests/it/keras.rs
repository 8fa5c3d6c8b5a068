//! Layers, activations, losses, optimizers and whole models against Keras. The values and the Python programs that made
//! them are in `tests/keras`.

mod affine;
mod formula;
mod masks;
mod metrics;
mod models;
pub mod runs;
mod steps;
pub mod support;
mod text;

use std::collections::HashMap;

use chalkgrad_engine::autograd::gradients;
use chalkgrad_engine::data::Target;
use chalkgrad_engine::ir::interpret::interpret;
use chalkgrad_engine::ir::{Graph, NodeId, NodeKind};
use chalkgrad_engine::model::catalogue;
use chalkgrad_engine::model::losses::TargetNode;
use chalkgrad_engine::model::lower::{Mode, append_model};
use chalkgrad_engine::model::optimizers::{self, BIAS_CORRECTION, Clipping, LEARNING_RATE, Parameter};
use chalkgrad_engine::model::schedules::Position;
use chalkgrad_engine::model::spec::{LayerSpec, LossSpec, ModelSpec, OptimizerSpec, ScheduleSpec};
use chalkgrad_engine::ops::batch_normalization::{Affine, by_batch, by_statistics, moving};
use chalkgrad_engine::ops::{pointwise, softmax, softmax_cross_entropy, sum_to};
use chalkgrad_engine::tensor::{HostTensor, Shape, TensorType};
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

    /// Appends the gradients of `sum(output * upstream)`.
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
            // Compare element by element: the scale of the largest element would hide errors of the small ones.
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

/// Compares losses against one-hot targets; Keras takes the mean over the classes.
#[test]
fn losses() {
    let document = read("layers.json");
    let huber = LossSpec::new("huber", [("delta", 0.4.into())]).unwrap();
    let plain = ["mean_squared_error", "mean_absolute_error", "binary_crossentropy"];
    for loss in plain.map(|name| LossSpec::new(name, []).unwrap()).into_iter().chain([huber]) {
        let name = loss.type_name();
        let case = document["losses"].as_array().unwrap().iter().find(|case| case["name"] == name).unwrap();
        let mut bench = Bench::default();
        let output = bench.leaf("output", &shape(&case["shape"]), f32s(&case["input"]));
        let labels = bench.labels(&i32s(&case["labels"]));
        let weights = f32s(&case["weights"]);
        let weights = bench.leaf("weights", &[weights.len()], weights);
        let classes = Target::classes((0..shape(&case["shape"])[1]).map(|class| class.to_string()));
        let target = TargetNode { target: &classes, node: labels };
        let losses = loss.append(&mut bench.graph, output, target).unwrap();
        let gradient = bench.gradients(losses, weights, &[output])[0];
        bench.check(
            name,
            2e-6,
            &[("losses", losses, f32s(&case["losses"])), ("gradient", gradient, f32s(&case["gradient"]))],
        );
    }
}

/// Compares each layer, as the catalogue describes it and the model lowers it, alone in a model.
#[test]
fn layers() {
    assert!(compare_layers(&read("layers.json")) >= 83);
}

/// Compares the layers that run through sequences.
#[test]
fn recurrent_layers() {
    assert!(compare_layers(&read("recurrent.json")) >= 54);
}

fn compare_layers(document: &Value) -> usize {
    let mut compared = 0;
    for case in document["layers"].as_array().unwrap() {
        let label = text(&case["name"]);
        let layer: LayerSpec = serde_json::from_value(case["layer"].clone()).unwrap();
        let dims = shape(&case["input"]["shape"]);
        let spec = ModelSpec { name: None, input_shape: dims[1..].to_vec(), layers: vec![layer] };
        let resolved = catalogue::resolve(&spec).unwrap_or_else(|error| panic!("{label}: {error}"));
        let weight_names: Vec<&str> = resolved[0].weights.iter().map(|weight| weight.name).collect();
        let expected_names: Vec<&String> = case["weights"].as_object().unwrap().keys().collect();
        assert_eq!(
            weight_names.len(),
            expected_names.len(),
            "{label}: weights {weight_names:?} and {expected_names:?}"
        );

        let mut bench = Bench::default();
        let x = bench.leaf("x", &dims, f32s(&case["input"]["data"]));
        let key = bench.graph.constant(HostTensor::i32([2], &[0, 0]).unwrap());
        let mode = if case["training"] == true { Mode::Training { key } } else { Mode::Inference };
        let network = append_model(&mut bench.graph, &resolved, x, mode).unwrap();
        let full_name = |weight: &str| format!("{}.{weight}", resolved[0].name);
        for name in &weight_names {
            let weight = &case["weights"][*name];
            let value = HostTensor::f32(shape(&weight["shape"]), f32s(&weight["data"])).unwrap();
            bench.leaves.insert(full_name(name), value);
        }
        let output_shape = shape(&case["output"]["shape"]);
        assert_eq!(bench.graph.tensor_type(network.output).shape.dims(), output_shape, "{label}");
        assert_eq!(resolved[0].output_shape, output_shape[1..], "{label}: shape in the catalogue");

        let upstream = bench.leaf("upstream", &output_shape, f32s(&case["upstream"]));
        let wrt: Vec<NodeId> = [x].into_iter().chain(network.parameters.iter().copied()).collect();
        let gradients = bench.gradients(network.output, upstream, &wrt);
        let mut expected = vec![("output", network.output, f32s(&case["output"]["data"]))];
        for (&node, gradient) in wrt.iter().zip(gradients) {
            let name = bench.graph.node(node).name.clone();
            let weight = weight_names.iter().copied().find(|weight| full_name(weight) == name).unwrap_or("input");
            expected.push((weight, gradient, f32s(&case["gradients"][weight])));
        }
        assert_eq!(expected.len(), 1 + case["gradients"].as_object().unwrap().len(), "{label}: number of gradients");
        for &(state, value) in &network.updates {
            let name = bench.graph.node(state).name.clone();
            let weight = weight_names.iter().copied().find(|weight| full_name(weight) == name).unwrap();
            expected.push((weight, value, f32s(&case["after"][weight])));
        }
        bench.check(label, 2e-6, &expected);
        compared += 1;
    }
    println!("{compared} layers compared");
    compared
}

/// Compares twenty steps on given gradients: the update graph, run by the interpreter.
#[test]
fn optimizers() {
    let document = read("optimizers.json");
    let (per_epoch, epochs) =
        (document["stepsPerEpoch"].as_u64().unwrap() as u32, document["epochs"].as_u64().unwrap() as u32);
    let names = ["kernel", "bias"];
    for case in document["cases"].as_array().unwrap() {
        let label = text(&case["name"]);
        let spec: OptimizerSpec = serde_json::from_value(case["optimizer"].clone()).unwrap();
        let schedule: ScheduleSpec = serde_json::from_value(case["schedule"].clone()).unwrap();
        let clipping = Clipping { norm: case["clipNorm"].as_f64(), value: case["clipValue"].as_f64() };

        let mut bench = Bench::default();
        let dims = names.map(|name| shape(&document["shapes"][name]));
        let parameters: Vec<NodeId> =
            (0..2).map(|i| bench.graph.state(names[i], TensorType::f32(dims[i].clone())).unwrap()).collect();
        let gradients: Vec<NodeId> = (0..2)
            .map(|i| bench.leaf(&format!("gradient {}", names[i]), &dims[i], vec![0.0; dims[i].iter().product()]))
            .collect();
        let healthy = bench.graph.scalar(1.0);
        let updated: Vec<Parameter<'_>> = parameters
            .iter()
            .zip(&gradients)
            .map(|(&node, &gradient)| Parameter { node, gradient, max_norm: None })
            .collect();
        optimizers::append_updates(&mut bench.graph, &spec, clipping, &updated, healthy).unwrap();
        for (name, dims) in names.iter().zip(&dims) {
            let initial = HostTensor::f32(dims.clone(), f32s(&document["initial"][name])).unwrap();
            bench.leaves.insert((*name).to_owned(), initial);
            for slot in spec.slots() {
                let size = dims.iter().product();
                let value = HostTensor::f32(dims.clone(), vec![slot.initial; size]).unwrap();
                bench.leaves.insert(spec.slot_state(&slot, name), value);
            }
        }

        for (step, expected) in case["parameters"].as_array().unwrap().iter().enumerate() {
            let rate = spec.learning_rate() * schedule.factor(Position::at_step(step as u32, per_epoch, epochs));
            bench.leaves.insert(LEARNING_RATE.to_owned(), HostTensor::scalar(rate as f32));
            let correction = spec.bias_correction(step as u32);
            bench.leaves.insert(BIAS_CORRECTION.to_owned(), HostTensor::scalar(correction));
            for (name, dims) in names.iter().zip(&dims) {
                let gradient = HostTensor::f32(dims.clone(), f32s(&document["gradients"][step][name])).unwrap();
                bench.leaves.insert(format!("gradient {name}"), gradient);
            }
            let values = interpret(&bench.graph, &bench.leaves).unwrap();
            for &(state, value) in bench.graph.updates() {
                assert!(matches!(bench.graph.node(state).kind, NodeKind::State));
                bench.leaves.insert(bench.graph.node(state).name.clone(), values.get(value).clone());
            }
            for name in names {
                let label = format!("{label}: {name} after step {step}");
                assert_close(&label, bench.leaves[name].words(), &f32s(&expected[name]), 2e-6);
            }
        }
    }
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
