//! The CPU kernels where users run them: WebAssembly SIMD in a browser. The same tests also run natively, which shows
//! that both give the same bits.
//!
//! `cargo xtask test` runs them in both places.

use chalkgrad_engine::ir::interpret::run_cpu_kernel;
use chalkgrad_engine::ops::registry;
use chalkgrad_engine::simd::lanes::F32x4;
use chalkgrad_engine::tensor::{HostTensor, TensorType};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::{wasm_bindgen_test as test, wasm_bindgen_test_configure};

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test_configure!(run_in_browser);

#[test]
fn kernels_match_their_references() {
    let mut compared = 0;
    for entry in registry() {
        for case in (entry.cases)() {
            let types: Vec<&TensorType> = case.inputs.iter().map(HostTensor::tensor_type).collect();
            let output_type = case.op.infer(&types).unwrap();
            let inputs: Vec<&HostTensor> = case.inputs.iter().collect();
            let Some(expected) = case.op.reference(&inputs, &output_type) else { continue };
            let actual = run_cpu_kernel(case.op.as_ref(), &inputs, &output_type);
            let scale = expected.words().iter().filter(|v| v.is_finite()).fold(1e-3f32, |most, v| most.max(v.abs()));
            for (index, (a, e)) in actual.words().iter().zip(expected.words()).enumerate() {
                assert!(
                    a.to_bits() == e.to_bits() || (a - e).abs() <= case.tolerance * scale,
                    "{} / {}: element {index} is {a}, expected {e}",
                    entry.name,
                    case.label
                );
            }
            compared += 1;
        }
    }
    assert!(compared > 100, "only {compared} cases compared");
}

#[test]
fn products_have_the_bits_that_they_have_natively() {
    let mut hash = Fnv::new();
    for entry in registry().into_iter().filter(|entry| ["matmul", "conv2d", "pool2d"].contains(&entry.name)) {
        for case in (entry.cases)() {
            let types: Vec<&TensorType> = case.inputs.iter().map(HostTensor::tensor_type).collect();
            let output_type = case.op.infer(&types).unwrap();
            let inputs: Vec<&HostTensor> = case.inputs.iter().collect();
            hash.add(run_cpu_kernel(case.op.as_ref(), &inputs, &output_type).words());
        }
    }
    // Changes with the cases and with the order of a kernel's sums; what counts is that every platform agrees.
    assert_eq!(hash.0, PRODUCTS_HASH, "{:#x}", hash.0);
}

const PRODUCTS_HASH: u64 = 0x083a_5743_1830_c925;

#[test]
fn functions_have_the_bits_that_they_have_natively() {
    let mut hash = Fnv::new();
    for step in -2000..2000 {
        let x = F32x4::splat(step as f32 * 0.05);
        let values = [x.exp(), x.abs().log(), x.tanh(), x.sigmoid(), x.abs().sqrt(), x.max(-x), x.min(-x)];
        for value in values {
            hash.add(&value.to_array());
        }
    }
    assert_eq!(hash.0, FUNCTIONS_HASH, "{:#x}", hash.0);
}

const FUNCTIONS_HASH: u64 = 0xd557_e931_7098_0bd5;

#[test]
fn functions_are_accurate() {
    for step in -400..400 {
        let x = step as f32 * 0.11 + 0.013;
        let lanes = F32x4::splat(x);
        let exact = f64::from(x);
        for (name, got, expected) in [
            ("exp", lanes.exp(), exact.exp()),
            ("log", lanes.abs().log(), exact.abs().ln()),
            ("tanh", lanes.tanh(), exact.tanh()),
        ] {
            let error = (f64::from(got.to_array()[0]) - expected).abs() / expected.abs();
            assert!(error < 3e-7, "{name}({x}) = {}, expected {expected}", got.to_array()[0]);
        }
    }
}

/// The 64-bit FNV-1a hash (Fowler, Noll, Vo) of words.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, words: &[f32]) {
        for byte in words.iter().flat_map(|word| word.to_bits().to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
