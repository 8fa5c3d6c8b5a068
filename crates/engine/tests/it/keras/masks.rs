//! Embeddings, and their masks through other layers (`masks.py` says how).

use chalkgrad_engine::ir::NodeId;
use chalkgrad_engine::ir::interpret::interpret;
use chalkgrad_engine::model::catalogue;
use chalkgrad_engine::model::lower::{Mode, append_model};
use chalkgrad_engine::model::spec::ModelSpec;
use chalkgrad_engine::tensor::{HostTensor, TensorType};
use serde_json::json;

use super::Bench;
use super::support::{f32s, i32s, read, shape, text};

/// Appends a model of tokens in training. Returns its output and its trained weights, and the states that it changes.
fn append(
    bench: &mut Bench,
    layers: &serde_json::Value,
    ids: &[i32],
    dims: [usize; 2],
) -> (NodeId, Vec<NodeId>, Vec<(NodeId, NodeId)>) {
    let spec: ModelSpec = serde_json::from_value(json!({ "inputShape": [dims[1]], "layers": layers })).unwrap();
    let resolved = catalogue::resolve(&spec).unwrap();
    bench.leaves.insert("ids".to_owned(), HostTensor::i32(dims, ids).unwrap());
    let input = bench.graph.input("ids", TensorType::i32(dims)).unwrap();
    let key = bench.graph.constant(HostTensor::i32([2], &[0, 0]).unwrap());
    let network = append_model(&mut bench.graph, &resolved, input, Mode::Training { key }).unwrap();
    (network.output, network.parameters, network.updates)
}

#[test]
fn masks_go_as_far_as_in_keras() {
    let document = read("masks.json");
    let rows: Vec<Vec<i32>> = document["ids"].as_array().unwrap().iter().map(i32s).collect();
    let dims = [rows.len(), rows[0].len()];
    let ids = rows.concat();
    let models = document["models"].as_array().unwrap();
    assert!(models.len() >= 18);
    for model in models {
        let label = text(&model["name"]);
        let mut bench = Bench::default();
        let (output, parameters, updates) = append(&mut bench, &model["layers"], &ids, dims);
        for (name, weight) in model["weights"].as_object().unwrap() {
            let value = HostTensor::f32(shape(&weight["shape"]), f32s(&weight["data"])).unwrap();
            bench.leaves.insert(name.clone(), value);
        }
        let output_shape = shape(&model["output"]["shape"]);
        assert_eq!(bench.graph.tensor_type(output).shape.dims(), output_shape, "{label}");
        let upstream = bench.leaf("upstream", &output_shape, f32s(&model["upstream"]));
        let gradients = bench.gradients(output, upstream, &parameters);
        let mut expected = vec![("output".to_owned(), output, f32s(&model["output"]["data"]))];
        for (parameter, gradient) in parameters.iter().zip(gradients) {
            let name = bench.graph.node(*parameter).name.clone();
            expected.push((name.clone(), gradient, f32s(&model["gradients"][&name])));
        }
        assert_eq!(expected.len(), 1 + model["gradients"].as_object().unwrap().len(), "{label}");
        for (state, value) in updates {
            let name = bench.graph.node(state).name.clone();
            expected.push((name.clone(), value, f32s(&model["after"][&name])));
        }
        let expected: Vec<(&str, NodeId, Vec<f32>)> =
            expected.iter().map(|(name, node, values)| (name.as_str(), *node, values.clone())).collect();
        bench.check(label, 2e-6, &expected);
    }
}

/// An empty text makes Keras's mean, and with it the loss, NaN.
#[test]
fn a_text_without_words_stays_a_number() {
    let embedding = json!({ "type": "Embedding", "inputDim": 5, "outputDim": 3, "maskZero": true });
    for layers in [
        json!([embedding, { "type": "GlobalAveragePooling1D" }]),
        json!([embedding, { "type": "BatchNormalization" }, { "type": "GRU", "units": 4 }]),
        json!([embedding, { "type": "Bidirectional", "layer": { "type": "LSTM", "units": 4, "returnSequences": true } },
            { "type": "GlobalAveragePooling1D" }]),
    ] {
        let mut bench = Bench::default();
        let (output, parameters, _) = append(&mut bench, &layers, &[0; 8], [2, 4]);
        let output_shape = bench.graph.tensor_type(output).shape.dims().to_vec();
        for parameter in bench.graph.ids().collect::<Vec<_>>() {
            let node = bench.graph.node(parameter).clone();
            if matches!(node.kind, chalkgrad_engine::ir::NodeKind::State) {
                let count = node.tensor_type.shape.len();
                let values = (0..count).map(|at| 0.1 + at as f32 * 0.01).collect();
                bench.leaves.insert(node.name, HostTensor::f32(node.tensor_type.shape, values).unwrap());
            }
        }
        let upstream = bench.leaf("upstream", &output_shape, vec![1.0; output_shape.iter().product()]);
        let gradients = bench.gradients(output, upstream, &parameters);
        let values = interpret(&bench.graph, &bench.leaves).unwrap();
        for node in gradients.into_iter().chain([output]) {
            assert!(values.get(node).words().iter().all(|value| value.is_finite()), "{layers}");
        }
        let is_mean = layers.as_array().unwrap().last().unwrap()["type"] == "GlobalAveragePooling1D";
        assert!(!is_mean || values.get(output).words().iter().all(|value| *value == 0.0), "{layers}");
    }
}

#[test]
fn an_embedding_of_other_numbers_is_refused() {
    let layers = json!([{ "type": "Embedding", "inputDim": 5, "outputDim": 3 }]);
    let spec: ModelSpec = serde_json::from_value(json!({ "inputShape": [4], "layers": layers })).unwrap();
    let mut bench = Bench::default();
    let x = bench.leaf("x", &[2, 4], vec![0.0; 8]);
    let error = append_model(&mut bench.graph, &catalogue::resolve(&spec).unwrap(), x, Mode::Inference).err().unwrap();
    assert_eq!((error.code, error.layer_index), ("no-tokens", Some(0)));
}
