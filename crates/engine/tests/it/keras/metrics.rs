//! Metrics and losses of values against Keras and scikit-learn.

use std::collections::HashMap;

use chalkgrad_engine::data::Target;
use chalkgrad_engine::ir::Graph;
use chalkgrad_engine::ir::interpret::interpret;
use chalkgrad_engine::model::losses::TargetNode;
use chalkgrad_engine::model::metrics::{Basis, Batch, Confusion, METRICS, Metric, Sums, find};
use chalkgrad_engine::model::spec::LossSpec;
use chalkgrad_engine::ops::classification::predicted_class;
use chalkgrad_engine::tensor::{HostTensor, TensorType};
use serde_json::Value;

use super::support::{f32s, i32s, read};

/// Samples of a batch: the last batch of an epoch is shorter.
const BATCH: usize = 25;

/// Sums a metric over batches, each padded with a sample of weight 0.
fn sums(metric: &dyn Metric, target: &Target, targets: &HostTensor, output: &HostTensor) -> Vec<f64> {
    let samples = output.shape()[0];
    let rows = |tensor: &HostTensor, start: usize, end: usize| -> Vec<f32> {
        let width = tensor.words().len() / samples;
        let own = tensor.words()[start * width..end * width].iter().copied();
        own.chain(tensor.words()[..width].iter().copied()).collect()
    };
    let mut total = Vec::new();
    for start in (0..samples).step_by(BATCH) {
        let end = (start + BATCH).min(samples);
        let mut graph = Graph::new();
        let of_batch = |tensor: &HostTensor| {
            let mut dims = tensor.shape().dims().to_vec();
            dims[0] = end - start + 1;
            let like = TensorType { shape: dims.into(), dtype: tensor.tensor_type().dtype };
            HostTensor::from_words(like, rows(tensor, start, end)).unwrap()
        };
        let (output, targets) = (of_batch(output), of_batch(targets));
        let mut weights = vec![1.0; end - start + 1];
        weights[end - start] = 0.0;
        let weights = HostTensor::f32([end - start + 1], weights).unwrap();
        let mut leaves = HashMap::new();
        let mut leaf = |graph: &mut Graph, name: &str, tensor: HostTensor| {
            let node = graph.input(name, tensor.tensor_type().clone()).unwrap();
            leaves.insert(name.to_owned(), tensor);
            node
        };
        let output = leaf(&mut graph, "output", output);
        let node = leaf(&mut graph, "target", targets);
        let sample_weight = leaf(&mut graph, "sample_weight", weights);
        let batch = Batch { output, target: TargetNode { target, node }, sample_weight };
        let sums = metric.append(&mut graph, &batch).unwrap();
        graph.add_output(sums);
        let values = interpret(&graph, &leaves).unwrap();
        let own = values.get(sums).words();
        total.resize(own.len(), 0.0);
        total.iter_mut().zip(own).for_each(|(total, own)| *total += f64::from(*own));
    }
    total
}

fn check(case: &Value, name: &str, value: f64) {
    let expected = case["metrics"][name].as_f64().unwrap();
    assert!((value - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{name}: {value}, expected {expected}");
}

#[test]
fn metrics_of_classes() {
    for case in read("metrics.json")["classes"].as_array().unwrap() {
        let (labels, outputs) = (i32s(&case["labels"]), case["outputs"].as_u64().unwrap() as usize);
        let classes = outputs.max(2);
        let target = Target::classes((0..classes).map(|class| class.to_string()));
        let output = HostTensor::f32([labels.len(), outputs], f32s(&case["output"])).unwrap();
        let targets = HostTensor::i32([labels.len()], &labels).unwrap();

        let mut confusion = Confusion::new(classes, classes);
        for (label, row) in labels.iter().zip(output.words().chunks(outputs)) {
            let answer = if outputs == 1 { Some(usize::from(row[0] > 0.5)) } else { predicted_class(row) };
            confusion.count(*label as usize, answer);
        }
        let mut compared = 0;
        for (name, _) in case["metrics"].as_object().unwrap() {
            let metric = find(name).unwrap();
            let value = match metric.basis() {
                Basis::Confusion => metric.value(&Sums::Confusion(&confusion)),
                Basis::Sums(count) => {
                    let sums = sums(metric, &target, &targets, &output);
                    assert_eq!(sums.len(), count);
                    metric.value(&Sums::Own { sums: &sums, samples: labels.len() as f64 })
                }
            };
            check(case, name, value);
            if name == "auc" {
                // Trapezoids between 200 thresholds come near the exact area.
                let exact = case["rocAucScore"].as_f64().unwrap();
                assert!((value - exact).abs() < 2e-3, "{value}, exactly {exact}");
            }
            compared += 1;
        }
        assert!(compared >= 5);
        for (scores, expected) in confusion.class_scores().iter().zip(case["perClass"].as_array().into_iter().flatten())
        {
            let own = [scores.support, scores.precision, scores.recall, scores.f1];
            for (own, expected) in own.into_iter().zip(expected.as_array().unwrap()) {
                assert!((own - expected.as_f64().unwrap()).abs() < 1e-9, "{scores:?}, expected {expected}");
            }
        }
    }
    assert_eq!(METRICS.len(), 6, "each metric has a value here");
}

#[test]
fn metrics_and_losses_of_values() {
    let document = read("metrics.json");
    let case = &document["values"];
    let target = Target::values(["first", "second"]);
    let (output, targets) = (f32s(&case["output"]), f32s(&case["target"]));
    let samples = output.len() / 2;
    let [output, targets] = [output, targets].map(|values| HostTensor::f32([samples, 2], values).unwrap());
    let metric = find("mean_absolute_error").unwrap();
    let sums = sums(metric, &target, &targets, &output);
    check(case, "mean_absolute_error", metric.value(&Sums::Own { sums: &sums, samples: samples as f64 }));

    for (name, expected) in case["losses"].as_object().unwrap() {
        let loss = LossSpec::new(name, []).unwrap();
        loss.check_fit(&target, 2).unwrap();
        let mut graph = Graph::new();
        let [out, node] = [("output", &output), ("target", &targets)]
            .map(|(name, tensor)| graph.input(name, tensor.tensor_type().clone()).unwrap());
        let losses = loss.append(&mut graph, out, TargetNode { target: &target, node }).unwrap();
        graph.add_output(losses);
        let leaves = HashMap::from([("output".to_owned(), output.clone()), ("target".to_owned(), targets.clone())]);
        let values = interpret(&graph, &leaves).unwrap();
        let mean = values.get(losses).words().iter().map(|loss| f64::from(*loss)).sum::<f64>() / samples as f64;
        let expected = expected.as_f64().unwrap();
        assert!((mean - expected).abs() < 1e-5 * expected, "{name}: {mean}, expected {expected}");
    }
}
