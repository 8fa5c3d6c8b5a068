//! Explanations of layers: their derivations give the numbers that the engine computes, and their rules the shapes.

use chalkgrad_engine::backend::cpu::CpuBackend;
use chalkgrad_engine::data::{Dataset, DatasetInfo};
use chalkgrad_engine::model::catalogue::Source;
use chalkgrad_engine::model::formula::{Derivation, Step, Trace, place};
use chalkgrad_engine::model::spec::ModelSpec;
use chalkgrad_engine::protocol::ArrayData;
use chalkgrad_engine::random::Philox;
use chalkgrad_engine::train::Session;

const MODELS: &[&str] = &[
    r#"[{"type": "Conv2D", "filters": 5, "kernelSize": [3, 2], "activation": "relu"}, {"type": "MaxPooling2D", "poolSize": 3, "padding": "same"},
        {"type": "Conv2D", "filters": 4, "kernelSize": 3, "strides": [2, 1], "padding": "same", "activation": "tanh"},
        {"type": "AveragePooling2D", "poolSize": [3, 2], "strides": [2, 2], "padding": "same"}, {"type": "BatchNormalization"},
        {"type": "Activation", "activation": "elu"}, {"type": "Dropout", "rate": 0.5}, {"type": "Flatten"},
        {"type": "Dense", "units": 12, "activation": "gelu"}, {"type": "Dense", "units": 10, "activation": "softmax"}]"#,
    r#"[{"type": "Conv2D", "filters": 3, "kernelSize": 3, "dilationRate": [4, 2], "useBias": false, "activation": "softmax"},
        {"type": "AveragePooling2D"}, {"type": "BatchNormalization", "scale": false, "center": false},
        {"type": "Activation", "activation": "softplus"}, {"type": "MaxPooling2D", "poolSize": [2, 3], "strides": 1},
        {"type": "Conv2D", "filters": 16, "kernelSize": 1, "activation": "leaky_relu"}, {"type": "GlobalAveragePooling2D"},
        {"type": "Dense", "units": 10, "useBias": false, "activation": "sigmoid"}, {"type": "Activation", "activation": "swish"}]"#,
    r#"[{"type": "AveragePooling2D", "poolSize": 4}, {"type": "Conv2D", "filters": 3, "kernelSize": 3, "padding": "same", "name": "a"},
        {"type": "Conv2D", "filters": 3, "kernelSize": 1, "inputs": ["average_pooling2d"], "activation": "sigmoid", "name": "b"},
        {"type": "Add", "inputs": ["a", "b", "a", "average_pooling2d"]}, {"type": "Multiply", "inputs": ["add", "b"]},
        {"type": "GlobalAveragePooling2D"}, {"type": "Multiply", "inputs": ["a", "global_average_pooling2d"]},
        {"type": "Concatenate", "inputs": ["multiply_1", "b", "average_pooling2d"]}, {"type": "Concatenate", "axis": 1, "inputs": ["concatenate", "concatenate"]},
        {"type": "Concatenate", "axis": 2, "inputs": ["concatenate_1", "concatenate_1"]},
        {"type": "Flatten"}, {"type": "Dense", "units": 10}]"#,
    r#"[{"type": "AveragePooling2D", "poolSize": 4}, {"type": "Conv2D", "filters": 3, "kernelSize": 3}, {"type": "ZeroPadding2D", "padding": [[1, 0], [2, 3]]},
        {"type": "Cropping2D", "cropping": [[1, 0], [1, 0]]}, {"type": "UpSampling2D", "size": [2, 1]}, {"type": "Permute", "dims": [2, 3, 1]},
        {"type": "LayerNormalization"}, {"type": "LayerNormalization", "scale": false, "center": false}, {"type": "Rescaling", "scale": 2, "offset": -0.5},
        {"type": "SpatialDropout2D", "rate": 0.5}, {"type": "GaussianNoise", "stddev": 0.5},
        {"type": "DepthwiseConv2D", "kernelSize": [2, 1], "depthMultiplier": 2, "activation": "relu"}, {"type": "Dense", "units": 4, "activation": "softmax"},
        {"type": "Conv2DTranspose", "filters": 2, "kernelSize": [3, 2], "strides": [2, 3], "activation": "tanh"},
        {"type": "Conv2DTranspose", "filters": 3, "kernelSize": 3, "strides": 2, "padding": "same", "useBias": false},
        {"type": "GlobalMaxPooling2D"}, {"type": "Dense", "units": 10}]"#,
    r#"[{"type": "RandomTranslation", "heightFactor": 0.1, "widthFactor": 0.1}, {"type": "RandomRotation", "factor": 0.1}, {"type": "RandomZoom", "heightFactor": 0.1},
        {"type": "RandomFlip"}, {"type": "RandomContrast", "factor": 0.2}, {"type": "AveragePooling2D", "poolSize": 4},
        {"type": "SeparableConv2D", "filters": 4, "kernelSize": [3, 2], "depthMultiplier": 2, "activation": "relu"}, {"type": "LayerNormalization", "axis": [1, 3]},
        {"type": "SeparableConv2D", "filters": 3, "kernelSize": 2, "strides": 2, "padding": "same", "useBias": false}, {"type": "LayerNormalization", "axis": 2, "scale": false},
        {"type": "UpSampling2D", "size": [2, 3], "interpolation": "bilinear"}, {"type": "LayerNormalization", "axis": [1, 2, 3]},
        {"type": "Conv2DTranspose", "filters": 2, "kernelSize": 3, "strides": [2, 3], "outputPadding": [1, 2]},
        {"type": "Conv2DTranspose", "filters": 2, "kernelSize": [3, 2], "strides": 2, "padding": "same", "outputPadding": [0, 1]},
        {"type": "GlobalMaxPooling2D"}, {"type": "Dense", "units": 10, "activation": "softmax"}]"#,
    r#"[{"type": "Reshape", "targetShape": [28, -1]}, {"type": "Conv1D", "filters": 4, "kernelSize": 3, "padding": "causal", "dilationRate": 2, "activation": "relu"},
        {"type": "MaxPooling1D"}, {"type": "Conv1D", "filters": 3, "kernelSize": 3, "strides": 2, "padding": "same"}, {"type": "AveragePooling1D", "poolSize": 3, "padding": "same"},
        {"type": "Dense", "units": 5, "activation": "tanh"}, {"type": "GlobalAveragePooling1D", "name": "mean"}, {"type": "GlobalMaxPooling1D", "inputs": ["dense"], "name": "most"},
        {"type": "Concatenate", "inputs": ["mean", "most"]}, {"type": "Dense", "units": 10}]"#,
    r#"[{"type": "Reshape", "targetShape": [28, 28]}, {"type": "SimpleRNN", "units": 6, "returnSequences": true, "dropout": 0.5},
        {"type": "LSTM", "units": 5, "returnSequences": true, "goBackwards": true}, {"type": "GRU", "units": 4, "returnSequences": true, "useBias": false},
        {"type": "GRU", "units": 5, "returnSequences": true, "resetAfter": false, "activation": "relu"}, {"type": "GRU", "units": 4, "goBackwards": true, "name": "gru_back"},
        {"type": "LSTM", "units": 3, "useBias": false, "recurrentActivation": "tanh", "inputs": ["gru_1"]}, {"type": "Concatenate", "inputs": ["gru_back", "lstm_1"]},
        {"type": "Reshape", "targetShape": [7, 1]}, {"type": "Bidirectional", "layer": {"type": "GRU", "units": 3, "returnSequences": true}, "mergeMode": "ave"},
        {"type": "Bidirectional", "layer": {"type": "LSTM", "units": 2, "returnSequences": true, "useBias": false}}, {"type": "Bidirectional", "layer": {"type": "SimpleRNN", "units": 4}, "mergeMode": "mul"},
        {"type": "Dense", "units": 10}]"#,
];

