//! Texts to copy: a delivery as a command or as a test fixture. Never with X's signature, which
//! would be a delivery that can be replayed.

use birdhook_core::{ApiSource, Secret, SecretKind, signature};
use serde_json::json;

use crate::entry::Entry;

/// The secret that signs copies by default. Public: never configure it in production.
pub(crate) const TEST_SECRET: &str = "birdhook-test-secret";

/// The URL to which copied commands send deliveries.
const ORIGIN: &str = "http://127.0.0.1:8080";

/// Returns the command that sends a generated event of the same kind. `None` if no event was read.
pub(crate) fn trigger(entry: &Entry, reveal: bool) -> Option<String> {
    let event = entry.events().first()?;
    let api = match event.api {
        ApiSource::AccountActivity => " --api aaa",
        ApiSource::XActivity => " --api xaa",
        _ => "",
    };
    let user = event.subscriber.as_deref().filter(|_| reveal).map(|id| format!(" --user {}", word(id)));
    let name = if event.name.is_empty() { event.kind.as_str() } else { &event.name };
    Some(format!("birdhook trigger {} {}{api}{}", url(entry), word(name), user.unwrap_or_default()))
}

/// Returns a command that sends this body, signed with the test secret.
pub(crate) fn curl(entry: &Entry, body: &str, secret: &Secret) -> String {
    let (header, value) = signed(entry, body, secret);
    format!(
        "curl -i -H 'content-type: application/json' -H '{header}: {value}' --data-binary {} {}",
        word(body),
        url(entry)
    )
}

/// Returns one line of a recording, which `birdhook replay` and the test kit read.
pub(crate) fn fixture(entry: &Entry, body: &str, secret: &Secret) -> String {
    let (header, value) = signed(entry, body, secret);
    json!({
        "time": entry.time.to_string(),
        "method": "POST",
        "target": &*entry.request.path,
        "headers": [["content-type", "application/json"], [header, value]],
        "body": body,
    })
    .to_string()
}

/// Returns the header of the kind that X signed with, and the signature by the test secret.
fn signed(entry: &Entry, body: &str, secret: &Secret) -> (&'static str, String) {
    let kind = entry.verified.as_ref().and_then(|verified| verified.signed_with).unwrap_or(SecretKind::Consumer);
    (kind.header(), signature::sign(secret, body.as_bytes()))
}

fn url(entry: &Entry) -> String {
    word(&format!("{ORIGIN}{}", entry.request.path))
}

/// Returns a text as one word of a shell.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
    // curl reads a body that begins with @ from a file.
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_cannot_end_the_quotes() {
        assert_eq!(word("like.create"), "like.create");
        assert_eq!(word("a'; rm -rf ~; '"), r"'a'\''; rm -rf ~; '\'''");
        assert_eq!((word(""), word("-x")), ("''".to_owned(), "'-x'".to_owned()));
    }
}
