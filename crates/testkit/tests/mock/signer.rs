//! An independent OAuth 1.0a signer, written only from RFC 5849.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The keys and secrets of a signature.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys<'a> {
    pub(crate) consumer_key: &'a str,
    pub(crate) consumer_secret: &'a str,
    pub(crate) token: &'a str,
    pub(crate) token_secret: &'a str,
}

/// Percent-encodes a text (section 3.6).
pub(crate) fn encode(text: &str) -> String {
    let is_unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let encoded = |byte| if is_unreserved(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encoded).collect()
}

/// Returns the signature of a request to `url` (section 3.4), with the parameters of its query,
/// form and header.
pub(crate) fn signature(method: &str, url: &str, parameters: &[(&str, &str)], keys: Keys<'_>) -> String {
    let mut pairs: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.sort();
    let base = format!("{method}&{}&{}", encode(url), encode(&pairs.join("&")));
    let key = format!("{}&{}", encode(keys.consumer_secret), encode(keys.token_secret));
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(base.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

type Parameters<'a> = &'a [(&'a str, &'a str)];

/// Returns the `Authorization` header (section 3.5.1), with these further parameters in the header and
/// in the rest of the request. Without a token, the header has none.
pub(crate) fn header(
    method: &str,
    url: &str,
    (in_header, elsewhere): (Parameters<'_>, Parameters<'_>),
    keys: Keys<'_>,
    (nonce, timestamp): (&str, i64),
) -> String {
    let timestamp = timestamp.to_string();
    let mut own = vec![
        ("oauth_consumer_key", keys.consumer_key),
        ("oauth_nonce", nonce),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", timestamp.as_str()),
        ("oauth_version", "1.0"),
    ];
    own.extend((!keys.token.is_empty()).then_some(("oauth_token", keys.token)));
    own.extend_from_slice(in_header);
    let signature = signature(method, url, &[own.as_slice(), elsewhere].concat(), keys);
    own.push(("oauth_signature", &signature));
    let all: Vec<String> = own.iter().map(|(name, value)| format!("{name}=\"{}\"", encode(value))).collect();
    format!("OAuth {}", all.join(", "))
}