fn session(layers: &str) -> Session {
    let spec: ModelSpec = serde_json::from_str(&format!("{{\"layers\": {layers}}}")).unwrap();
    let mut session = Session::with(Box::new(CpuBackend::new()), Dataset::new(DatasetInfo::mnist()), spec).unwrap();
    // Random values, so that biases and statistics matter.
    let mut random = Philox::new(3, 0);
    for name in session.tensor_names() {
        if !name.contains(' ') && !name.ends_with("kernel") {
            let length = session.tensor(&name).unwrap().words().len();
            session.set_tensor(&name, (0..length).map(|_| 0.5 + random.uniform()).collect()).unwrap();
        }
    }
    session
}

fn function(name: &str, z: f64) -> f64 {
    let sigmoid = 1.0 / (1.0 + (-z).exp());
    match name {
        "relu" => z.max(0.0),
        "leaky_relu" => z.max(0.2 * z),
        "elu" => {
            if z > 0.0 {
                z
            } else {
                z.exp_m1()
            }
        }
        "sigmoid" => sigmoid,
        "tanh" => z.tanh(),
        "softplus" => z.exp().ln_1p(),
        "swish" => z * sigmoid,
        // The tanh approximation (Hendrycks and Gimpel 2016), within 5e-4 of it.
        "gelu" => 0.5 * z * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (z + 0.044_715 * z.powi(3))).tanh()),
        other => panic!("{other}"),
    }
}

