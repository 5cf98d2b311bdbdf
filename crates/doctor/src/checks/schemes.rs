//! Finds out how a receiver expects a delivery to be signed that refuses X's signature.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use birdhook_core::SecretKind;
use hmac::Hmac;
use serde_json::Value;
use sha1::Sha1;

use super::response_token::{Key, flawed_keys, mac, mac_with};
use crate::exchange::{RawRequest, Response, signature_header};
use crate::leak::hex;
use crate::results::RunResult;
use crate::target::{KnownSecret, Target};
use crate::vendor;

/// Headers in which other services send signatures, or that are misspelled.
const HEADERS: [&str; 14] = [
    "X-Twitter-Webhooks-Signature",
    "X-Twitter-Webhooks-Signature-OAuth2",
    "X-Hub-Signature-256",
    "X-Hub-Signature",
    "X-Signature",
    "X-Signature-256",
    "X-Signature-SHA256",
    "X-Twitter-Signature",
    "X-Twitter-Webhook-Signature",
    "X-Twitter-Webhooks-Signature-256",
    "X-Webhook-Signature",
    "X-Webhooks-Signature",
    "X-X-Webhooks-Signature",
    "Authorization",
];

/// Flaws of the secret that are tried, by a part of their description.
const FLAWS: [&str; 8] = [
    "with a line break",
    "(CR LF)",
    "with a space",
    "in quotes",
    "as in OAuth 1.0a",
    "is empty",
    "'undefined'",
    "from base64",
];

/// Another signature, and the cause and the fix if it is accepted.
struct Scheme {
    value: String,
    /// The words that follow "accepted".
    observed: String,
    cause: &'static str,
    fix: &'static str,
}

/// Returns whether the app accepted the delivery.
fn is_accepted(response: &Response) -> bool {
    response.is_success() && !response.refuses_in_words() && !vendor::is_page(response)
}

async fn accepts(target: &mut Target, request: &RawRequest) -> bool {
    let accepted = target.send(request).await.is_ok_and(|response| is_accepted(&response));
    target.missed_response = false;
    accepted
}

/// Returns the cause if a delivery with another signature is accepted.
pub(super) async fn accepted_scheme(target: &mut Target, summary: &str) -> Option<RunResult> {
    let known = target.secrets.answering.clone();
    let name = signature_header(known.kind);
    // The number of schemes does not depend on the body, which must be new for each request.
    let count = schemes(&known, "{}").len();
    for at in 0..count {
        let body = target.body("sent by birdhook doctor");
        let scheme = schemes(&known, &body).into_iter().nth(at)?;
        if accepts(target, &RawRequest::post(body).header(name, &scheme.value)).await {
            let observed = format!("{summary}; accepted {}", scheme.observed);
            return Some(RunResult::failed(observed, scheme.cause).fix(scheme.fix));
        }
    }
    other_header(target, &known, summary).await
}

async fn other_header(target: &mut Target, known: &KnownSecret, summary: &str) -> Option<RunResult> {
    let sign = |target: &mut Target, names: &[&str]| {
        let body = target.body("sent by birdhook doctor");
        let signature = format!("sha256={}", STANDARD.encode(mac(known.text.0.as_bytes(), body.as_bytes())));
        names.iter().fold(RawRequest::post(body), |request, name| request.header(name, &signature))
    };
    let own = signature_header(known.kind);
    let others: Vec<_> = HEADERS.into_iter().filter(|name| *name != own).collect();
    let all = sign(target, &others);
    if !accepts(target, &all).await {
        return None;
    }
    for name in others {
        let request = sign(target, &[name]);
        if accepts(target, &request).await {
            let observed = format!("{summary}; accepted with the header {name}");
            let cause = format!("the receiver reads the signature of the {} from another header than X's", known.kind);
            return Some(RunResult::failed(observed, cause).fix(match known.kind {
                SecretKind::Client => "read the header x-twitter-webhooks-signature-oauth2",
                SecretKind::Consumer => "read the header x-twitter-webhooks-signature",
            }));
        }
    }
    None
}

