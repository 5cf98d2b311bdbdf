//! Finds a text in a body.

use serde_json::Value;

/// Returns whether a body contains a text, in a name, a value or its JSON, in upper or lower case.
pub(crate) fn contains(body: &[u8], text: &str) -> bool {
    let text = text.to_lowercase();
    let Ok(body) = std::str::from_utf8(body) else { return false };
    let is_in = |part: &str| part.to_lowercase().contains(&text);
    // X escapes characters in some bodies.
    is_in(body) || (body.contains('\\') && serde_json::from_str(body).is_ok_and(|value| in_strings(&value, &is_in)))
}

fn in_strings(value: &Value, is_in: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is_in(text),
        Value::Array(values) => values.iter().any(|value| in_strings(value, is_in)),
        Value::Object(members) => members.iter().any(|(name, value)| is_in(name) || in_strings(value, is_in)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_found_in_either_case_and_behind_escapes() {
        let body = br#"{"text":"Caf\u00e9 \"Bees\"","list":[{"id_str":"42"}]}"#;
        for text in ["caf\u{e9}", "CAF\u{c9}", "\"bees\"", "ID_STR", "42"] {
            assert!(contains(body, text), "{text}");
        }
        assert!(!contains(body, "wasp") && !contains(b"\xff", "\u{ff}"));
    }
}
