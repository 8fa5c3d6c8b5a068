//! Ops that absorb an epilogue pass every element of their output to it exactly once, finished; kernels that run in
//! parts give the bits of the whole; and no part takes long.

use chalkgrad_engine::backend::cpu::{PART_COST, parts};
use chalkgrad_engine::data::DatasetInfo;
use chalkgrad_engine::ir::interpret::run_cpu_kernel;
use chalkgrad_engine::ir::{CpuCall, KernelPart};
use chalkgrad_engine::model::builders::{conv2d, dense, flatten, max_pooling2d};
use chalkgrad_engine::model::spec::{ModelSpec, TrainingConfig};
use chalkgrad_engine::ops::registry;
use chalkgrad_engine::plan::Work;
use chalkgrad_engine::tensor::{HostTensor, TensorType};
use chalkgrad_engine::train::model::LoadedModel;
use chalkgrad_engine::train::plans::PlanKey;

#[test]
fn every_element_is_finished_once() {
    let mut checked = Vec::new();
    for entry in registry() {
        for case in (entry.cases)().into_iter().filter(|case| case.op.absorbs_epilogue()) {
            let label = format!("{} / {}", entry.name, case.label);
            let input_types: Vec<&TensorType> = case.inputs.iter().map(HostTensor::tensor_type).collect();
            let output_type = case.op.infer(&input_types).unwrap_or_else(|error| panic!("{label}: {error}"));
            let inputs: Vec<&[f32]> = case.inputs.iter().map(HostTensor::words).collect();
            let mut output = vec![f32::NAN; output_type.shape.len()];
            let mut times = vec![0; output.len()];
            // The content of the scratch must not matter either.
            let mut scratch = vec![f32::NAN; 100_000];
            case.op.cpu(&mut CpuCall {
                inputs: &inputs,
                input_types: &input_types,
                output: &mut output,
                output_type: &output_type,
                scratch: &mut scratch,
                finish: &mut |part, offset| {
                    for (index, value) in part.iter_mut().enumerate() {
                        *value = 3.0 * *value + 1.0;
                        times[offset + index] += 1;
                    }
                },
                part: KernelPart::WHOLE,
            });
            assert!(times.iter().all(|&count| count == 1), "{label}: some elements were not finished exactly once");
            let plain = run_cpu_kernel(case.op.as_ref(), &case.inputs.iter().collect::<Vec<_>>(), &output_type);
            for (finished, plain) in output.iter().zip(plain.words()) {
                assert_eq!(*finished, 3.0 * plain + 1.0, "{label}: an element changed after it was finished");
            }
            checked.push(entry.name);
        }
    }
    checked.dedup();
    assert!(["matmul", "conv2d", "pool2d"].iter().all(|name| checked.contains(name)), "checked only {checked:?}");
}

#[test]
fn parts_give_the_bits_of_the_whole() {
    let mut checked = Vec::new();
    for entry in registry() {
        for case in (entry.cases)().into_iter().filter(|case| case.op.is_divisible()) {
            let label = format!("{} / {}", entry.name, case.label);
            let input_types: Vec<&TensorType> = case.inputs.iter().map(HostTensor::tensor_type).collect();
            let output_type = case.op.infer(&input_types).unwrap_or_else(|error| panic!("{label}: {error}"));
            let inputs: Vec<&[f32]> = case.inputs.iter().map(HostTensor::words).collect();
            let run = |count: usize| {
                let mut output = vec![f32::NAN; output_type.shape.len()];
                let mut times = vec![0; output.len()];
                for index in 0..count {
                    case.op.cpu(&mut CpuCall {
                        inputs: &inputs,
                        input_types: &input_types,
                        output: &mut output,
                        output_type: &output_type,
                        // Other plans may run between two parts.
                        scratch: &mut vec![f32::NAN; 100_000],
                        finish: &mut |part, offset| {
                            for (index, value) in part.iter_mut().enumerate() {
                                *value = 3.0 * *value + 1.0;
                                times[offset + index] += 1;
                            }
                        },
                        part: KernelPart { index, count },
                    });
                }
                assert!(!case.op.absorbs_epilogue() || times.iter().all(|&count| count == 1), "{label}: {count} parts");
                output.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
            };
            let whole = run(1);
            for count in [2, 3, 7, 100] {
                assert_eq!(run(count), whole, "{label}: {count} parts");
            }
            checked.push(entry.name);
        }
    }
    checked.dedup();
    assert!(["matmul", "conv2d", "pool2d", "dropout"].iter().all(|name| checked.contains(name)), "only {checked:?}");
}

/// Bounds the parts of a CNN of twice the reference's width on 1,000 images at a time: 64 MFLOP per image and step.
#[test]
fn kernels_of_huge_batches_run_in_small_parts() {
    let layers = vec![
        conv2d(64, 3).activation("relu"),
        max_pooling2d(2),
        conv2d(128, 3).activation("relu"),
        max_pooling2d(2),
        conv2d(128, 3).activation("relu"),
        flatten(),
        dense(128).activation("relu"),
        dense(10).activation("softmax"),
    ];
    let model = ModelSpec { name: None, input_shape: vec![28, 28, 1], layers };
    let model = LoadedModel::new(&model, &TrainingConfig::default(), &DatasetInfo::mnist().schema).unwrap();
    for key in [PlanKey::Training(1000), PlanKey::Evaluation(1000), PlanKey::Prediction(1000)] {
        let plan = model.compile(key).unwrap();
        let (mut total, mut largest, mut most) = (0, 0, 1);
        for kernel in &plan.kernels {
            let Work::Op { op, inputs, .. } = &kernel.work else { continue };
            let types: Vec<&TensorType> = inputs.iter().map(|(_, input)| input).collect();
            let (flops, count) = (op.flops(&types, &kernel.output_type), parts(kernel, &plan.slots));
            // Reductions only read their input, and read it once.
            assert!(op.is_divisible() || flops <= PART_COST, "{}: {flops} operations at once", op.name());
            total += flops;
            largest = largest.max(flops / count as u64);
            most = most.max(count);
        }
        println!("{key:?}: {total} operations, at most {largest} at a time; a kernel runs in up to {most} parts");
        assert!(largest <= PART_COST);
        assert!(most > 40, "the largest kernel is divided");
    }
}