/// Returns a failure if the same delivery is accepted with a `for_user_id`.
pub(super) async fn needs_user(target: &mut Target, summary: &str) -> Option<RunResult> {
    let body = target.body("sent by birdhook doctor").replacen('{', r#"{"for_user_id":"0","#, 1);
    if !accepts(target, &target.signed(body)).await {
        return None;
    }
    let observed = format!("{summary}; accepted with for_user_id in the body");
    let cause = "the app requires for_user_id, which some of X's deliveries lack: replay_job_status, and all of the X Activity API";
    Some(RunResult::failed(observed, cause).fix("read for_user_id only if it is there, and answer 200 without it"))
}

fn schemes(known: &KnownSecret, body: &str) -> Vec<Scheme> {
    let key = known.text.0.as_bytes();
    let right = mac(key, body.as_bytes());
    let (base64, hexadecimal) = (STANDARD.encode(&right), hex(&right));
    let compared = "the signature is compared in another form than X sends";
    let form = "compare with 'sha256=' and the padded standard base64 of the digest";
    let values = [
        (format!("sha256={hexadecimal}"), "the signature in hex"),
        (hexadecimal.clone(), "the signature in hex, without 'sha256='"),
        (base64.clone(), "the signature without 'sha256='"),
        (format!("sha256={}", base64.trim_end_matches('=')), "the signature without padding"),
        (format!("sha256={}", URL_SAFE.encode(&right)), "the signature in URL-safe base64"),
        (format!("sha256={}", STANDARD.encode(&hexadecimal)), "the base64 of the hex signature"),
    ];
    let mut schemes: Vec<_> = values
        .into_iter()
        .map(|(value, observed)| Scheme { value, observed: format!("with {observed}"), cause: compared, fix: form })
        .collect();
    let sha1 = mac_with::<Hmac<Sha1>>(key, body.as_bytes());
    for value in [format!("sha1={}", hex(&sha1)), format!("sha256={}", STANDARD.encode(&sha1))] {
        let cause = "the signature is computed with HMAC-SHA1";
        schemes.push(Scheme { value, observed: "with an HMAC-SHA1".to_owned(), cause, fix: "use SHA-256 in the HMAC" });
    }
    let signed = |key: &[u8], text: &str| format!("sha256={}", STANDARD.encode(mac(key, text.as_bytes())));
    let serialized = "the app parses the JSON and verifies what it serializes again, which differs from the body";
    let raw = "verify the received bytes; parsing and serializing the JSON changes them";
    let consumed = "a middleware consumes the body before it is verified";
    let read_first = "verify the raw bytes of the body, before any middleware reads them, such as a JSON parser";
    let texts = [
        (String::new(), "the signature of an empty body", consumed, read_first),
        ("{}".to_owned(), "the signature of {}", consumed, read_first),
        ("undefined".to_owned(), "the signature of the word 'undefined'", consumed, read_first),
        (
            "[object Object]".to_owned(),
            "the signature of [object Object]",
            "the parsed body is converted to text",
            read_first,
        ),
        (spaced(body), "the signature of the JSON with spaces, as Python's json.dumps writes it", serialized, raw),
        (pretty(body), "the signature of the JSON with line breaks", serialized, raw),
        (spaced(body).replace('"', "'"), "the signature of Python's dict as text", serialized, raw),
        (
            format!("b'{body}'"),
            "the signature of Python's notation of bytes: b'...'",
            "the bytes of the body were formatted as text",
            raw,
        ),
        (Value::String(body.to_owned()).to_string(), "the signature of the body in a JSON string", serialized, raw),
        (
            format!("{body}\n"),
            "the signature of the body and a line break",
            "the body is changed before it is verified",
            raw,
        ),
        (
            STANDARD.encode(body),
            "the signature of the body in base64",
            "the body is verified in base64, as Lambda passes it",
            "decode the body if isBase64Encoded is true, and verify its bytes",
        ),
    ];
    schemes.extend(texts.into_iter().map(|(text, observed, cause, fix)| Scheme {
        value: signed(key, &text),
        observed: format!("with {observed}"),
        cause,
        fix,
    }));
    for (flaw, key) in flawed_keys(&known.text) {
        let Key::Flawed(observed, fix) = flaw else { continue };
        if FLAWS.iter().any(|part| observed.contains(part)) {
            let observed = format!("if the {}", observed.trim_start_matches("the receiver's "));
            let cause = "POST is not verified with the exact secret, though GET is answered with it";
            schemes.push(Scheme { value: signed(&key, body), observed, cause, fix });
        }
    }
    schemes
}

/// Returns the JSON as Python's `json.dumps` writes it. The doctor's bodies have no colons or commas
/// within strings.
fn spaced(body: &str) -> String {
    body.replace("\":", "\": ").replace(",\"", ", \"")
}

fn pretty(body: &str) -> String {
    let value: Option<Value> = serde_json::from_str(body).ok();
    value.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_default()
}
