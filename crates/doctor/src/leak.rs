//! Detection of secrets and stack traces in responses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::exchange::Response;

/// Phrases that occur only in stack traces, debug pages and crash reports.
const TRACES: &[&str] = &[
    "Traceback (most recent call last)",
    "node_modules/",
    "node:internal/",
    "at Object.<anonymous>",
    "at Function.",
    "at process.",
    "/site-packages/",
    "/dist-packages/",
    "/gems/",
    "goroutine 1",
    "runtime error: ",
    "stack backtrace",
    "RUST_BACKTRACE",
    "thread 'main' panicked",
    "panicked at ",
    "Exception in thread",
    "at java.",
    "at org.",
    "   at System.",
    "   at Microsoft.",
    "#0 /",
    "Stack trace:",
    "Werkzeug Debugger",
    "DEBUG = True",
];

pub(crate) fn text(response: &Response) -> String {
    let headers: String = response.headers.iter().flat_map(|(name, value)| [name, ": ", value, "\n"]).collect();
    headers + &String::from_utf8_lossy(&response.body)
}

pub(crate) fn trace(text: &str) -> Option<&'static str> {
    TRACES.iter().copied().find(|trace| text.contains(trace))
}

/// Returns whether the text contains a signature, in base64 (also with JSON's `\/` or HTML
/// entities) or in hex.
pub(crate) fn holds_signature(text: &str, signature: &str) -> bool {
    let Some(base64) = signature.strip_prefix("sha256=") else { return false };
    let plain = text.replace("\\/", "/").replace("&#x2F;", "/").replace("&#x3D;", "=").replace("&#43;", "+");
    let hex = hex(&STANDARD.decode(base64).unwrap_or_default());
    plain.contains(base64.trim_end_matches('=')) || plain.to_ascii_lowercase().contains(&hex)
}

/// Returns whether the text contains a secret in base64 or hex.
pub(crate) fn holds_encoded(text: &str, secret: &str) -> bool {
    let base64 = STANDARD.encode(secret);
    text.contains(base64.trim_end_matches('=')) || text.to_ascii_lowercase().contains(&hex(secret.as_bytes()))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Replaces texts that are as long as a signature by their length.
fn without_signatures(text: &str) -> String {
    let (mut clean, mut run) = (String::new(), String::new());
    let end = |run: &mut String, clean: &mut String| {
        match run.len() {
            0..40 => clean.push_str(run),
            length => *clean += &format!("[{length} characters]"),
        }
        run.clear();
    };
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '\\') {
            run.push(letter);
        } else {
            end(&mut run, &mut clean);
            clean.push(letter);
        }
    }
    end(&mut run, &mut clean);
    clean
}

/// Returns the beginning of a text, on one line, without control characters, the secrets and signatures.
pub(crate) fn quote<'a>(text: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    // Removes the secrets before shortening the text, so that no part of a secret remains.
    let text = secrets.into_iter().fold(text.to_owned(), |text, secret| {
        let (base64, hex) = (STANDARD.encode(secret), hex(secret.as_bytes()));
        [secret, &base64, &hex].into_iter().fold(text, |text, secret| text.replace(secret, "[the secret]"))
    });
    let text = without_signatures(&text);
    let printable = text.chars().map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c });
    let short: String = printable.take(100).collect();
    let dots = if text.chars().nth(100).is_some() { "..." } else { "" };
    format!("{:?}{dots}", short.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_contains_no_signature() {
        let signature = "CYVI5q7e7bzKufCD3GnZoJheSmjVRmNQo9uzO/gi4tA=";
        let quoted = quote(&format!("expected sha256={signature}"), []);
        assert_eq!(quoted, "\"expected sha256=[43 characters]=\"");
    }

    #[test]
    fn a_quote_contains_no_part_of_a_secret_and_is_escaped_once() {
        let text = format!("\"one\" {} two-secret", "x".repeat(85));
        let quoted = quote(&text, ["one-secret", "two-secret"]);
        assert!(!quoted.contains("two") && !quoted.contains("\\\\"), "{quoted}");
        assert_eq!(quote(&STANDARD.encode("one-secret"), ["one-secret"]), "\"[the secret]\"");
        assert_eq!(
            quote("one-secret and two-secret", ["one-secret", "two-secret"]),
            "\"[the secret] and [the secret]\""
        );
    }
}
