//! Reading the JSON files, and comparing.

use serde_json::Value;

pub fn read(name: &str) -> Value {
    let path = format!("{}/tests/keras/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

pub fn f32s(value: &Value) -> Vec<f32> {
    let values = value.as_array().unwrap_or_else(|| panic!("no array: {value}"));
    values.iter().map(|value| value.as_f64().unwrap_or_else(|| panic!("no number: {value}")) as f32).collect()
}

pub fn i32s(value: &Value) -> Vec<i32> {
    f32s(value).into_iter().map(|value| value as i32).collect()
}

pub fn shape(value: &Value) -> Vec<usize> {
    f32s(value).into_iter().map(|value| value as usize).collect()
}

/// Compares relative to the largest expected value.
pub fn assert_close(label: &str, actual: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(actual.len(), expected.len(), "{label}: length");
    let scale = expected.iter().fold(1e-3f32, |largest, value| largest.max(value.abs()));
    for (index, (a, e)) in actual.iter().zip(expected).enumerate() {
        assert!((a - e).abs() <= tolerance * scale, "{label}: element {index} is {a}, Keras gives {e}");
    }
}
