//! Ops that absorb an epilogue hand every element of their output to it exactly once, finished.

use chalkgrad::ir::CpuCall;
use chalkgrad::ir::interpret::run_cpu_kernel;
use chalkgrad::ops::registry;
use chalkgrad::tensor::{HostTensor, TensorType};

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
            // Garbage in the scratch must not matter either.
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