#[test]
fn derivations_give_the_numbers_that_the_engine_computes() {
    let mut random = Philox::new(9, 1);
    let image: Vec<u8> = (0..784).map(|_| random.below(256) as u8).collect();
    let pixels: Vec<f32> = image.iter().map(|pixel| f32::from(*pixel) / 255.0).collect();
    let image = ArrayData::U8(image);
    for layers in MODELS {
        let mut session = session(layers);
        let mut outputs: Vec<Vec<f32>> = Vec::new();
        for layer in session.layers().to_vec() {
            let input: Vec<f32> = layer
                .inputs
                .iter()
                .flat_map(|source| match source {
                    Source::Input => pixels.clone(),
                    Source::Layer(at) => outputs[*at].clone(),
                })
                .collect();
            let output_name = format!("{}.output", layer.name);
            let names: Vec<String> = [output_name.clone()]
                .into_iter()
                .chain(layer.weights.iter().map(|weight| format!("{}.{}", layer.name, weight.name)))
                .collect();
            assert!(session.prepare_inspection(&image, &names).unwrap());
            let tensors: Vec<Vec<f32>> = session
                .inspect(&image, &names)
                .unwrap()
                .into_iter()
                .map(|tensor| tensor.unwrap().into_words())
                .collect();
            let weight = |name: &str| -> &[f32] {
                let own = format!("{}.{name}", layer.name);
                names.iter().position(|name| *name == own).map_or(&[], |at| &tensors[at])
            };
            let derivation = |at: usize| -> (Derivation, Trace) {
                let derivation = layer.derivation(at);
                let trace = derivation.trace(&input, &weight);
                (derivation, trace)
            };
            let units = *layer.output_shape.last().unwrap();
            for (at, &expected) in tensors[0].iter().enumerate() {
                let (own, trace) = derivation(at);
                let z = f64::from(trace.last());
                let value = match own.steps.last() {
                    Some(Step::Function(name)) => function(name, z),
                    Some(Step::Softmax) => {
                        let first = at / units * units;
                        let all = (first..first + units).map(|at| f64::from(derivation(at).1.last()).exp());
                        z.exp() / all.sum::<f64>()
                    }
                    _ => z,
                };
                assert!(
                    (value - f64::from(expected)).abs() < 1e-3 * (1.0 + value.abs()),
                    "{} at {:?}: {value}, but the engine says {expected}",
                    layer.name,
                    place(&layer.output_shape, at)
                );
            }
            outputs.push(tensors[0].clone());
        }
    }
}

#[test]
fn shape_rules_end_in_the_shape_and_formulas_name_their_tensors() {
    for layers in MODELS {
        for layer in session(layers).layers() {
            let rules = layer.layer_type.shape_rule(&layer.settings, &layer.input_shapes, &layer.output_shape);
            let ends: Vec<usize> = rules.iter().map(|rule| rule.rsplit(' ').next().unwrap().parse().unwrap()).collect();
            assert_eq!(ends, layer.output_shape, "{}: {rules:?}", layer.name);
            let formula = layer.formula();
            assert!(!formula.forward.is_empty() && !formula.backward.is_empty(), "{}", layer.name);
            assert_eq!(formula.symbols.last().unwrap(), &("y", layer.output_shape.clone()));
        }
    }
    let conv = &session(MODELS[0]).layers()[2].clone();
    let rules = conv.layer_type.shape_rule(&conv.settings, &conv.input_shapes, &conv.output_shape);
    assert_eq!(rules, ["⌈9 / 2⌉ = 5", "⌈9 / 1⌉ = 9", "filters = 4"]);
    let formula = conv.formula();
    assert_eq!(formula.forward[0], r"z_{i,j,k} = b_k + \sum_{u,v,c} x_{2i+u-1,j+v-1,c}\,w_{u,v,c,k}");
}
