//! Explains wrong signatures: finds the change to the body or to the secrets that made one wrong.
//!
//! Only the operator reads the result. The reply never depends on it, because a sender could then
//! find out how close a forgery came.

use std::fmt::Write;

use birdhook::adapter::{Endpoint, HeadResult, Outcome, RequestHead};
use birdhook::app::SecretKind;
use bytes::Bytes;

use super::cause::variable;
use super::request_log::Observed;

/// Explains a signature that is not `sha256=` and the base64 of 32 bytes.
pub(super) fn of_malformed(request: &Observed) -> String {
    let about = |value: &Bytes| {
        let encoded = value.strip_prefix(b"sha256=").unwrap_or(value);
        if encoded.len() == 64 && encoded.iter().all(u8::is_ascii_hexdigit) {
            Some("the signature is hexadecimal, but X's signatures are base64: is it X who sends?")
        } else if encoded.len() == value.len() {
            Some("the signature does not begin with sha256=: is it X who sends?")
        } else {
            None
        }
    };
    let found = request.signatures.iter().find_map(|(_, value)| about(value));
    found.unwrap_or("the signature is not sha256= and the base64 of 32 bytes: is it X who sends?").to_owned()
}

/// Explains a signature that does not match the body.
pub(super) fn of_wrong(request: &Observed, endpoint: &Endpoint) -> String {
    let signatures = &request.signatures;
    let Some(body) = &request.body else {
        return "the signature is wrong: another app's secret, or something changed the body on the way".to_owned();
    };
    // One of two signatures is correct.
    if let [first, second] = signatures.as_slice() {
        for (right, wrong) in [(first, second), (second, first)] {
            if accepts(endpoint, std::slice::from_ref(right), body) {
                return format!(
                    "the signature made with the {} is correct, but not the one made with the {}: check {}",
                    right.0,
                    wrong.0,
                    variable(wrong.0)
                );
            }
        }
    }
    for (kind, value) in signatures {
        let other = kind.other();
        if accepts(endpoint, &[(other, value.clone())], body) {
            return format!(
                "the signature in {} was made with the secret that is configured as the {other}: {} and {} are swapped",
                kind.header(),
                variable(SecretKind::Consumer),
                variable(SecretKind::Client)
            );
        }
    }
    let found = changes(body).into_iter().find(|(body, _)| accepts(endpoint, signatures, body));
    match found {
        Some((_, Change::Serialised)) => {
            "the body was parsed and serialised again on the way: the signature matches the same JSON in another \
             format; verify or forward the original bytes, not what express.json() or a proxy makes of them"
        }
        Some((_, Change::LineBreakRemoved)) => {
            "the signature matches the body with a line break at its end, which `curl -d @FILE` removes; use \
             `curl --data-binary @FILE`"
        }
        Some((_, Change::EndAdded)) => {
            "the signature matches the body without the white space at its end: something added it on the way"
        }
        Some((_, Change::MarkAdded)) => {
            "the signature matches the body without the byte order mark at its beginning: something added it"
        }
        None if is_spaced(body) => {
            "the signature is wrong, and the body has spaces between its values, which X's bodies do not have: \
             something between X and this receiver has probably parsed and serialised it again; if not, the secret is \
             that of another app"
        }
        None if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err() => {
            "the signature is wrong, and the body is not JSON: is it X who sends? If so, something changed the body on \
             the way"
        }
        None => {
            "the signature is wrong: the secret is another app's, or not the current one, or something changed the \
             body on the way; compare the secret with the app's keys in X's developer console"
        }
    }
    .to_owned()
}

/// Returns whether the endpoint accepts these signatures of a body.
fn accepts(endpoint: &Endpoint, signatures: &[(SecretKind, Bytes)], body: &Bytes) -> bool {
    let headers = signatures.iter().map(|(kind, value)| (kind.header(), &**value));
    let HeadResult::Body(mut reader) = endpoint.begin(&RequestHead::new("POST", "/", None).with_headers(headers))
    else {
        return false;
    };
    let verified = reader.push(body.clone()).and_then(|()| reader.finish());
    verified.map_or_else(|reply| reply.outcome() == Outcome::NotAnObject, |_| true)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Serialised,
    LineBreakRemoved,
    EndAdded,
    MarkAdded,
}

/// Returns bodies that may have become this one.
fn changes(body: &Bytes) -> Vec<(Bytes, Change)> {
    let mut found = vec![(Bytes::copy_from_slice(body.trim_ascii_end()), Change::EndAdded)];
    for end in [&b"\n"[..], b"\r\n"] {
        found.push(([body, end].concat().into(), Change::LineBreakRemoved));
    }
    if let Some(rest) = body.strip_prefix("\u{feff}".as_bytes()) {
        found.push((body.slice_ref(rest), Change::MarkAdded));
    }
    if let Ok(text) = str::from_utf8(body) {
        let plain = unescaped(text.trim());
        for base in [spaced(&plain, "", ""), spaced(&plain, " ", " "), plain.clone()] {
            for escapes in [
                (false, false, false),
                (true, true, true),
                (true, true, false),
                (true, false, false),
                (false, true, false),
            ] {
                found.push((escaped(&base, escapes).into(), Change::Serialised));
            }
        }
    }
    found
}

