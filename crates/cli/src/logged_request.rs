//! Finds bodies inside requests that other tools logged.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook_testkit::Recorded;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Maximum number of wrappers around a body.
const MAX_DEPTH: usize = 4;

/// A request as logged by n8n, Lambda, API Gateway and similar tools.
#[derive(Deserialize)]
struct LoggedRequest<'a> {
    #[serde(borrow)]
    headers: Option<&'a RawValue>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    /// The messages of an event that SQS sends to Lambda.
    #[serde(borrow, rename = "Records")]
    records: Option<&'a RawValue>,
    #[serde(borrow, rename = "messageId")]
    message_id: Option<&'a RawValue>,
    #[serde(default, rename = "isBase64Encoded")]
    is_base64: Option<bool>,
}

/// Reads a line of a recording.
pub(crate) fn recorded(json: &Bytes) -> Option<Recorded> {
    str::from_utf8(json).ok()?.parse().ok()
}

/// Returns the bodies in a logged request or in a list of them. Each has a description of its
/// wrapper. `None` if the JSON is neither.
pub(crate) fn bodies(json: &Bytes) -> Option<Vec<(Bytes, String)>> {
    unwrap_bodies(json, MAX_DEPTH)
}

fn unwrap_bodies(json: &Bytes, depth: usize) -> Option<Vec<(Bytes, String)>> {
    let depth = depth.checked_sub(1)?;
    let text = str::from_utf8(json).ok()?.trim_start();
    if text.starts_with('"') {
        let inside = Bytes::from(serde_json::from_str::<String>(text).ok()?);
        let source = "a JSON string";
        return match unwrap_bodies(&inside, depth) {
            Some(bodies) => {
                Some(bodies.into_iter().map(|(body, inner)| (body, format!("{inner} in {source}"))).collect())
            }
            None => inside.trim_ascii_start().starts_with(b"{").then(|| vec![(inside, source.to_owned())]),
        };
    }
    if text.starts_with('[') {
        let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
        let mut found = Vec::new();
        for (at, element) in elements.iter().enumerate() {
            let element = json.slice_ref(element.get().as_bytes());
            let position = format!("element {at} of a list");
            match unwrap_bodies(&element, depth) {
                Some(bodies) => {
                    found.extend(bodies.into_iter().map(|(body, source)| (body, format!("{source} in {position}"))));
                }
                None if element.starts_with(b"{") => found.push((element, position)),
                None => return None,
            }
        }
        return (!found.is_empty()).then_some(found);
    }
    let request: LoggedRequest<'_> = serde_json::from_str(text).ok()?;
    if let Some(records) = request.records {
        let bodies = unwrap_bodies(&json.slice_ref(records.get().as_bytes()), depth)?;
        return Some(bodies.into_iter().map(|(body, source)| (body, format!("{source} of `Records`"))).collect());
    }
    let is_request = request.headers.is_some() || request.is_base64.is_some() || request.message_id.is_some();
    let has_members = |value: &&RawValue| value.get().len() > 2;
    let (member, value) = match (request.body.filter(has_members), request.params.filter(has_members)) {
        _ if !is_request => return None,
        (Some(body), _) => ("body", body),
        (None, Some(params)) => ("params", params),
        (None, None) => return None,
    };
    let (body, source) = match serde_json::from_str::<String>(value.get()) {
        Ok(text) if request.is_base64 == Some(true) => {
            (Bytes::from(STANDARD.decode(text).ok()?), format!("the base64 `{member}` of a logged request"))
        }
        Ok(text) => (Bytes::from(text), format!("the `{member}` of a logged request")),
        Err(_) => (json.slice_ref(value.get().as_bytes()), format!("the `{member}` of a logged request")),
    };
    let deeper = unwrap_bodies(&body, depth);
    Some(deeper.map_or_else(
        || vec![(body, source.clone())],
        |bodies| bodies.into_iter().map(|(body, inner)| (body, format!("{inner} in {source}"))).collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Vec<String>> {
        let found = bodies(&Bytes::copy_from_slice(json.as_bytes()))?;
        Some(found.into_iter().map(|(body, _)| String::from_utf8(body.to_vec()).unwrap()).collect())
    }

    #[test]
    fn the_body_of_a_logged_request_is_found() {
        let body = r#"{"for_user_id":"1"}"#;
        let quoted = serde_json::to_string(body).unwrap();
        let encoded = STANDARD.encode(body);
        for json in [
            format!(r#"[{{"headers":{{}},"params":{{}},"query":{{}},"body":{body}}}]"#),
            format!(r#"{{"headers":{{"a":"b"}},"params":{body}}}"#),
            format!(r#"{{"body":{quoted},"headers":{{}},"isBase64Encoded":false}}"#),
            format!(r#"{{"isBase64Encoded":true,"body":"{encoded}"}}"#),
            format!(r#"[{{"headers":{{}},"body":{{"headers":{{}},"body":{quoted}}}}}]"#),
            format!("[{body}]"),
            format!(r#"{{"Records":[{{"messageId":"1","body":{quoted},"eventSource":"aws:sqs"}}]}}"#),
            quoted.clone(),
        ] {
            assert_eq!(read(&json), Some(vec![body.to_owned()]), "{json}");
        }
    }

    #[test]
    fn other_json_is_not_a_logged_request() {
        for json in [
            r#"{"for_user_id":"1"}"#,
            r#"{"body":{"a":1}}"#,
            "[]",
            "[1]",
            "7",
            r#""text""#,
            r#"{"Records":[]}"#,
            r#"{"headers":{}}"#,
            "{",
        ] {
            assert_eq!(read(json), None, "{json}");
        }
        let deep = format!("{}{{}}{}", "[".repeat(9), "]".repeat(9));
        assert_eq!(read(&deep), None);
    }
}
