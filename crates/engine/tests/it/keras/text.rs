//! Token ids of texts against Keras's `TextVectorization`.

use chalkgrad_engine::data::{TextSpec, TextVectorization};
use serde_json::Value;

use super::support::{i32s, read, text};

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(text).collect()
}

#[test]
fn vocabularies_and_ids_are_those_of_text_vectorization() {
    let file = read("text.json");
    for case in file["cases"].as_array().unwrap() {
        let spec: TextSpec = serde_json::from_value(serde_json::json!({
            "maxTokens": case["maxTokens"], "sequenceLength": case["sequenceLength"], "split": case["split"],
        }))
        .unwrap();
        let known = texts(&case["texts"]);
        let vectorization = TextVectorization::adapt(spec, known.iter().copied());
        assert_eq!(vectorization.vocabulary.words(), texts(&case["vocabulary"]), "{spec:?}");
        let all = known.into_iter().chain(texts(&case["unseen"]));
        for (text, expected) in all.zip(case["ids"].as_array().unwrap()) {
            let mut ids = Vec::new();
            vectorization.append_ids(text, &mut ids);
            assert_eq!(ids, i32s(expected), "{spec:?} {text:?}");
        }
    }
}