/// Returns JSON with these texts after each comma and colon, and no other white space.
fn spaced(json: &str, after_comma: &str, after_colon: &str) -> String {
    let mut text = String::with_capacity(json.len());
    each_letter(json, |letter, in_string, _| {
        if in_string || !letter.is_ascii_whitespace() {
            text.push(letter);
        }
        match letter {
            ',' if !in_string => text += after_comma,
            ':' if !in_string => text += after_colon,
            _ => {}
        }
    });
    text
}

/// Returns whether JSON has white space between its values.
fn is_spaced(body: &[u8]) -> bool {
    let mut found = false;
    each_letter(&String::from_utf8_lossy(body.trim_ascii()), |letter, in_string, _| {
        found |= !in_string && letter.is_ascii_whitespace();
    });
    found
}

/// Calls a function with each character of JSON, and whether it is in a string and follows a
/// backslash.
fn each_letter(json: &str, mut call: impl FnMut(char, bool, bool)) {
    let (mut in_string, mut after_backslash) = (false, false);
    for letter in json.chars() {
        call(letter, in_string, after_backslash);
        if letter == '"' && !after_backslash {
            in_string = !in_string;
        }
        after_backslash = letter == '\\' && in_string && !after_backslash;
    }
}

/// Returns JSON with the characters that X may escape escaped: those outside ASCII, slashes, `<` and
/// `>`.
fn escaped(json: &str, (letters, slashes, angles): (bool, bool, bool)) -> String {
    let (mut text, mut units) = (String::with_capacity(json.len()), [0; 2]);
    each_letter(json, |letter, _, after_backslash| match letter {
        '/' if slashes && !after_backslash => text += "\\/",
        '<' | '>' if angles => _ = write!(text, "\\u{:04x}", u32::from(letter)),
        _ if letters && !letter.is_ascii() => {
            letter.encode_utf16(&mut units).iter().for_each(|unit| _ = write!(text, "\\u{unit:04x}"));
        }
        _ => text.push(letter),
    });
    text
}

/// Reverses [`escaped`].
fn unescaped(json: &str) -> String {
    let (mut text, mut rest) = (String::with_capacity(json.len()), json);
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        text += before;
        let (letter, length) = one_escape(escape);
        match letter {
            Some(letter) => text.push(letter),
            None => text += escape.get(..length).unwrap_or(escape),
        }
        rest = escape.get(length..).unwrap_or_default();
    }
    text + rest
}

/// Returns the character of an escape that [`escaped`] makes, and the length of the escape.
fn one_escape(escape: &str) -> (Option<char>, usize) {
    let unit = |from: usize| {
        let digits = escape.get(from..from + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let length = 1 + escape.chars().nth(1).map_or(0, char::len_utf8);
    if escape.starts_with("\\/") {
        return (Some('/'), length);
    }
    let Some(first) = unit(0) else { return (None, length) };
    let (units, length) = match (first, unit(6)) {
        (0xd800..=0xdbff, Some(second)) => (vec![first, second], 12),
        _ => (vec![first], 6),
    };
    let letter = char::decode_utf16(units).next().and_then(Result::ok);
    (letter.filter(|letter| !letter.is_ascii() || matches!(letter, '<' | '>')), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_another_program_serialised_again_has_the_original_among_its_changes() {
        let original = r#"{"a":"\u00e9 \ud83d\udc26 \/ \"x: y, \\","b":[1.50,{"c":null}]}"#;
        let by_javascript = r#"{"a":"é 🐦 / \"x: y, \\","b":[1.50,{"c":null}]}"#;
        let by_python = r#"{"a": "\u00e9 \ud83d\udc26 / \"x: y, \\", "b": [1.50, {"c": null}]}"#;
        let indented =
            "{\n  \"a\": \"é 🐦 / \\\"x: y, \\\\\",\n  \"b\": [\n    1.50,\n    {\n      \"c\": null\n    }\n  ]\n}\n";
        for changed in [by_javascript, by_python, indented] {
            for wanted in [original, by_javascript] {
                let bodies = changes(&Bytes::copy_from_slice(changed.as_bytes()));
                assert!(bodies.iter().any(|(body, _)| body == wanted.as_bytes()), "{changed}");
            }
        }
        let spaced = changes(&Bytes::copy_from_slice(by_javascript.as_bytes()));
        assert!(spaced.iter().any(|(body, _)| body == by_python.as_bytes()));
    }

    #[test]
    fn an_incomplete_escape_is_kept() {
        for text in [r"\", r"\u", r"\u00", r"\ud83d", r"\ud83dx", "\\é", r"\u00e"] {
            assert_eq!(unescaped(text), text);
        }
    }
}
