//! Every shader is valid WGSL in every variant, checked by naga, which needs no GPU.

use chalkgrad_engine::backend::gpu::lower::{Action, BufferRef, Lowered, Place, lower, places};
use chalkgrad_engine::backend::gpu::wgsl::rows;
use chalkgrad_engine::data::DatasetInfo;
use chalkgrad_engine::ir::Graph;
use chalkgrad_engine::ir::gpu::Tiling;
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::ops::registry;
use chalkgrad_engine::plan::{Plan, SlotId, SlotKind};
use chalkgrad_engine::train::model::LoadedModel;
use chalkgrad_engine::train::plans::PlanKey;

const TILINGS: [Tiling; 2] = [Tiling::Workgroup, Tiling::Registers];

fn validate(label: &str, text: &str) {
    let module = naga::front::wgsl::parse_str(text)
        .unwrap_or_else(|error| panic!("{label}: {}\n{text}", error.emit_to_string(text)));
    naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty())
        .validate(&module)
        .unwrap_or_else(|error| panic!("{label}: {}\n{text}", error.emit_to_string(text)));
}

/// Returns the buffer that a command binds. WebGPU forbids a dispatch to read and write even different ranges of one
/// buffer.
fn whole(buffer: BufferRef, places: &[Option<Place>]) -> BufferRef {
    match buffer {
        BufferRef::Slot(SlotId(slot)) => places[slot as usize].map_or(buffer, |place| BufferRef::States(place.buffer)),
        BufferRef::Packed { .. } => BufferRef::Packed { offset_words: 0, size_words: 0 },
        BufferRef::Scratch(_) | BufferRef::States(_) => buffer,
    }
}

fn check(label: &str, plan: &Plan) -> Lowered {
    let places = places(plan);
    for tiling in TILINGS {
        let lowered = lower(plan, tiling, &places).unwrap_or_else(|error| panic!("{label}: {error}"));
        lowered.shaders.iter().for_each(|text| validate(label, text));
        for command in &lowered.commands {
            match &command.action {
                Action::Dispatch { buffers, written, workgroups, .. } => {
                    assert!(buffers.len() <= 8, "{label}: {} buffers", buffers.len());
                    assert!(workgroups.iter().all(|&count| (1..=65_535).contains(&count)), "{label}: {workgroups:?}");
                    let buffers: Vec<BufferRef> = buffers.iter().map(|&buffer| whole(buffer, &places)).collect();
                    let (read, written) = buffers.split_at(buffers.len() - written);
                    let twice = written.iter().enumerate().any(|(at, own)| written[..at].contains(own));
                    assert!(
                        !twice && !written.iter().any(|own| read.contains(own)),
                        "{label}: reads and writes one buffer\n{lowered}"
                    );
                }
                Action::Copy { from, to, .. } => {
                    assert_ne!(
                        whole(*from, &places),
                        whole(*to, &places),
                        "{label}: copies within a buffer\n{lowered}"
                    );
                }
            }
        }
        let mut run: Vec<usize> = lowered.commands.iter().flat_map(|command| command.kernels.clone()).collect();
        run.sort_unstable();
        run.dedup();
        assert_eq!(run, (0..plan.kernels.len()).collect::<Vec<_>>(), "{label}: every kernel runs\n{lowered}");
    }
    lower(plan, Tiling::default(), &places).unwrap()
}

#[test]
fn every_op_has_valid_shaders() {
    let mut checked = 0;
    for entry in registry() {
        for case in (entry.cases)() {
            let mut graph = Graph::new();
            let inputs: Vec<_> = case
                .inputs
                .iter()
                .enumerate()
                .map(|(index, value)| graph.input(&format!("input{index}"), value.tensor_type().clone()).unwrap())
                .collect();
            let output = graph.apply(case.op.clone(), &inputs).unwrap();
            graph.add_output(output);
            let plan = Plan::compile(&graph, &[]).unwrap();
            checked += check(&format!("{}, {}", entry.name, case.label), &plan).shaders.len();
        }
    }
    assert!(checked > 100, "only {checked}");
}

#[test]
fn the_reference_cnn_has_valid_shaders() {
    let model = LoadedModel::new(&ModelSpec::reference_cnn(), &TrainingConfig::default(), &DatasetInfo::mnist().schema)
        .unwrap();
    for key in [PlanKey::Training(32), PlanKey::Training(250), PlanKey::Evaluation(128), PlanKey::Prediction(1)] {
        let plan = model.compile(key).unwrap();
        check(&format!("{key:?}"), &plan);
    }
}

#[test]
fn what_takes_batches_from_a_data_set_is_a_valid_shader() {
    for are_words in [false, true] {
        let (text, workgroups) = rows(784, 60_000, are_words);
        validate("rows", &text);
        assert!(workgroups.iter().all(|&count| (1..=65_535).contains(&count)), "{workgroups:?}");
    }
}

/// Checks that all weights and their optimizer states are updated in one dispatch. Weights with a penalty and weights
/// that are not trained have other formulas.
#[test]
fn updates_run_together() {
    let layers = r#"[{"type": "Conv2D", "filters": 6, "kernelSize": 5, "strides": 2, "l2": 0.001},
        {"type": "BatchNormalization"}, {"type": "Flatten"}, {"type": "Dense", "units": 20, "activation": "tanh"},
        {"type": "Dense", "units": 10, "activation": "softmax"}]"#;
    let small = serde_json::from_str(&format!(r#"{{"inputShape": [28, 28, 1], "layers": {layers}}}"#)).unwrap();
    for (spec, others) in [(ModelSpec::reference_cnn(), 0), (small, 2)] {
        for optimizer in [
            r#"{"type": "SGD", "momentum": 0}"#,
            r#"{"type": "SGD", "momentum": 0.9, "nesterov": true}"#,
            r#"{"type": "RMSprop"}"#,
            r#"{"type": "Adagrad"}"#,
            r#"{"type": "Adam"}"#,
            r#"{"type": "AdamW"}"#,
        ] {
            for (clip_norm, clip_value) in [(None, None), (Some(1.0), None), (None, Some(0.5))] {
                let optimizer_spec = serde_json::from_str(optimizer).unwrap();
                let config =
                    TrainingConfig { optimizer: optimizer_spec, clip_norm, clip_value, ..TrainingConfig::default() };
                let plan = LoadedModel::new(&spec, &config, &DatasetInfo::mnist().schema)
                    .unwrap()
                    .compile(PlanKey::Training(32))
                    .unwrap();
                let label = format!("{optimizer}, clipping {clip_norm:?} {clip_value:?}");
                let lowered = check(&label, &plan);
                let is_update = |kernel: &usize| {
                    matches!(plan.slots[plan.kernels[*kernel].output.0 as usize].kind, SlotKind::State(_))
                };
                let updates = lowered.commands.iter().filter(|command| command.kernels.iter().any(is_update)).count();
                assert!(updates <= 1 + others, "{label}: {updates} commands\n{plan}\n{lowered}");
            }
        }
    }
}
