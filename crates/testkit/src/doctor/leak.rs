//! What an answer must not hold.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::exchange::Answer;

/// Words that only a stack trace, a debugger's page or a crash report holds.
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

/// The answer's headers and body, as text.
pub(super) fn text(answer: &Answer) -> String {
    let headers: String = answer.headers.iter().flat_map(|(name, value)| [name, ": ", value, "\n"]).collect();
    headers + &String::from_utf8_lossy(&answer.body)
}

/// What gives away the inside of the receiver.
pub(super) fn trace(text: &str) -> Option<&'static str> {
    TRACES.iter().copied().find(|trace| text.contains(trace))
}

/// Whether the text holds a signature as base64, also with a JSON string's `\/` or a page's
/// entities, or as hex.
pub(super) fn holds_signature(text: &str, signature: &str) -> bool {
    let Some(base64) = signature.strip_prefix("sha256=") else { return false };
    let plain = text.replace("\\/", "/").replace("&#x2F;", "/").replace("&#x3D;", "=").replace("&#43;", "+");
    let hex = hex(&STANDARD.decode(base64).unwrap_or_default());
    plain.contains(base64.trim_end_matches('=')) || plain.to_ascii_lowercase().contains(&hex)
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The beginning of a text: one line, without control characters and without the secret.
pub(super) fn quote(text: &str, secret: &str) -> String {
    let text = text.replace(secret, "[the secret]");
    let printable = text.chars().map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c });
    let short: String = printable.take(100).collect();
    let dots = if text.chars().nth(100).is_some() { "..." } else { "" };
    format!("{:?}{dots}", short.trim())
}
