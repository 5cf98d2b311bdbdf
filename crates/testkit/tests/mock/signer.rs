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
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded += &format!("%{byte:02X}");
        }
    }
    encoded
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

/// Returns the `Authorization` header (section 3.5.1), with these further parameters in the header and
/// in the rest of the request. Without a token, the header has none.
pub(crate) fn header(
    method: &str,
    url: &str,
    (in_header, elsewhere): (&[(&str, &str)], &[(&str, &str)]),
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

/// The examples of X's page "Creating a signature", and of RFC 5849, sections 1.2 and 3.1.
#[test]
fn signs_like_the_published_examples() {
    let x = Keys {
        consumer_key: "xvz1evFS4wEEPTGEFPHBog",
        consumer_secret: "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
        token: "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
        token_secret: "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
    };
    let parameters = [("include_entities", "true"), ("status", "Hello Ladies + Gentlemen, a signed OAuth request!")];
    let url = "https://api.twitter.com/1.1/statuses/update.json";
    let reply =
        header("POST", url, (&[], &parameters), x, ("kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", 1_318_622_958));
    assert!(reply.contains(r#"oauth_signature="hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D""#), "{reply}");

    let printer = Keys {
        consumer_key: "dpf43f3p2l4k3l03",
        consumer_secret: "kd94hf93k423kf44",
        token: "nnch734d00sl2jdk",
        token_secret: "pfkkdhi9sl3r4s00",
    };
    let photo = [
        ("file", "vacation.jpg"),
        ("size", "original"),
        ("oauth_consumer_key", printer.consumer_key),
        ("oauth_token", printer.token),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131202"),
        ("oauth_nonce", "chapoH"),
    ];
    let signed = signature("GET", "http://photos.example.net/photos", &photo, printer);
    assert_eq!(signed, "MdpQcU8iPSUjWoN/UDMsK2sui9I=");
}
