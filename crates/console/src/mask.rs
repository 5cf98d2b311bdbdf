//! Hides private values until they are revealed, and indents JSON.

use serde_json::{Map, Value};

/// Shown in place of a hidden text.
pub(crate) const HIDDEN: &str = "•••";

/// Returns an id with all but its last two characters hidden. A short id is hidden whole.
pub(crate) fn id(id: &str, reveal: bool) -> String {
    if reveal {
        return id.to_owned();
    }
    let length = id.chars().count();
    let end: String = if length > 4 { id.chars().skip(length - 2).collect() } else { String::new() };
    format!("{HIDDEN}{end}")
}

/// Returns a text, or a placeholder.
pub(crate) fn text(text: &str, reveal: bool) -> &str {
    if reveal { text } else { HIDDEN }
}

/// Hides all values but the names of members. Names with a digit may be ids and are hidden too.
pub(crate) fn json(value: Value) -> Value {
    match value {
        Value::String(_) | Value::Number(_) => Value::from(HIDDEN),
        Value::Array(items) => items.into_iter().map(json).collect(),
        Value::Object(members) => {
            let mut hidden = Map::new();
            for (number, (name, value)) in members.into_iter().enumerate() {
                let is_name = name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphabetic() || "_-.".contains(c));
                hidden.insert(if is_name { name } else { format!("{HIDDEN}{}", number + 1) }, json(value));
            }
            Value::Object(hidden)
        }
        other => other,
    }
}

/// Indents a JSON text without changing its tokens: numbers and escapes stay as X wrote them.
pub(crate) fn indented(text: &str) -> String {
    let (mut out, mut depth, mut in_string, mut is_escaped) =
        (String::with_capacity(text.len() * 2), 0_usize, false, false);
    let mut last = ' ';
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        // Deep nesting would make the text grow with the square of its length.
        out.extend(std::iter::repeat_n("  ", depth.min(32)));
    };
    for c in text.chars() {
        if in_string {
            out.push(c);
            in_string = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
            last = c;
            continue;
        }
        match c {
            ' ' | '\n' | '\r' | '\t' => continue,
            '"' => {
                if matches!(last, '{' | '[') {
                    line(&mut out, depth);
                }
                in_string = true;
                out.push(c);
            }
            '{' | '[' => {
                if matches!(last, '{' | '[') {
                    line(&mut out, depth);
                }
                depth += 1;
                out.push(c);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !matches!(last, '{' | '[') {
                    line(&mut out, depth);
                }
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                if matches!(last, '{' | '[') {
                    line(&mut out, depth);
                }
                out.push(c);
            }
        }
        last = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_json_contains_no_value_and_no_name_that_may_be_an_id() {
        let value: Value =
            serde_json::from_str(r#"{"text":"secret","n":123,"users":{"4567":{"ok":true}},"list":["a",null]}"#)
                .unwrap();
        let hidden = json(value).to_string();
        assert!(!["secret", "123", "4567", "\"a\""].iter().any(|private| hidden.contains(private)), "{hidden}");
        assert!(hidden.contains(r#""text":"•••""#) && hidden.contains("true") && hidden.contains("null"), "{hidden}");
    }

    #[test]
    fn a_hidden_id_shows_at_most_two_characters() {
        assert_eq!((id("2244994945", false).as_str(), id("1234", false).as_str()), ("•••45", "•••"));
        assert_eq!(id("1234", true), "1234");
    }

    #[test]
    fn indenting_changes_only_the_space_between_tokens() {
        let text = r#"{"a\"{":[1.0,"x, y: {",{}],"id":12345678901234567890,"e":[]}"#;
        let pretty = indented(text);
        assert_eq!(
            pretty,
            "{\n  \"a\\\"{\": [\n    1.0,\n    \"x, y: {\",\n    {}\n  ],\n  \"id\": 12345678901234567890,\n  \"e\": []\n}"
        );
        assert_eq!(indented(&pretty), pretty);
        let deep = "[".repeat(10_000);
        assert!(indented(&deep).len() < 1_000_000);
    }
}
