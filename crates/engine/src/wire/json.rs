//! [`Value`]s as JSON text.

use super::Value;
use crate::error::{Error, Result};

/// Lists and records inside one another, at most: what is nested deeper was made to break whoever reads it.
const MAX_DEPTH: usize = 32;

/// A value as JSON.
///
/// # Errors
/// `bad-message`, which no value causes that holds finite numbers.
pub fn to_json(value: &Value) -> Result<String> {
    serde_json::to_string(&native::Plain(value)).map_err(|error| bad(&error.to_string()))
}

mod native {
    use serde::{Serialize, Serializer};

    use super::Value;

    /// A value whose whole numbers are written as such, `3` and not `3.0`: that is what a browser writes, and other
    /// programs want to read.
    pub(super) struct Plain<'a>(pub &'a Value);

    impl Serialize for Plain<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self.0 {
                Value::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                    serializer.serialize_i64(*number as i64)
                }
                Value::List(values) => serializer.collect_seq(values.iter().map(Plain)),
                Value::Record(fields) => {
                    serializer.collect_map(fields.iter().map(|(name, value)| (name, Plain(value))))
                }
                other => other.serialize(serializer),
            }
        }
    }
}

/// The value of a JSON text.
///
/// # Errors
/// `bad-message` if it is none, or nested too deeply.
pub fn from_json(text: &str) -> Result<Value> {
    if depth(text) > MAX_DEPTH {
        return Err(bad("lists inside lists without end"));
    }
    serde_json::from_str(text).map_err(|error| bad(&error.to_string()))
}

fn bad(got: &str) -> Error {
    Error::new("bad-message", "JSON").expected("JSON text").got(got)
}

/// How many lists and records are open at once, at most.
fn depth(text: &str) -> usize {
    let (mut open, mut deepest, mut is_text, mut is_escaped) = (0usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            _ if is_text => {}
            b'[' | b'{' => {
                open += 1;
                deepest = deepest.max(open);
            }
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_in_order() {
        let text = r#"{"b":[1,2.5,-3e-7],"a":{"flag":true,"none":null,"text":"[{\"["}}"#;
        let value = from_json(text).unwrap();
        assert_eq!(from_json(&to_json(&value).unwrap()).unwrap(), value);
        assert_eq!(to_json(&value).unwrap(), text);
        let Value::Record(fields) = value else { panic!() };
        assert_eq!(fields.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["b", "a"]);
    }

    #[test]
    fn what_is_no_json_or_nested_without_end_is_refused() {
        let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        from_json(&deep(MAX_DEPTH)).unwrap();
        for text in [String::new(), "{".to_owned(), "nonsense".to_owned(), deep(MAX_DEPTH + 1), deep(1_000_000)] {
            assert_eq!(from_json(&text).unwrap_err().code, "bad-message");
        }
        assert_eq!(depth(r#"["[[[\"[", "\\"]"#), 1);
    }
}
